import { toHex, type Clock } from '../core/index.ts'
import type { RecordState } from './recordState.ts'

interface Reservation {
  slot: number
  until: number
}

/** Gives out slots: the lowest free one, but to a key that left lately the one it had ([ADM-12]). */
export class SlotTable {
  readonly #clock: Clock
  readonly #reservationMs: number
  readonly #reserved = new Map<string, Reservation>()

  constructor(clock: Clock, reservationMs: number) {
    this.#clock = clock
    this.#reservationMs = reservationMs
  }

  /** The slot for `signKey`, or undefined when all are taken. */
  find(state: RecordState, signKey: Uint8Array): number | undefined {
    this.#forgetExpired()
    const present = state.member(signKey)
    if (present !== undefined) return present.slot
    const key = toHex(signKey)
    const taken = new Set(state.members.map((member) => member.slot))
    for (const [owner, { slot }] of this.#reserved) if (owner !== key) taken.add(slot)
    // Slots above `maxPlayers` are taken where the rule was lowered while driving.
    if (taken.size >= state.rules.maxPlayers) return undefined
    const own = this.#reserved.get(key)
    if (own !== undefined) return own.slot
    for (let slot = 0; slot < state.rules.maxPlayers; slot++) if (!taken.has(slot)) return slot
    return undefined
  }

  /** Keeps `slot` for a member that left, for a while. */
  reserve(signKey: Uint8Array, slot: number): void {
    this.#forgetExpired()
    this.#reserved.set(toHex(signKey), { slot, until: this.#clock.now() + this.#reservationMs })
  }

  /** Gives up a reservation. */
  release(signKey: Uint8Array): void {
    this.#reserved.delete(toHex(signKey))
  }

  #forgetExpired(): void {
    const now = this.#clock.now()
    for (const [key, { until }] of this.#reserved) if (until <= now) this.#reserved.delete(key)
  }
}
