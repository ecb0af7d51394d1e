import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { limits, type Checksum, type LoadOrder, type Mod } from '../../lib/protocol/index.ts'
import {
  compareLoadOrders,
  describeFinding,
  describeVerdict,
  findingSchema,
  findingsWithin,
  type Finding,
} from '../../lib/session/index.ts'

const strict = { modsOptioning: false }
const optioning = { modsOptioning: true }

function mod(name: string, more: Partial<Mod> = {}): Mod {
  return { package: name.toLowerCase(), name, optional: false, ...more }
}

function order(mods: readonly (Mod | string)[], dlcs: string[] = []): LoadOrder {
  return { mods: mods.map((entry) => (typeof entry === 'string' ? mod(entry) : entry)), dlcs }
}

function named(name: string) {
  return { package: name.toLowerCase(), name }
}

const sha = (value: string): Checksum => ({ kind: 'sha256', value })
const scs = (value: string): Checksum => ({ kind: 'scs', value })

describe('comparing load orders', () => {
  it('[LOD-3] refuses one mod missing, two swapped and one of another version with exactly those findings', () => {
    const host = order([
      mod('Map', { version: '2.84' }),
      mod('Assets', { version: '2.84' }),
      'Sound',
      mod('Trailers', { version: '1.2' }),
      'Rain',
      'Paint',
    ])
    const joiner = order([
      mod('Map', { version: '2.83' }),
      'Paint',
      'Sound',
      'Rain',
      mod('Assets', { version: '2.84' }),
    ])
    expect(compareLoadOrders(host, joiner, strict)).toEqual({
      compatible: false,
      findings: [
        {
          kind: 'missing',
          mod: named('Trailers'),
          version: '1.2',
          expectedPosition: 4,
          above: named('Rain'),
        },
        { kind: 'version', mod: named('Map'), position: 1, yours: '2.83', hosts: '2.84' },
        {
          kind: 'swapped',
          upper: { mod: named('Assets'), position: 5 },
          lower: { mod: named('Paint'), position: 2 },
        },
      ] satisfies Finding[],
    })
  })

  it('accepts equal lists, and empty ones', () => {
    const list = order([mod('A', { version: '1', checksum: sha('x') }), 'B'], ['dlc_east'])
    expect(compareLoadOrders(list, structuredClone(list), strict)).toEqual({ compatible: true, findings: [] })
    expect(compareLoadOrders(order([]), order([]), strict).compatible).toBe(true)
  })

  it('[LOD-2] counts a package once, where it stands highest', () => {
    const verdict = compareLoadOrders(order(['A', 'B', 'A', 'C']), order(['A', 'B', 'C', 'C', 'B']), strict)
    expect(verdict.compatible).toBe(true)
    expect(compareLoadOrders(order(['A', 'B']), order(['A', 'A', 'X', 'B']), strict).findings).toEqual([
      { kind: 'extra', mod: named('X'), position: 2, version: null },
    ])
  })

  it('[LOD-6] wants every DLC of the host and does not mind more', () => {
    const host = order([], ['dlc_east', 'dlc_north', 'dlc_east'])
    expect(compareLoadOrders(host, order([], ['dlc_fr', 'dlc_east']), strict).findings).toEqual([
      { kind: 'missing-dlc', dlc: 'dlc_north' },
    ])
    expect(compareLoadOrders(host, order([], ['dlc_north', 'dlc_x', 'dlc_east']), strict).compatible).toBe(
      true,
    )
  })
})

