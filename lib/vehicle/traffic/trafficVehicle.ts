import { emptyVehicleState, type VehicleState } from '../../protocol/index.ts'
import { dequantise, emptyCodes, emptyKnown, quantise } from '../codec/index.ts'
import { fadeInMs } from '../constants.ts'
import { Playout } from '../playout.ts'
import { endFadeMs } from './constants.ts'
import type { RemoteTrafficVehicle } from './types.ts'

const codes = emptyCodes()

/** A vehicle of traffic as this member knows it, its own ones included. */
export class TrafficVehicle implements RemoteTrafficVehicle {
  readonly id: number
  readonly model: string
  /** Whose it is: the spawner's, until the arbiter gives it to somebody else. */
  ownerId: string
  /** How often it was given to somebody. */
  number: number
  /** Under which its owner announced it; undefined while it has not, or is not linked. */
  index: number | undefined
  /** When the owner was last known to announce it, ms. */
  claimedAt: number
  /** Whether its owner left the session. */
  orphaned = false
  /** Whether it is within what the rules let its owner have. */
  within = false
  /** Whether it was not counted yet. */
  isNew = true
  /** Since when nobody will take it over, ms: it fades. */
  endedAt = Infinity
  /** Own ones only: who is clearly nearer and since when, and when that member was last offered it, ms. */
  nearerId = ''
  nearerSince = 0
  offeredAt = -Infinity
  readonly playout = new Playout({ fades: false })
  readonly state: VehicleState = emptyVehicleState()
  ageMs = 0
  opacity = 0

  constructor(id: number, model: string, ownerId: string, number: number, now: number) {
    this.id = id
    this.model = model
    this.ownerId = ownerId
    this.number = number
    this.claimedAt = now
  }

  /** Fills what is handed out with how it is at `now`; false when there is nothing to show. */
  show(now: number): boolean {
    const fade = 1 - Math.max(0, now - this.endedAt) / endFadeMs
    if (!this.within || fade <= 0 || !this.playout.sample(now, this.state)) return false
    this.ageMs = this.playout.ageMs(now)
    this.opacity = this.playout.opacity(now) * fade
    return true
  }

  /** Rounds the state to one that can be sent. */
  settle(): void {
    quantise(this.state, codes)
    dequantise(codes, this.state)
  }

  /** Lets it be shown from where it is, until its new owner is heard. */
  showFromHere(now: number): void {
    const known = emptyKnown()
    quantise(this.state, known.codes)
    this.playout.reset()
    // As if long received, for it was there all along: it must not fade in.
    this.playout.receive(known, { sampledAt: now, sentAt: now }, now - fadeInMs, 0)
  }
}
