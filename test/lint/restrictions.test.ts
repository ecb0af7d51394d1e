import { Linter } from 'eslint'
import { describe, expect, it } from 'vitest'
import {
  ambientGlobalsRule,
  ambientImportsRule,
  ambientPropertiesRule,
  ambientSyntaxRule,
  deterministicMathRule,
} from '../../scripts/lint/restrictions.ts'

function refused(code: string, rules: Linter.RulesRecord): boolean {
  const messages = new Linter().verify(code, { rules })
  expect(messages.filter((message) => message.fatal)).toEqual([])
  return messages.length > 0
}

describe('no ambient clock, no ambient chance', () => {
  const rules: Linter.RulesRecord = {
    'no-restricted-globals': ['error', ...ambientGlobalsRule],
    'no-restricted-properties': ['error', ...ambientPropertiesRule],
    'no-restricted-syntax': ['error', ...ambientSyntaxRule],
    'no-restricted-imports': ['error', ambientImportsRule],
  }

  it.each([
    'Date.now()',
    'new Date()',
    'Date()',
    'performance.now()',
    'setTimeout(f, 1)',
    'globalThis.setInterval(f, 1)',
    'AbortSignal.timeout(5)',
    'Math.random()',
    'crypto.getRandomValues(bytes)',
    `import { setTimeout } from 'node:timers/promises'`,
    `import { randomBytes } from 'node:crypto'`,
  ])('refuses %s', (code) => {
    expect(refused(code, rules)).toBe(true)
  })

  it.each([
    'clock.now()',
    'new Date(clock.wallTime())',
    'random.bytes(8)',
    `import { sign } from 'node:crypto'`,
  ])('lets %s pass', (code) => {
    expect(refused(code, rules)).toBe(false)
  })
})

describe('arithmetic that is the same in every engine', () => {
  const rules: Linter.RulesRecord = { 'no-restricted-syntax': ['error', ...deterministicMathRule] }

  it.each(['Math.sin(x)', 'Math.hypot(x, y)', 'Math.pow(x, 2)', 'x ** 2', 'x **= 2', 'const { cos } = Math'])(
    'refuses %s',
    (code) => {
      expect(refused(code, rules)).toBe(true)
    },
  )

  it.each(['Math.sqrt(x * x)', 'Math.round(x)', '2 * Math.PI * x', 'x * x'])('lets %s pass', (code) => {
    expect(refused(code, rules)).toBe(false)
  })
})
