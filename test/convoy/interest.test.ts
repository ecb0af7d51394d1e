import { afterEach, describe, expect, it } from 'vitest'
import type { NetworkConditions } from '../../lib/testing/index.ts'
import {
  convoyOnRoad,
  DrivenWorld,
  northwards,
  standing,
  weaving,
  type Driving,
} from './support/drivenWorld.ts'

let driven: DrivenWorld | undefined
afterEach(async () => {
  await driven?.close()
  driven = undefined
})

async function gather(
  driving: readonly (Driving | undefined)[],
  conditions: Partial<NetworkConditions> = {},
  options: { vehicleKbps?: number; uplinkKbps?: number } = {},
): Promise<DrivenWorld> {
  driven = new DrivenWorld({ delayMs: 40, jitterMs: 10, lossPercent: 2, ...conditions })
  await driven.gather(driving, options)
  return driven
}

/** The centimetres by which `viewer` sees `of` wrong in each frame of so many seconds, and in how many it sees nothing. */
async function watch(world: DrivenWorld, viewer: number, of: number, seconds: number) {
  const errors: number[] = []
  let missing = 0
  await world.drive(seconds, () => {
    const error = world.error(viewer, of)
    if (error === undefined) missing++
    else errors.push(error * 100)
  })
  errors.sort((a, b) => a - b)
  return { p95: errors[Math.floor(errors.length * 0.95)] ?? NaN, missing }
}

describe('interest in a convoy', () => {
  it('[INT-2] tells trucks close by in full, those far off seldom', async () => {
    const world = await gather([weaving(0, 0), weaving(4, 30), weaving(0, 2_500)])
    await world.drive(5)
    expect([world.link(0, 1).tier, world.link(0, 2).tier]).toEqual(['near', 'far'])
    const near = await watch(world, 1, 0, 5)
    expect(near.p95).toBeLessThan(8)
    expect(world.link(0, 2).vehicleKbps).toBeLessThan(0.5 * world.link(0, 1).vehicleKbps)
  })

  it('[INT-7] lists everyone, with distance, however far (complaint: vehicles vanish at the edge of range)', async () => {
    const away = [0, 100, 1_499, 1_501, 5_000, 80_000, 250_000]
    const world = await gather(
      away.map((metres) => northwards(0.5, 1 + metres, 20)),
      { lossPercent: 5 },
    )
    await world.drive(3)
    let frames = 0
    await world.drive(8, () => {
      if (frames++ % 30 !== 0) return
      const seen = world.at(0).members.map(({ distance }) => distance)
      for (const [index, metres] of away.entries()) {
        // Two updates lost in a row are 2 s at 20 m/s, the last of which it is slowed down.
        if (index > 0) expect(Math.abs((seen[index] ?? NaN) - metres), `${metres} m`).toBeLessThan(20)
      }
    })
  })

  it('[INT-10] shows the one who is followed as if close by, at any distance', async () => {
    const world = await gather([weaving(0, 0), standing(1, 90_000)])
    await world.drive(3)
    const before = await watch(world, 1, 0, 5)
    expect(world.link(0, 1).tier).toBe('far')
    world.at(1).follow(world.at(0).self.id)
    expect(world.at(1).followed?.name).toBe('M0')
    await world.drive(2)
    expect(world.link(0, 1).tier).toBe('followed')
    const after = await watch(world, 1, 0, 5)
    expect(after.p95).toBeLessThan(8)
    expect(after.p95).toBeLessThan(before.p95 / 3)
    world.at(1).follow(null)
    await world.drive(2)
    expect([world.link(0, 1).tier, world.at(1).followed]).toEqual(['far', undefined])
  })

  it('[INT-4] a spectator sees everyone moderately, and what is around the one it follows in full', async () => {
    const world = await gather([weaving(0, 0), weaving(4, 30), weaving(0, 9_000), undefined])
    await world.drive(3)
    for (const driver of [0, 1, 2]) expect(world.link(driver, 3).tier).toBe('middle')
    expect(world.link(3, 0).tier).toBeUndefined()
    world.at(3).follow(world.at(0).self.id)
    await world.drive(2)
    expect([0, 1, 2].map((driver) => world.link(driver, 3).tier)).toEqual(['followed', 'near', 'far'])
  })

  it('[INT-10] following ends with the one who is followed, and is told to newcomers', async () => {
    const world = await gather([weaving(0, 0), standing(1, 60_000), standing(5, 120_000)])
    world.at(1).follow(world.at(0).self.id)
    const late = await world.world.join('Late', world.at(0).invite)
    await world.drive(1)
    world.at(1).follow(late.self.id)
    await world.drive(2)
    late.setVehicle({ ...late.vehicles.sample()[0]!.state, x: 300 })
    await world.drive(3)
    expect(late.stats().links.find(({ memberId }) => memberId === world.at(1).self.id)?.tier).toBe('followed')
    await world.world.clock.complete(late.close())
    await world.drive(1)
    expect(world.at(1).followed).toBeUndefined()
  })

  it('[INT-11] refuses to follow who is not there, or to change all the time', async () => {
    const world = await gather([weaving(0, 0), weaving(4, 30)])
    const [first, second] = [world.at(0), world.at(1)]
    expect(() => first.follow('nobody')).toThrow('no other member')
    expect(() => first.follow(first.self.id)).toThrow('no other member')
    for (let change = 0; change < 5; change++) {
      first.follow(second.self.id)
      first.follow(null)
    }
    expect(() => first.follow(second.self.id)).toThrow('at most 2 times a second')
    first.follow(null)
  })

  it('[INT-23] uses far less of the uplink for 8 trucks over 3 km than for as many close together', async () => {
    const kbpsWith = async (gapMetres: number): Promise<number> => {
      const world = await gather(convoyOnRoad(8, gapMetres))
      await world.drive(6)
      const kbps = world
        .at(6)
        .stats()
        .links.map(({ vehicleKbps }) => vehicleKbps)
      await driven?.close()
      driven = undefined
      return kbps.reduce((a, b) => a + b)
    }
    expect(await kbpsWith(430)).toBeLessThan(0.7 * (await kbpsWith(10)))
  })
})

