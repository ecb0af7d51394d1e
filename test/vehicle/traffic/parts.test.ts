import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultRules } from '../../../lib/protocol/index.ts'
import { SimulatedClock } from '../../../lib/testing/index.ts'
import { fairShares } from '../../../lib/vehicle/traffic/fairShares.ts'
import { IndexPool } from '../../../lib/vehicle/traffic/indexPool.ts'
import { spawnerOf, trafficId } from '../../../lib/vehicle/traffic/trafficId.ts'
import { withinLimits } from '../../../lib/vehicle/traffic/trafficLimits.ts'

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

describe('shares of the room for traffic', () => {
  it('[TRF-11] fill the room, never exceed what is wanted, and differ by one at most among those who want more', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(counts, fc.integer({ min: -10, max: 1_000 }), (wanted, room) => {
        const shares = fairShares(wanted, room)
        expect(sum(shares)).toBe(Math.min(sum(wanted), Math.max(0, room)))
        const cut = shares.filter((share, owner) => share < (wanted[owner] ?? 0))
        const most = Math.max(...shares)
        for (const share of cut) expect(most - share).toBeLessThanOrEqual(1)
      }),
    )
  })

  it.each([
    [[15, 30, 15], 30, [10, 10, 10]],
    [[3, 40, 0], 20, [3, 17, 0]],
    [[5, 5, 5], 7, [3, 2, 2]],
    [[5, 5], -3, [0, 0]],
  ])('[TRF-11] of %j in %d are %j', (counts, room, shares) => {
    expect(fairShares(counts, room)).toEqual(shares)
  })
})

describe('the vehicles within the limits', () => {
  it('[TRF-11] are the same in whatever order they became known', () => {
    const rules = {
      ...defaultRules,
      maxVehiclesTotal: 40,
      maxAiVehiclesPlayer: 20,
      maxAiVehiclesPlayerSpawn: 15,
    }
    const vehicle = fc.record({
      id: fc
        .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 30 }))
        .map(([a, b]) => trafficId(a, b)),
      ownerId: fc.constantFrom('anna', 'ben', 'cleo', 'gone'),
    })
    const vehicles = fc.uniqueArray(vehicle, { selector: ({ id }) => id, maxLength: 90 })
    const owners = ['anna', 'ben', 'cleo']
    fc.assert(
      fc.property(vehicles, fc.infiniteStream(fc.nat()), (all, luck) => {
        const order = new Map(all.map((each) => [each, luck.next().value as number]))
        const shuffled = [...all].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
        const ids = (some: Iterable<{ id: number }>): number[] =>
          [...some].map(({ id }) => id).sort((a, b) => a - b)
        const within = withinLimits(all, rules, owners, 3)
        expect(ids(withinLimits(shuffled, rules, owners, 3))).toEqual(ids(within))
        expect(within.size).toBeLessThanOrEqual(37)
      }),
    )
  })

  it('[TRF-12] are none without traffic', () => {
    expect(
      withinLimits([{ id: 1, ownerId: 'anna' }], { ...defaultRules, traffic: false }, ['anna'], 1).size,
    ).toBe(0)
  })
})

describe('an index of traffic', () => {
  it('[TRF-4] rests for 20 s before it stands for another vehicle', () => {
    const clock = new SimulatedClock()
    const pool = new IndexPool(clock)
    const taken = Array.from({ length: 127 }, () => pool.take())
    expect(new Set(taken).size).toBe(127)
    expect(pool.take()).toBeUndefined()
    pool.rest(5)
    clock.advance(19_999)
    expect(pool.take()).toBeUndefined()
    pool.putBack(9)
    expect(pool.take()).toBe(9)
    clock.advance(1)
    expect(pool.take()).toBe(5)
  })
})

describe('the id of a vehicle', () => {
  it('[TRF-1] names its spawner and fits a double', () => {
    const id = trafficId(2 ** 24, 2 ** 24 - 1)
    expect(Number.isSafeInteger(id)).toBe(true)
    expect(spawnerOf(id)).toBe(2 ** 24)
    expect(spawnerOf(trafficId(0, 1))).toBe(0)
  })
})
