import { concat } from '../core/index.ts'
import type { Session } from '../session/index.ts'
import { SampleLog, type SentSample } from '../vehicle/index.ts'
import {
  askersAtMost,
  digestEveryMs,
  firstDigestMs,
  messagesPerDigest,
  samplesPerDigest,
  strainedForMs,
} from './constants.ts'
import { hashOfMessage, signEvidence } from './evidenceDigest.ts'
import { sendEvidence } from './evidenceMessages.ts'

interface Asker {
  readonly memberId: string
  readonly samples: SampleLog
  dueAt: number
  /** When its line was found full last. */
  strainedAt: number
}

/** Signs for those who ask what this member sent to each of them ([EVD-3], [EVD-4]). */
export class EvidenceSigner {
  readonly #session: Session
  readonly #isStrained: (memberId: string) => boolean
  readonly #askers = new Map<string, Asker>()
  /** Hashes of what was said to each member lately, asked or not: who hears something asks only then. */
  readonly #messages = new Map<string, Uint8Array[]>()
  #signing = false
  // One message goes to many.
  #lastBody: Uint8Array | undefined
  #lastHash: Uint8Array | undefined

  /** @param isStrained - whether the line to a member is full, so that vehicles need all of it. */
  constructor(session: Session, isStrained: (memberId: string) => boolean) {
    this.#session = session
    this.#isStrained = isStrained
  }

  /** A member wants digests from now on, or no longer. */
  want(memberId: string, on: boolean): void {
    if (!on) {
      this.#askers.delete(memberId)
      return
    }
    if (this.#askers.has(memberId)) return
    if (this.#askers.size >= askersAtMost) {
      return this.#session.environment.dropped.addFrom(memberId, 'evidence-askers')
    }
    const dueAt = this.#session.environment.clock.now() + firstDigestMs
    this.#askers.set(memberId, {
      memberId,
      samples: new SampleLog(samplesPerDigest),
      dueAt,
      strainedAt: -Infinity,
    })
  }

  /** Notes a sample that went to a member. Allocates nothing. */
  noteSample(memberId: string, sample: Readonly<SentSample>): void {
    this.#askers.get(memberId)?.samples.note(sample)
  }

  /** Notes a message that went to a member. */
  noteMessage(memberId: string, channel: string, body: Uint8Array): void {
    const hash =
      body === this.#lastBody && this.#lastHash !== undefined ? this.#lastHash : hashOfMessage(channel, body)
    this.#lastBody = body
    this.#lastHash = hash
    const hashes = this.#messages.get(memberId) ?? []
    this.#messages.set(memberId, hashes)
    if (hashes.push(hash) > messagesPerDigest) hashes.shift()
  }

  /** The link to a member is gone. */
  forget(memberId: string): void {
    this.#askers.delete(memberId)
    this.#messages.delete(memberId)
  }

  /** Signs for the member that waits longest, if one's time has come. */
  tick(now: number): void {
    if (this.#signing) return
    let next: Asker | undefined
    for (const asker of this.#askers.values()) {
      if (this.#isStrained(asker.memberId)) asker.strainedAt = now
      // The next digest covers what this one would have.
      if (now - asker.strainedAt < strainedForMs) continue
      if (asker.dueAt <= now && asker.dueAt < (next?.dueAt ?? Infinity)) next = asker
    }
    if (next !== undefined) this.#serve(next, now)
  }

  #serve(asker: Asker, now: number): void {
    const { memberId } = asker
    asker.dueAt = now + digestEveryMs
    const recipient = this.#session.peer(memberId)?.member
    const samples = asker.samples.take() ?? null
    const messages = concat(...(this.#messages.get(memberId)?.splice(0) ?? []))
    if (recipient === undefined || (samples === null && messages.length === 0)) return
    this.#signing = true
    signEvidence(this.#session, recipient, { samples, messages })
      .then((envelope) => sendEvidence(this.#session, memberId, { type: 'digest', envelope }))
      .catch((error: unknown) => {
        this.#session.environment.logger.error('A digest could not be signed.', { error })
      })
      .finally(() => (this.#signing = false))
  }
}
