import { afterEach, describe, expect, it } from 'vitest'
import { vehicleFlags, type Convoy, type EnforcementOptions } from '../../../lib/index.ts'
import { DrivenWorld, northwards, standing, weaving, type Driving } from '../support/drivenWorld.ts'
import { recordOf } from '../../support/simulatedWorld.ts'

let driven: DrivenWorld
afterEach(async () => {
  await driven.close()
})

const kmh = 1 / 3.6

/** Trucks in a convoy over a network as players have it. */
async function gather(
  driving: readonly (Driving | undefined)[],
  options: Parameters<DrivenWorld['gather']>[1] = {},
): Promise<DrivenWorld> {
  driven = new DrivenWorld({ delayMs: 50, jitterMs: 20, lossPercent: 5 })
  await driven.gather(driving, options)
  return driven
}

/** What others see of a member: whether it is a ghost to them. */
function isGhost(watcher: Convoy, driver: Convoy): boolean | undefined {
  const seen = watcher.vehicles.sample().find(({ memberId }) => memberId === driver.self.id)
  return seen === undefined ? undefined : seen.ghost && (seen.state.flags & vehicleFlags.ghost) !== 0
}

const rules = (changes: object): object => ({ rules: { maxPlayers: 32, ...changes } })

describe('a member that speeds', () => {
  it('[ENF-31] [ENF-32] [ENF-33] is told why, then a ghost to all, and out of it once it has kept to the limit', async () => {
    const enforcement: EnforcementOptions = { forgetMs: 60_000 }
    let speed = 120 * kmh
    let z = 0
    let last: number | undefined
    const racing: Driving = (timeMs, out) => {
      z -= (speed * (timeMs - (last ?? timeMs))) / 1_000
      last = timeMs
      northwards(20, z, speed)(0, out)
    }
    const world = await gather([northwards(0, 0, 20), racing, northwards(8, 0, 20)], {
      ...rules({ speedLimit: 80 }),
      enforcement,
    })
    const [anna, ben, cem] = world.convoys as [Convoy, Convoy, Convoy]
    const warned = recordOf(ben, 'warned')
    const changed = recordOf(cem, 'memberChanged')
    const observed = [anna, cem].map((convoy) => recordOf(convoy, 'observed'))
    await world.drive(8)
    expect(warned).toMatchObject([
      { kind: 'speed', action: 'warning', text: 'You drive 120 km/h where 80 are allowed.', limit: 80 },
    ])
    expect(observed.map((events) => events.map(({ member, kind }) => `${member.name} ${kind}`))).toEqual([
      ['M1 speed'],
      ['M1 speed'],
    ])
    expect(isGhost(cem, ben)).toBe(false)
    await world.drive(32)
    expect(warned.at(-1)).toMatchObject({ action: 'slow-lane', measured: expect.closeTo(120, 0) as number })
    expect(warned.at(-1)?.text).toContain('slow lane')
    expect([isGhost(anna, ben), isGhost(cem, ben), isGhost(cem, anna)]).toEqual([true, true, false])
    const { restricted } = changed.filter(({ name }) => name === 'M1').at(-1) ?? {}
    expect(restricted).toEqual({ restriction: 'slow-lane', detail: warned[0]?.text })
    expect(ben.self.restricted).toEqual(restricted)
    expect(anna.stats().enforcement.acts).toEqual({ warning: 2, 'slow-lane': 1 })
    speed = 75 * kmh
    await world.drive(70)
    expect(warned.at(-1)?.action).toBe('released')
    expect([isGhost(anna, ben), isGhost(cem, ben), ben.self.restricted]).toEqual([false, false, null])
  }, 60_000)

  it('[ENF-37] stays a ghost when the host dies, and the next host goes on where it was', async () => {
    const racing = northwards(20, 0, 120 * kmh)
    const world = await gather([northwards(0, 0, 20), racing, northwards(8, 0, 20), northwards(12, 0, 20)], {
      ...rules({ speedLimit: 80 }),
      enforcement: { steps: { speed: { slowLane: 2 } }, forgetMs: 30_000 },
    })
    const [anna, ben, cem, dora] = world.convoys as [Convoy, Convoy, Convoy, Convoy]
    await world.drive(20)
    expect([isGhost(cem, ben), isGhost(dora, ben)]).toEqual([true, true])
    await world.world.clock.complete(anna.transferHost(cem.self.id))
    await world.drive(3)
    expect(cem.isHost).toBe(true)
    expect([isGhost(anna, ben), isGhost(cem, ben), isGhost(dora, ben)]).toEqual([true, true, true])
    const before = recordOf(ben, 'warned').length
    await world.drive(25)
    expect(cem.stats().enforcement.acts.warning).toBeGreaterThan(0)
    expect(anna.stats().enforcement.acts.warning).toBeGreaterThan(0)
    expect(before).toBe(0)
    expect(isGhost(dora, ben)).toBe(true)
  }, 60_000)
})