describe('a line that is slow', () => {
  it('[INT-30] holds the queue down, shows trucks close by within 30 cm meanwhile, and recovers', async () => {
    const world = await gather([weaving(0, 0), weaving(4, 30)], { lossPercent: 1 })
    const { network } = world.world
    await world.drive(5)
    const slow = (bandwidthKbps: number | undefined): void =>
      network.setConditionsBetween('M0', 'M1', { bandwidthKbps })
    // Payload alone; a truck that weaves takes 5 of them.
    slow(3)
    await world.drive(10)
    const limited = await watch(world, 1, 0, 15)
    expect(limited.missing).toBe(0)
    expect(limited.p95).toBeLessThan(30)
    const link = world.link(0, 1)
    expect(link.budgetKbps).toBeLessThan(12)
    // 80 ms are the way's own, 160 the sending of a datagram each way at that rate.
    expect(link.rttMs).toBeLessThan(400)
    expect(link.quality).toMatchObject({ level: expect.not.stringMatching('good') as string })
    expect(link.quality.advice).toContain('The line is full')
    slow(undefined)
    await world.drive(20)
    const recovered = await watch(world, 1, 0, 10)
    expect(recovered.p95).toBeLessThan(8)
    expect(world.link(0, 1).quality.advice).not.toContain('The line is full')
  })

  it('[INT-20] that the program knows to be slow is never filled', async () => {
    const world = await gather([weaving(0, 0), weaving(4, 30), weaving(8, 60)], {}, { uplinkKbps: 10 })
    await world.drive(5)
    let sum = 0
    let looks = 0
    await world.drive(10, () => {
      looks++
      for (const other of [1, 2]) sum += world.link(0, other).vehicleKbps
    })
    expect(sum / looks).toBeLessThan(11)
    expect((await watch(world, 1, 0, 5)).p95).toBeLessThan(30)
  })

  it('[INT-33] a blackout of three seconds shrinks no budget to where it is felt', async () => {
    const world = await gather([weaving(0, 0), weaving(4, 30)])
    await world.drive(5)
    const heal = world.world.network.cut('M0', 'M1')
    await world.drive(3)
    heal()
    await world.drive(5)
    // What a truck takes that is told of at each tick.
    expect(world.link(0, 1).budgetKbps).toBeGreaterThan(24)
  })
})

describe('options', () => {
  it.each([{ vehicleKbps: 1 }, { uplinkKbps: 1e9 }, { vehicleKbps: NaN }])('refuse %j', async (options) => {
    const world = (driven = new DrivenWorld())
    await expect(world.gather([standing(1, 1)], options)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
