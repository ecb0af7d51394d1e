import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoadOrder, Mod } from '../../lib/protocol/index.ts'
import { compareLoadOrders, type Finding } from '../../lib/session/index.ts'

/** Lists of mods over few packages, so that both lists share many; repeats included. */
const mods = fc.array(
  fc.record({
    package: fc.constantFrom(...Array.from('abcdefghijkl')),
    name: fc.constant('Some mod'),
    version: fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
    checksum: fc.option(
      fc.record({ kind: fc.constantFrom('sha256', 'scs'), value: fc.constantFrom('x', 'y') }),
      { nil: undefined },
    ),
    optional: fc.boolean(),
  }),
  { maxLength: 14 },
)
const loadOrder: fc.Arbitrary<LoadOrder> = fc.record({
  mods,
  dlcs: fc.array(fc.constantFrom('east', 'north', 'france'), { maxLength: 4 }),
})
const rules = fc.record({ modsOptioning: fc.boolean() })

/** Does to the joiner's list what the findings say, by nothing but what they hold. */
function settle(host: LoadOrder, joiner: LoadOrder, findings: readonly Finding[]): LoadOrder {
  const list: (Mod | undefined)[] = unrepeated(joiner.mods)
  const hosts = (name: string): Mod | undefined => host.mods.find((mod) => mod.package === name)
  const dlcs = [...joiner.dlcs]
  const arrivals: { mod: Mod; to: number }[] = []
  for (const finding of findings) {
    if (finding.kind === 'missing-dlc') dlcs.push(finding.dlc)
    else if (finding.kind === 'missing') {
      arrivals.push({ mod: hosts(finding.mod.package) as Mod, to: finding.expectedPosition })
    } else if (finding.kind === 'version' || finding.kind === 'checksum') {
      const { version, checksum } = hosts(finding.mod.package) as Mod
      list[finding.position - 1] = { ...(list[finding.position - 1] as Mod), version, checksum }
    }
  }
  for (const finding of findings) {
    if (finding.kind === 'swapped') {
      const [upper, lower] = [finding.upper.position - 1, finding.lower.position - 1]
      ;[list[upper], list[lower]] = [list[lower], list[upper]]
    } else if (finding.kind === 'misplaced') {
      arrivals.push({ mod: list[finding.position - 1] as Mod, to: finding.expectedPosition })
      list[finding.position - 1] = undefined
    } else if (finding.kind === 'extra') list[finding.position - 1] = undefined
  }
  const settled = list.filter((mod) => mod !== undefined)
  for (const { mod, to } of arrivals.sort((a, b) => a.to - b.to)) settled.splice(to - 1, 0, mod)
  return { mods: settled, dlcs }
}

function unrepeated(list: readonly Mod[]): Mod[] {
  return list.filter((mod, index) => list.findIndex((other) => other.package === mod.package) === index)
}

/** A list of distinct mods and two places in it. */
const listAndPlaces = fc
  .integer({ min: 2, max: 40 })
  .chain((length) =>
    fc.tuple(
      fc.constant(length),
      fc.integer({ min: 0, max: length - 1 }),
      fc.integer({ min: 0, max: length - 1 }),
    ),
  )
  .filter(([, a, b]) => a !== b)

function distinct(length: number): LoadOrder {
  const list = Array.from({ length }, (_, index) => ({ package: `p${index}`, name: '', optional: false }))
  return { mods: list, dlcs: [] }
}

