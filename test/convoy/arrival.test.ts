import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyVehicleState, vehicleFlags, type Convoy } from '../../lib/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
beforeEach(() => {
  world = new SimulatedWorld()
})
afterEach(async () => {
  await world.close()
})

const at = (x: number) => ({ ...emptyVehicleState(), x, y: 10, z: 5 })

/** Whether `watcher` sees the vehicle of `driver` as a ghost; undefined while it sees none. */
function isGhost(watcher: Convoy | undefined, driver: Convoy): boolean | undefined {
  const seen = watcher?.vehicles.sample().find(({ memberId }) => memberId === driver.self.id)
  return seen === undefined ? undefined : (seen.state.flags & vehicleFlags.ghost) !== 0
}

describe('a newcomer', () => {
  it('[VEH-67] is a ghost to all until it sees all that were there', async () => {
    const [anna, ben] = await world.convoy('Anna', 'Ben')
    anna?.setVehicle(at(100))
    ben?.setVehicle(at(120))
    await world.clock.run(15_000)
    // Its link to Ben takes a while; after two seconds Anna would forward.
    const heal = world.network.cut('Cleo', 'Ben')
    const cleo = await world.join('Cleo', anna?.invite ?? '')
    cleo.setVehicle(at(110))
    await world.clock.run(1_500)
    expect(isGhost(anna, cleo)).toBe(true)
    heal()
    await world.clock.runUntil(() => cleo.vehicles.sample().length === 2)
    await world.clock.run(1_000)
    expect([isGhost(anna, cleo), isGhost(ben, cleo)]).toEqual([false, false])
    // Those who were there never were.
    expect([isGhost(cleo, anna!), isGhost(cleo, ben!)]).toEqual([false, false])
  })

  it('[VEH-67] waits neither for members without a vehicle nor for one that nothing comes of', async () => {
    const [anna] = await world.convoy('Anna', 'Ben')
    await world.clock.run(15_000)
    const cleo = await world.join('Cleo', anna?.invite ?? '')
    cleo.setVehicle(at(110))
    await world.clock.run(4_000)
    expect(isGhost(anna, cleo)).toBe(false)
    world.network.cut('Dora', 'Ben')
    const dora = await world.join('Dora', anna?.invite ?? '')
    dora.setVehicle(at(130))
    await world.clock.run(5_000)
    expect(isGhost(anna, dora)).toBe(true)
    await world.clock.run(7_000)
    expect(isGhost(anna, dora)).toBe(false)
  })
})
