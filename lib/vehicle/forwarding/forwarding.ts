import { isConvoyError, SerialQueue, type Cancel } from '../../core/index.ts'
import { peekEnvelope, VerificationBudget } from '../../identity/index.ts'
import { decodeMessage } from '../../protocol/index.ts'
import { forwardChannel, type RecordMember, type Session } from '../../session/index.ts'
import type { VehiclePublisher } from '../publisher.ts'
import type { VehicleReceiver } from '../vehicleReceiver.ts'
import {
  digestsWaiting,
  digestVerifications,
  forwardEveryMs,
  forwardMessagesAtOnce,
  forwardMessagesPerSecond,
} from './constants.ts'
import { openDigest } from './digest.ts'
import { DigestPublisher } from './digestPublisher.ts'
import { Forwarder, type ForwardedForOthers } from './forwarder.ts'
import { forwardMessageBytes, forwardMessageSchema } from './forwardMessages.ts'
import { Reception, type ForwardedMember } from './reception.ts'

/** What a {@link Forwarding} stands on. */
export interface ForwardingParts {
  readonly session: Session
  readonly vehicles: VehicleReceiver
  readonly publisher: VehiclePublisher
}

/**
 * Vehicles of members that have no link to each other, forwarded by common neighbours and proved by the digests that
 * their drivers sign: docs/protocol/05a-forwarding.md. Every member may need it, do it for others, and sign.
 */
export class Forwarding {
  readonly #session: Session
  readonly #reception: Reception
  readonly #forwarder: Forwarder
  readonly #digests: DigestPublisher
  readonly #verifications: VerificationBudget
  /** Digests are checked one after the other. */
  readonly #checks: SerialQueue
  readonly #stopTimer: Cancel

  constructor({ session, vehicles, publisher }: ForwardingParts) {
    const { clock, dropped, logger } = session.environment
    this.#session = session
    this.#reception = new Reception(session, vehicles)
    this.#forwarder = new Forwarder(session)
    this.#digests = new DigestPublisher(session, publisher)
    this.#verifications = new VerificationBudget({ clock, ...digestVerifications })
    this.#checks = new SerialQueue((error) => {
      const reason = isConvoyError(error) ? error.code : 'internal'
      dropped.add(`digest-${reason}`)
      logger.debug('A digest was refused.', { reason, error })
    })
    vehicles.observer = (memberId, update, times) => this.#forwarder.observe(memberId, update, times)
    session.onChannel(forwardChannel, (from, body) => this.#receive(from, body), {
      perSecond: forwardMessagesPerSecond,
      atOnce: forwardMessagesAtOnce,
    })
    const { events } = session
    const review = (): void => this.#reception.review(clock.now())
    events.on('linkReady', review)
    events.on('memberChanged', review)
    events.on('linkGone', ({ member }) => {
      this.#forwarder.forget(member.id)
      this.#digests.forget(member.id)
    })
    events.on('memberLeft', ({ member }) => this.#reception.forget(member.id))
    this.#stopTimer = clock.every(forwardEveryMs, () => this.#tick(clock.now()))
  }

  /** Members whose vehicles came through others so far. */
  get received(): ForwardedMember[] {
    return this.#reception.stats
  }

  /** What this member forwarded for others so far. */
  get forOthers(): ForwardedForOthers {
    return this.#forwarder.stats
  }

  /** Whether a member forwards this member's own vehicle to others. */
  isForwardedBy(memberId: string): boolean {
    return this.#digests.isWantedBy(memberId)
  }

  /** Takes a state payload of kind {@link forwardPayloadKind}; as `VehicleReceiver.receive`. */
  receive(
    forwarder: RecordMember,
    payload: Uint8Array,
    sentAt: number,
    receivedAt: number,
    clockOffset: number | undefined,
  ): void {
    this.#reception.receive(forwarder, payload, sentAt, receivedAt, clockOffset)
  }

  /** Stops. Idempotent. */
  close(): void {
    this.#stopTimer()
  }

  #tick(now: number): void {
    this.#reception.review(now)
    this.#forwarder.tick(now)
    this.#digests.tick(now)
  }

  #receive(from: RecordMember, body: Uint8Array): void {
    const { clock, dropped } = this.#session.environment
    try {
      const message = decodeMessage(forwardMessageSchema, body, forwardMessageBytes)
      switch (message.type) {
        case 'forward':
          return this.#forwarder.ask(from, message.origin, message.on)
        case 'refused':
          return this.#reception.refused(from.id, message.origin, clock.now())
        case 'digests':
          return this.#digests.want(from.id, message.on)
        case 'digest':
          return this.#receiveDigest(from, message.envelope)
      }
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(from.id, `forward-${error.code}`)
    }
  }

  #receiveDigest(from: RecordMember, envelope: Uint8Array): void {
    const { dropped } = this.#session.environment
    const signKey = peekEnvelope(envelope)?.signKey
    const origin = signKey && this.#session.record.state.member(signKey)
    const wanted =
      origin !== undefined &&
      (origin.id === from.id
        ? this.#forwarder.forwards(origin.id)
        : this.#reception.awaits(origin.id, from.id))
    if (!wanted) return dropped.addFrom(from.id, 'digest-unasked')
    if (this.#checks.length >= digestsWaiting || !this.#verifications.tryTake(origin.id)) {
      return dropped.addFrom(from.id, 'digest-rate')
    }
    this.#checks.add(async () => {
      const digest = await openDigest(this.#session, origin, envelope)
      if (origin.id === from.id) this.#forwarder.passOn(origin.id, envelope, digest)
      else this.#reception.takeDigest(origin.id, from.id, digest)
    })
  }
}
