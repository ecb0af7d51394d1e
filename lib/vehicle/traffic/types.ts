import type { Listenable } from '../../core/index.ts'
import type { VehicleState } from '../../protocol/index.ts'

/** A vehicle of another member's traffic at frame time. Object and state are reused: copy what you keep. */
export interface RemoteTrafficVehicle {
  /** The same for everybody, as long as the vehicle exists, whoever owns it. */
  readonly id: number
  /** Fingerprint of the member that simulates it. */
  readonly ownerId: string
  /** What its spawner called it. */
  readonly model: string
  readonly state: Readonly<VehicleState>
  /** Milliseconds since the newest update was sampled by its owner. */
  readonly ageMs: number
  /** How much of it to draw, 0…1. */
  readonly opacity: number
}

/**
 * Why a vehicle is no more: its owner removed it; the rules have no traffic, or no room for it; or its owner is gone and
 * nobody took it over.
 */
export type TrafficEnd = 'owner' | 'rule' | 'limit' | 'abandoned'

/** Events of {@link Traffic}. */
export type TrafficEvents = {
  /** This member owns the vehicle from now on: go on simulating it from `state`, and set it as your own ones. */
  adopted: { id: number; model: string; state: VehicleState }
  /** The vehicle is another member's from now on: stop simulating it, and draw it as it is sampled. */
  released: { id: number; toMemberId: string }
  /** The vehicle is no more. Not told of those that this program removed. */
  removed: { id: number; reason: TrafficEnd }
}

/** How a vehicle is spawned. */
export interface SpawnOptions {
  /** What others are to draw, in your program's words: at most 48 characters. */
  readonly model?: string
  /** When the state was true, ms of the convoy's clock (default now). */
  readonly sampledAt?: number
}

/**
 * Vehicles that no player drives. Each is simulated by one member, its owner; the others see it as they see trucks. When its
 * owner leaves, or another member is clearly nearer, somebody else goes on with it.
 * @example
 * ```ts
 * const id = convoy.traffic.spawn(state, { model: 'vehicle.ai.van' })
 * convoy.traffic.set(id, nextState) // as often as it is simulated
 * convoy.traffic.on('adopted', ({ id, model, state }) => simulation.take(id, model, state))
 * convoy.traffic.on('released', ({ id }) => simulation.drop(id))
 * convoy.traffic.on('removed', ({ id }) => simulation.drop(id))
 * for (const { id, model, state } of convoy.traffic.sample()) draw(id, model, state)
 * ```
 */
export interface Traffic extends Listenable<TrafficEvents> {
  /**
   * Brings a vehicle into being, which this member owns.
   * @returns its id.
   * @throws ConvoyError `traffic-limit` when the rules have no room for it; `not-permitted` for spectators and where the
   * rule `traffic` is off; `invalid-vehicle`; `invalid-argument`; `closed`.
   */
  spawn(state: Readonly<VehicleState>, options?: SpawnOptions): number
  /**
   * Sets where a vehicle is now, as {@link Convoy.setVehicle} does.
   * @returns false when it is not this member's, or not any more.
   * @throws ConvoyError `invalid-vehicle`, `invalid-argument`.
   */
  set(id: number, state: Readonly<VehicleState>, sampledAt?: number): boolean
  /** Removes a vehicle for everybody. @returns false when it is not this member's, or not any more. */
  remove(id: number): boolean
  /** Ids of the vehicles that this member owns. A fresh array at each call. */
  owned(): number[]
  /**
   * The vehicles of the others at local time `now` (milliseconds of the convoy's clock, by default its current
   * time). Allocates nothing: the same array and objects are filled at each call.
   */
  sample(now?: number): readonly RemoteTrafficVehicle[]
}
