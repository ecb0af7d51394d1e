import type { Session } from '../../session/index.ts'
import type { VehiclePublisher } from '../publisher.ts'
import { digestEveryMs } from './constants.ts'
import { signDigest } from './digest.ts'
import { sendForward } from './forwardMessages.ts'
import { SampleLog } from './sampleLog.ts'

/** Signs digests of what this member publishes, once a second, for as long as somebody wants them ([FWD-5]). */
export class DigestPublisher {
  readonly #session: Session
  readonly #publisher: VehiclePublisher
  readonly #wanting = new Set<string>()
  #log: SampleLog | undefined
  #dueAt = 0
  #signing = false

  constructor(session: Session, publisher: VehiclePublisher) {
    this.#session = session
    this.#publisher = publisher
  }

  /** Sends digests to a member from now on, or no longer. */
  want(memberId: string, on: boolean): void {
    if (!on) return this.forget(memberId)
    if (this.#wanting.size === 0) this.#begin()
    this.#wanting.add(memberId)
  }

  /** Sends none to a member whose link is gone. */
  forget(memberId: string): void {
    if (!this.#wanting.delete(memberId) || this.#wanting.size > 0) return
    this.#publisher.observer = undefined
  }

  /** Signs what was published since the last time, once a second. */
  tick(now: number): void {
    if (this.#wanting.size === 0 || now < this.#dueAt || this.#signing) return
    this.#dueAt = now + digestEveryMs
    const samples = this.#log?.take(this.#publisher.period)
    if (samples === undefined) return
    this.#signing = true
    signDigest(this.#session, samples)
      .then((envelope) => {
        for (const memberId of this.#wanting)
          sendForward(this.#session, memberId, { type: 'digest', envelope })
      })
      .catch((error: unknown) => {
        this.#session.environment.logger.error('A digest could not be signed.', { error })
      })
      .finally(() => (this.#signing = false))
  }

  #begin(): void {
    const log = (this.#log ??= new SampleLog())
    log.startAfter(this.#publisher.period)
    this.#publisher.observer = (period, time, state) => log.note(period, time, state)
    this.#dueAt = this.#session.environment.clock.now() + digestEveryMs
  }
}
