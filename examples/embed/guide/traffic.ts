import { isConvoyError, type Convoy, type VehicleState } from 'openconvoy'

/** What a game offers to simulate vehicles that nobody drives, and to draw those that others simulate. */
export interface TrafficGame {
  /** Goes on with a vehicle from `state`; `step` then tells where it is. */
  take(id: number, model: string, state: VehicleState): void
  drop(id: number): void
  /** Where each vehicle is that the game simulates, one frame on. */
  step(): Iterable<readonly [id: number, state: VehicleState]>
  draw(id: number, model: string, state: Readonly<VehicleState>, opacity: number): void
}

/** Shares traffic: whatever becomes this member's the game simulates, and stops when it is somebody else's. */
export function shareTraffic({ traffic }: Convoy, game: TrafficGame): void {
  traffic.on('adopted', ({ id, model, state }) => game.take(id, model, state))
  traffic.on('released', ({ id }) => game.drop(id))
  traffic.on('removed', ({ id }) => game.drop(id))
}

/** Brings a vehicle into being; false where the rules have no room, which is no mistake: try again some time. */
export function spawn({ traffic }: Convoy, game: TrafficGame, model: string, state: VehicleState): boolean {
  try {
    game.take(traffic.spawn(state, { model }), model, state)
    return true
  } catch (error) {
    if (isConvoyError(error, 'traffic-limit') || isConvoyError(error, 'not-permitted')) return false
    throw error
  }
}

/** Called once per frame of the game. */
export function driveTraffic({ traffic }: Convoy, game: TrafficGame): void {
  for (const [id, state] of game.step()) traffic.set(id, state)
  for (const { id, model, state, opacity } of traffic.sample()) game.draw(id, model, state, opacity)
}
