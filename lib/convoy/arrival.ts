import type { Cancel } from '../core/index.ts'
import type { Session } from '../session/index.ts'
import type { VehiclePublisher, VehicleReceiver } from '../vehicle/index.ts'

/** Gap between two looks, ms: half a second more as a ghost disturbs nobody. */
const lookEveryMs = 250

/**
 * Longest time as a ghost, ms: links to the others take a few seconds, and who sends nothing has no vehicle. A member
 * that never comes to be linked must not keep a newcomer a ghost.
 */
const longestMs = 10_000

/** How long a linked member may take for its first word, ms, before it counts as one without a vehicle. */
const firstWordMs = 2_000

/**
 * Publishes a newcomer's vehicle as a ghost until it sees those who were there before, [VEH-67]: else it would drive
 * through a crowd that isn't on its screen yet.
 */
export class Arrival {
  readonly #session: Session
  readonly #receiver: VehicleReceiver
  readonly #publisher: VehiclePublisher
  readonly #startedAt: number
  readonly #linkedAt = new Map<string, number>()
  readonly #cancel: Cancel

  constructor(session: Session, receiver: VehicleReceiver, publisher: VehiclePublisher) {
    const { clock } = session.environment
    this.#session = session
    this.#receiver = receiver
    this.#publisher = publisher
    this.#startedAt = clock.now()
    this.#cancel = clock.every(lookEveryMs, () => this.#look())
    if (!this.#hasArrived()) publisher.ghost = true
    else this.#cancel()
  }

  /** Looks no more. Idempotent. */
  close(): void {
    this.#cancel()
  }

  #look(): void {
    if (!this.#hasArrived()) return
    this.#cancel()
    this.#publisher.ghost = false
  }

  #hasArrived(): boolean {
    const now = this.#session.environment.clock.now()
    if (now - this.#startedAt >= longestMs) return true
    let awaited = 0
    for (const { member, admitted } of this.#session.peers()) {
      if (member.vehicleClass === null || this.#receiver.hasHeard(member.id)) continue
      const linkedAt = this.#linkedAt.get(member.id) ?? now
      if (admitted) this.#linkedAt.set(member.id, linkedAt)
      if (!admitted || now - linkedAt < firstWordMs) awaited++
    }
    return awaited === 0
  }
}
