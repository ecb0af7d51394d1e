import { expect } from 'vitest'
import { emptyVehicleState, type Convoy, type JoinOptions, type VehicleState } from '../../../lib/index.ts'
import { isFullyConnected, SimulatedWorld } from '../../support/simulatedWorld.ts'

/** A vehicle at (x, 10, z) that drives north. */
export function at(x: number, z = 0, speed = 0): VehicleState {
  return { ...emptyVehicleState(), x, y: 10, z, velocityZ: -speed }
}

/** A program that goes on with every vehicle it is given. */
export class Simulation {
  readonly adopted: number[] = []
  readonly released: number[] = []
  readonly removed: [id: number, reason: string][] = []
  readonly states = new Map<number, VehicleState>()

  constructor(convoy: Convoy) {
    convoy.traffic.on('adopted', ({ id, state }) => {
      this.adopted.push(id)
      this.states.set(id, state)
    })
    convoy.traffic.on('released', ({ id }) => this.released.push(id))
    convoy.traffic.on('removed', ({ id, reason }) => this.removed.push([id, reason]))
  }
}

/** What a member sees of traffic, by id. */
export function seenBy(
  convoy: Convoy,
): Map<number, { ownerId: string; x: number; z: number; opacity: number }> {
  return new Map(
    convoy.traffic
      .sample()
      .map(({ id, ownerId, state, opacity }) => [id, { ownerId, x: state.x, z: state.z, opacity }]),
  )
}

/** Whose each vehicle is, as `convoy` has it, its own ones included. */
export function ownersBy(convoy: Convoy): Map<number, string> {
  const owners = new Map(convoy.traffic.owned().map((id) => [id, convoy.self.id]))
  for (const { id, ownerId } of convoy.traffic.sample()) {
    expect(owners.has(id)).toBe(false)
    owners.set(id, ownerId)
  }
  return owners
}

/** All agree on which vehicles there are and whose they are, and each is owned by exactly one. */
export function expectAgreement(convoys: readonly Convoy[]): void {
  const [first] = convoys
  if (first === undefined) return
  const owners = sorted(ownersBy(first))
  for (const convoy of convoys) expect(sorted(ownersBy(convoy))).toEqual(owners)
  const owned = convoys.flatMap((convoy) => convoy.traffic.owned()).sort((a, b) => a - b)
  expect(owned).toEqual(owners.map(([id]) => id))
}

const sorted = (owners: Map<number, string>): [number, string][] => [...owners].sort(([a], [b]) => a - b)

/** A convoy of three whose programs take traffic over, with their trucks 100 m from each other. */
export async function convoyWithTraffic(
  conditions: ConstructorParameters<typeof SimulatedWorld>[0] = {},
  options: Partial<JoinOptions> = {},
) {
  const world = new SimulatedWorld(conditions)
  const anna = await world.host('anna', options)
  const convoys = [anna] as unknown as [Convoy, Convoy, Convoy]
  for (const name of ['ben', 'cleo']) convoys.push(await world.join(name, anna.invite, options))
  await world.clock.runUntil(() => convoys.every((convoy) => isFullyConnected(convoy, 3)))
  const simulations = convoys.map((convoy) => new Simulation(convoy))
  convoys.forEach((convoy, place) => convoy.setVehicle(at(100 * (place + 1))))
  await world.clock.run(1_000)
  return { world, convoys, simulations: simulations as [Simulation, Simulation, Simulation] }
}

export type ConvoyWithTraffic = Awaited<ReturnType<typeof convoyWithTraffic>>

export const droppedBy = (convoy: Convoy, name: string): number => convoy.stats().dropped[name] ?? 0
