import { describe, expect, it } from 'vitest'
import type { TestModule } from 'vitest/node'
import { summarize, summaryLine } from './summaryReporter.ts'

function moduleOf(states: readonly string[], ok: boolean): TestModule {
  const tests = states.map((state) => ({ result: () => ({ state }) }))
  return { ok: () => ok, children: { allTests: () => tests } } as unknown as TestModule
}

describe('the last line of npm test', () => {
  it('counts tests by outcome', () => {
    const modules = [moduleOf(['passed', 'failed', 'passed'], false), moduleOf(['passed', 'skipped'], true)]
    expect(summaryLine(summarize(modules, []))).toBe('3 passed, 1 failed, 1 skipped')
  })

  it('counts a file that fails to load as one failure', () => {
    expect(summaryLine(summarize([moduleOf([], false), moduleOf(['passed'], true)], []))).toBe(
      '1 passed, 1 failed',
    )
  })

  it('counts a file whose tests pass and whose clean-up fails as one failure', () => {
    expect(summaryLine(summarize([moduleOf(['passed'], false)], []))).toBe('1 passed, 1 failed')
  })

  it('counts a test that never finished, and an error outside of any test, as failures', () => {
    expect(summaryLine(summarize([moduleOf(['pending'], false)], [new Error('late')]))).toBe(
      '0 passed, 2 failed',
    )
  })
})