describe('[LOD-4] comparing what is in a mod', () => {
  const content = (hosts: Partial<Mod>, yours: Partial<Mod>) =>
    compareLoadOrders(order([mod('A', hosts)]), order([mod('A', yours)]), strict).findings

  it('takes equal checksums as equal mods, whatever their versions say', () => {
    expect(content({ version: '1.0', checksum: sha('x') }, { version: '1', checksum: sha('x') })).toEqual([])
  })

  it('names the versions where they explain different checksums, and the checksums where they do not', () => {
    expect(content({ version: '2', checksum: sha('x') }, { version: '1', checksum: sha('y') })).toEqual([
      { kind: 'version', mod: named('A'), position: 1, yours: '1', hosts: '2' },
    ])
    for (const version of [undefined, '1']) {
      expect(content({ version, checksum: sha('x') }, { version, checksum: sha('y') })).toEqual([
        {
          kind: 'checksum',
          mod: named('A'),
          position: 1,
          version: version ?? null,
          checksumKind: 'sha256',
          yours: 'y',
          hosts: 'x',
        },
      ])
    }
  })

  it('never compares checksums of different kinds, and falls back to versions, then to nothing', () => {
    expect(content({ checksum: sha('x') }, { checksum: scs('y') })).toEqual([])
    expect(content({ checksum: sha('x') }, {})).toEqual([])
    expect(content({}, { checksum: sha('x') })).toEqual([])
    expect(content({ version: '1' }, {})).toEqual([])
    expect(content({ version: '1', checksum: sha('x') }, { version: '2', checksum: scs('x') })).toMatchObject(
      [{ kind: 'version' }],
    )
  })
})

describe('[LOD-5] optional mods', () => {
  const optional = (name: string, more: Partial<Mod> = {}) => mod(name, { optional: true, ...more })

  it('count like others without the rule', () => {
    expect(compareLoadOrders(order([optional('A')]), order([]), strict).findings).toMatchObject([
      { kind: 'missing' },
    ])
    expect(compareLoadOrders(order([]), order([optional('A')]), strict).findings).toMatchObject([
      { kind: 'extra' },
    ])
  })

  it('may be missing, extra, anywhere and of any version with the rule', () => {
    const host = order(['A', optional('O', { version: '1' }), 'B'])
    expect(compareLoadOrders(host, order(['A', 'B']), optioning).compatible).toBe(true)
    expect(compareLoadOrders(host, order(['A', 'B', mod('O', { version: '2' })]), optioning).compatible).toBe(
      true,
    )
    expect(compareLoadOrders(host, order([optional('P'), 'A', 'B']), optioning).compatible).toBe(true)
  })

  it('go by the host’s mark where the two differ', () => {
    expect(compareLoadOrders(order(['A']), order([]), optioning).compatible).toBe(false)
    const disagreed = compareLoadOrders(order(['A', 'B']), order(['B', optional('A')]), optioning)
    expect(disagreed.findings).toMatchObject([{ kind: 'swapped' }])
  })

  it('shift the positions that others are told to go to', () => {
    const host = order(['A', 'B', 'C', 'D'])
    const joiner = order([optional('P'), 'D', optional('Q'), 'A', 'C'])
    expect(compareLoadOrders(host, joiner, optioning).findings).toEqual([
      { kind: 'missing', mod: named('B'), version: null, expectedPosition: 4, above: named('C') },
      { kind: 'misplaced', mod: named('D'), position: 2, expectedPosition: 6, above: null },
    ])
  })
})

describe('[LOD-7] what stands in the wrong place', () => {
  const placed = (host: string, joiner: string) =>
    compareLoadOrders(order(Array.from(host)), order(Array.from(joiner)), strict)

  it('is the one mod that moved, not those it passed', () => {
    expect(placed('ABCDEF', 'BCDEAF').findings).toEqual([
      { kind: 'misplaced', mod: named('A'), position: 5, expectedPosition: 1, above: named('B') },
    ])
  })

  it('is the pair that changed places, adjacent or not', () => {
    expect(placed('ABCDEF', 'AECDBF').findings).toEqual([
      { kind: 'swapped', upper: { mod: named('B'), position: 5 }, lower: { mod: named('E'), position: 2 } },
    ])
    expect(placed('ABC', 'BAC').findings).toEqual([
      { kind: 'swapped', upper: { mod: named('A'), position: 2 }, lower: { mod: named('B'), position: 1 } },
    ])
  })

  it('is explained by moves where swaps would not be shorter', () => {
    // C went to the bottom, past A and B, which also changed places: no two stand in each other's place.
    const { findings } = placed('CDEFAB', 'DEFBAC')
    expect(findings.map(({ kind }) => kind)).toEqual(['misplaced', 'misplaced'])
    // Each pair of a reversed list changes places: fewer findings than moving all but one.
    expect(placed('ABCDEF', 'FEDCBA').findings.map(({ kind }) => kind)).toEqual([
      'swapped',
      'swapped',
      'swapped',
    ])
  })
})