describe('honest members', () => {
  it('[ENF-10] to [ENF-18] are found at nothing, over lag, ferries, menus and a frozen program', async () => {
    const away = { x: 0 }
    const ferry: Driving = (timeMs, out) => {
      standing(40 + away.x, 0)(timeMs, out)
    }
    const world = await gather(
      [weaving(0, 0), weaving(4, 30), ferry, undefined],
      rules({ speedLimit: 80, pingLimit: 500, afkTimeout: 120, inMenuGhosting: true }),
    )
    const observed = world.convoys.map((convoy) => recordOf(convoy, 'observed'))
    const { network, clock } = world.world
    await world.drive(5)
    const heal = network.cut('M0', 'M1')
    await world.drive(3)
    heal()
    network.freeze('M1')
    clock.after(4_000, () => network.thaw('M1'))
    await world.drive(6)
    away.x = 60_000
    network.setConditions({ delayMs: 300, jitterMs: 100, lossPercent: 20 })
    await world.drive(8)
    network.setConditions({ delayMs: 50, jitterMs: 20, lossPercent: 5 })
    world.at(0).setVehicle(null)
    await world.drive(20)
    expect(observed.flat()).toEqual([])
  }, 60_000)
})

describe('a member whose game is paused', () => {
  it('[ENF-38] is a ghost to all where the rules want it, whatever it says itself', async () => {
    const paused: Driving = (timeMs, out) => {
      standing(20, 0)(timeMs, out)
      out.flags |= vehicleFlags.paused
    }
    const world = await gather([standing(1, 0), paused, standing(9, 0)])
    const [anna, ben, cem] = world.convoys as [Convoy, Convoy, Convoy]
    await world.drive(12)
    expect(isGhost(cem, ben)).toBe(false)
    await world.world.clock.complete(anna.setRules({ inMenuGhosting: true }))
    await world.drive(1)
    expect([isGhost(anna, ben), isGhost(cem, ben), isGhost(ben, cem)]).toEqual([true, true, false])
  })
})

describe('limits of idling and ping', () => {
  it('[ENF-15] [ENF-34] idling is warned of, then ends in a kick that says why', async () => {
    const world = await gather([weaving(0, 0), standing(20, 0)], rules({ afkTimeout: 20 }))
    const ben = world.at(1)
    const warned = recordOf(ben, 'warned')
    const removed = recordOf(ben, 'removed')
    await world.drive(40)
    expect(warned.map(({ text }) => text)).toEqual(['You have not moved for 20 s; the limit is 20 s.'])
    let gone = false
    ben.on('closed', () => (gone = true))
    await world.drive(50, () => undefined).catch(() => undefined)
    expect([gone, removed[0]?.reason]).toEqual([true, 'kicked'])
    expect(removed[0]?.detail).toMatch(/You have not moved for 8\d s; the limit is 20 s\./)
  }, 60_000)

  it('[ENF-17] a ping above the limit is warned of once it has lasted', async () => {
    const world = await gather([weaving(0, 0), weaving(4, 30)], rules({ pingLimit: 250 }))
    const warned = recordOf(world.at(1), 'warned')
    await world.drive(20)
    expect(warned).toEqual([])
    world.world.network.setConditions({ delayMs: 200 })
    await world.drive(30)
    expect(warned.map(({ kind }) => kind)).toEqual(['ping'])
  }, 60_000)
})

describe('a member that teleports', () => {
  it('[ENF-12] [ENF-33] by driving on elsewhere, three times, ends in the slow lane', async () => {
    let hops = 0
    const hopping: Driving = (timeMs, out) => northwards(20, -400 * hops, 20)(timeMs, out)
    const world = await gather([northwards(0, 0, 20), hopping])
    const [anna, ben] = world.convoys as [Convoy, Convoy]
    const warned = recordOf(ben, 'warned')
    await world.drive(5)
    for (hops = 1; hops <= 3; hops++) await world.drive(5)
    expect(warned.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
      'teleport warning',
      'teleport slow-lane',
    ])
    expect(isGhost(anna, ben)).toBe(true)
    const state = ben.self.restricted
    expect(state?.detail).toMatch(/Your vehicle jumped \d+ m further than its speed explains\./)
  }, 60_000)
})

describe('the option enforcement', () => {
  it('is refused where it makes no sense, before anybody is told anything', async () => {
    driven = new DrivenWorld()
    const wrong = { witnesses: 0 }
    await expect(driven.gather([standing(1, 1)], { enforcement: wrong })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('enforcement.witnesses') as string,
    })
  })
})