describe('comparing any two load orders', () => {
  it('accepts a list equal to the host’s', () => {
    fc.assert(
      fc.property(loadOrder, rules, (list, given) => {
        expect(compareLoadOrders(list, structuredClone(list), given)).toEqual({
          compatible: true,
          findings: [],
        })
      }),
    )
  })

  it('[LOD-3] accepts a joiner that did what its findings say', () => {
    fc.assert(
      fc.property(loadOrder, loadOrder, rules, (host, joiner, given) => {
        const { findings } = compareLoadOrders(host, joiner, given)
        const settled = settle(host, joiner, findings)
        expect(compareLoadOrders(host, settled, given)).toEqual({ compatible: true, findings: [] })
      }),
      { numRuns: 2_000 },
    )
  })

  it('[LOD-3] tells the truth about where each mod is and belongs', () => {
    fc.assert(
      fc.property(loadOrder, loadOrder, rules, (host, joiner, given) => {
        const { findings } = compareLoadOrders(host, joiner, given)
        const before = unrepeated(joiner.mods)
        const after = settle(host, joiner, findings).mods
        const counts = (mod: Mod): boolean =>
          !(given.modsOptioning && (host.mods.find((other) => other.package === mod.package) ?? mod).optional)
        for (const finding of findings) {
          if ('position' in finding) expect(before[finding.position - 1]?.package).toBe(finding.mod.package)
          if (!('expectedPosition' in finding)) continue
          expect(after[finding.expectedPosition - 1]?.package).toBe(finding.mod.package)
          if (finding.above === null) expect(after.slice(finding.expectedPosition).filter(counts)).toEqual([])
          else expect(after[finding.expectedPosition]?.package).toBe(finding.above.package)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('[LOD-7] gives one finding for one moved mod', () => {
    fc.assert(
      fc.property(listAndPlaces, ([length, from, to]) => {
        const host = distinct(length)
        const moved = [...host.mods]
        moved.splice(to, 0, ...moved.splice(from, 1))
        const { findings } = compareLoadOrders(host, { mods: moved, dlcs: [] }, { modsOptioning: false })
        expect(findings).toHaveLength(1)
        // Passing one neighbour and changing places with it are the same.
        if (Math.abs(from - to) === 1) expect(findings).toMatchObject([{ kind: 'swapped' }])
        else
          expect(findings).toMatchObject([
            { kind: 'misplaced', mod: { package: `p${from}` }, position: to + 1 },
          ])
      }),
    )
  })

  it('[LOD-7] gives one finding for two swapped mods', () => {
    fc.assert(
      fc.property(listAndPlaces, ([length, a, b]) => {
        const host = distinct(length)
        const swapped = [...host.mods]
        ;[swapped[a], swapped[b]] = [swapped[b] as Mod, swapped[a] as Mod]
        const { findings } = compareLoadOrders(host, { mods: swapped, dlcs: [] }, { modsOptioning: false })
        expect(findings).toMatchObject([
          {
            kind: 'swapped',
            upper: { position: Math.max(a, b) + 1 },
            lower: { position: Math.min(a, b) + 1 },
          },
        ])
        expect(findings).toHaveLength(1)
      }),
    )
  })

  it('[LOD-7] never gives more findings about places than mods outside a longest sequence in order', () => {
    const shuffled = fc
      .integer({ min: 0, max: 8 })
      .chain((length) =>
        fc.shuffledSubarray([...Array(length).keys()], { minLength: length, maxLength: length }),
      )
    fc.assert(
      fc.property(shuffled, (ranks) => {
        const host = distinct(ranks.length)
        const joiner = { mods: ranks.map((rank) => host.mods[rank] as Mod), dlcs: [] }
        const { findings } = compareLoadOrders(host, joiner, { modsOptioning: false })
        expect(findings.length).toBeLessThanOrEqual(ranks.length - longestIncreasing(ranks))
      }),
    )
  })
})

/** By trying every subset: slow, and plainly right. */
function longestIncreasing(ranks: readonly number[]): number {
  let best = 0
  for (let subset = 0; subset < 1 << ranks.length; subset++) {
    const chosen = ranks.filter((_, index) => (subset >> index) & 1)
    if (chosen.every((rank, index) => index === 0 || rank > (chosen[index - 1] as number))) {
      best = Math.max(best, chosen.length)
    }
  }
  return best
}
