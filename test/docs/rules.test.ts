import { describe, expect, it } from 'vitest'
import { collect, definedIn, mentionedIn } from './ruleIds.ts'

// This folder quotes ids that exist nowhere.
const tests = collect(['test/*.ts', 'test/!(docs)/**/*.ts'], mentionedIn)
const code = collect(['lib/**/*.ts', 'signaling/**/*.ts', 'examples/**/*.ts'], mentionedIn)
const defined = collect('docs/protocol/*.md', definedIn)
const documents = collect(['docs/**/*.md', 'README.md', 'CONTRIBUTING.md'], mentionedIn)

describe('the rules of docs/protocol', () => {
  it('are each defined once', () => {
    const places = new Map<string, string[]>()
    for (const { id, where } of defined) places.set(id, [...(places.get(id) ?? []), where])
    const repeated = [...places].filter(([, all]) => all.length > 1)
    expect(repeated.map(([id, all]) => `${id}: ${all.join(', ')}`)).toEqual([])
  })

  it('are defined where tests, code or documents quote them', () => {
    const known = new Set(defined.map(({ id }) => id))
    const unknown = [...tests, ...code, ...documents].filter(({ id }) => !known.has(id))
    expect(unknown.map(({ id, where }) => `${id} in ${where}`)).toEqual([])
  })

  it('are quoted by the tests that prove them', ({ annotate }) => {
    const quoted = new Set(tests.map(({ id }) => id))
    const unquoted = defined.map(({ id }) => id).filter((id) => !quoted.has(id))
    // Not every rule can have a test of its own: some say what a field means. Shown, not enforced.
    void annotate(
      `${defined.length - unquoted.length} of ${defined.length}; none quotes ${unquoted.join(', ')}`,
    )
    expect(quoted.size).toBeGreaterThan(0)
  })
})

describe('an id', () => {
  it('defines a rule where it leads a heading, an item, a row, a bold phrase or a paragraph', () => {
    const text = [
      '# Part',
      '',
      '[ABC-1] One.',
      '- [ABC-2] Two.',
      '**[ABC-3] Three.**',
      '## [ABC-4]',
      '| [ABC-5] |',
    ]
    expect(definedIn(text.join('\n'), 'x.md').map(({ id }) => id)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `ABC-${n}`),
    )
  })

  it('refers to a rule anywhere else, also where prose happens to wrap before it', () => {
    expect(definedIn('As in [ABC-1] and in\n[ABC-2] too', 'x.md')).toEqual([])
  })
})
