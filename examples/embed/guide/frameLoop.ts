import { vehicleFlags, type Convoy, type VehicleState } from 'openconvoy'

/** What a game offers to draw with, and what it knows of its own truck. */
export interface Game {
  /** The player's truck as the SDK gives it; null in menus, where there is none. */
  ownTruck(): VehicleState | null
  drawTruck(memberId: string, state: Readonly<VehicleState>, opacity: number, collides: boolean): void
}

/** Called once per frame of the game. */
export function drawFrame(convoy: Convoy, game: Game): void {
  convoy.setVehicle(game.ownTruck())
  for (const { memberId, state, opacity } of convoy.vehicles.sample()) {
    // Nobody shall crash into what is fading away, or into a truck whose driver asked for no collisions.
    const collides = opacity === 1 && (state.flags & vehicleFlags.ghost) === 0
    game.drawTruck(memberId, state, opacity, collides)
  }
}
