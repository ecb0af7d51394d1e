import type { Session } from '../../session/index.ts'
import type { VehiclePublisher } from '../publisher.ts'
import { digestEveryMs } from './constants.ts'
import { signDigest } from './digest.ts'
import { sendForward } from './forwardMessages.ts'
import { SampleLog } from './sampleLog.ts'

/**
 * Signs digests of what this member publishes, once a second, for as long as somebody wants them ([FWD-5]). What it
 * published is noted all the time, so that the first digest covers what is forwarded until its driver was asked for it.
 */
export class DigestPublisher {
  readonly #session: Session
  readonly #wanting = new Set<string>()
  readonly #log = new SampleLog()
  #dueAt = 0
  #signing = false

  constructor(session: Session, publisher: VehiclePublisher) {
    this.#session = session
    publisher.observer = (sample) => this.#log.note(sample)
  }

  /** Sends digests to a member from now on, or no longer. */
  want(memberId: string, on: boolean): void {
    if (on) this.#wanting.add(memberId)
    else this.forget(memberId)
  }

  /** Whether a member wants digests, so that it forwards this one's vehicle. */
  isWantedBy(memberId: string): boolean {
    return this.#wanting.has(memberId)
  }

  /** Sends none to a member whose link is gone. */
  forget(memberId: string): void {
    this.#wanting.delete(memberId)
  }

  /** Signs what was published since the last time, once a second. */
  tick(now: number): void {
    if (now < this.#dueAt || this.#signing) return
    this.#dueAt = now + digestEveryMs
    if (this.#wanting.size === 0) return this.#log.skip()
    const samples = this.#log.take()
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
}