describe('findings in words', () => {
  const words = (host: LoadOrder, joiner: LoadOrder) =>
    compareLoadOrders(host, joiner, strict).findings.map(describeFinding)

  it('tell a player what to do', () => {
    const host = order(
      [
        mod('Map', { package: 'promods-map', version: '2.84' }),
        mod('Sound', { version: '1.1' }),
        mod('Rain', { version: '3', checksum: sha('x') }),
        'Paint',
        'Wheels',
      ],
      ['dlc_north'],
    )
    const joiner = order([
      'Wheels',
      mod('Sound', { version: '1.0' }),
      mod('Rain', { version: '3', checksum: sha('y') }),
      mod('Snow', { package: 'snow_v2' }),
      'Paint',
    ])
    expect(words(host, joiner)).toEqual([
      'Get or activate the DLC “dlc_north”: the session needs it.',
      'Activate “Map” (promods-map), version 2.84, at position 1, directly above “Sound”.',
      "Change “Sound” (position 2) from version 1.0 to the host's version 1.1.",
      "Download “Rain” (position 3) again: its content differs from the host's, although both are version 3.",
      'Deactivate “Snow” (snow_v2) at position 4: the host does not have it.',
      'Move “Wheels” from position 1 to position 5, at the bottom.',
    ])
    expect(words(order(['A', 'B', 'C', 'D', 'E']), order(['A', 'E', 'B', 'C', 'D']))).toEqual([
      'Move “E” from position 2 to position 5, at the bottom.',
    ])
    expect(words(order(['A', 'B', 'C']), order(['C', 'B', 'A']))).toEqual([
      'Swap “C” (position 1) and “A” (position 3): “A” belongs higher.',
    ])
  })

  it('fall back to the package of a mod without a name, and cut endless names', () => {
    expect(words(order([{ package: 'pkg', name: '', optional: false }]), order([]))[0]).toContain('“pkg”')
    const long = words(order([mod('n'.repeat(128), { package: 'pkg' })]), order([]))[0]
    expect(long).toContain(`“${'n'.repeat(59)}…” (pkg)`)
  })

  it('of a whole verdict are a headline and one line each, bounded', () => {
    const host = order(Array.from({ length: 30 }, (_, index) => `M${index}`))
    const text = describeVerdict(compareLoadOrders(host, order([]), strict))
    expect(text.split('\n')).toHaveLength(22)
    expect(text).toMatch(/^Your mods differ from those of the host in 30 points:\n- Activate “M0” \(m0\) at/)
    expect(text).toMatch(/\n- … and 10 more\.$/)
    expect(describeVerdict({ compatible: true, findings: [] })).toBe('Your mods fit those of the host.')
  })
})

describe('[LOD-8] findings on the wire', () => {
  const longest = (prefix: string): Mod[] =>
    Array.from({ length: limits.loadOrderMods }, (_, index) =>
      mod(`${prefix}${index}`.padEnd(128, '€'), { version: '9'.repeat(32), checksum: sha('f'.repeat(128)) }),
    )

  it('fit their schema at the limits of both lists', () => {
    const host: LoadOrder = { mods: longest('a'), dlcs: Array.from({ length: 128 }, (_, n) => `dlc${n}`) }
    const { findings } = compareLoadOrders(host, { mods: longest('b'), dlcs: [] }, strict)
    expect(findings).toHaveLength(2 * limits.loadOrderMods + 128)
    for (const finding of findings) expect(v.safeParse(findingSchema, finding).success).toBe(true)
  })

  it('are cut to the bytes of one message, the first ones first', () => {
    const { findings } = compareLoadOrders({ mods: longest('a'), dlcs: [] }, order([]), strict)
    const fitting = findingsWithin(findings, 50_000)
    expect(fitting).toEqual(findings.slice(0, fitting.length))
    expect(fitting.length).toBeGreaterThan(20)
    expect(fitting.length).toBeLessThan(findings.length)
    expect(findingsWithin(findings.slice(0, 3), 50_000)).toHaveLength(3)
  })

  it('are refused with places outside of any list', () => {
    for (const position of [0, -1, 1.5, 1_001, Number.NaN]) {
      expect(
        v.safeParse(findingSchema, { kind: 'extra', mod: named('A'), position, version: null }).success,
      ).toBe(false)
    }
  })
})
