import { ConvoyError, equalBytes, isConvoyError, SerialQueue, TokenBucket } from '../core/index.ts'
import { openEnvelope, ReplayGuard, sealMessage, signEnvelope } from '../identity/index.ts'
import { decodeMessage, encodeMessage } from '../protocol/index.ts'
import {
  passChannel,
  passedBytesAtOnce,
  passedBytesPerSecond,
  passedMessagesWaiting,
  passLifetimeMs,
  passRefusalMs,
} from './constants.ts'
import { opening } from './environment.ts'
import { isNeighbour, neighboursToAsk } from './neighbours.ts'
import {
  passedBodyBytes,
  passedContentSchema,
  passMessageBytes,
  passMessageSchema,
  type PassedContent,
  type PassMessage,
} from './passMessages.ts'
import type { Peer } from './peer.ts'
import type { RecordMember } from './recordState.ts'
import type { Session } from './session.ts'

/** Takes a message that was passed on, as if it had come on its author's own link. */
export type PassedHandler = (author: RecordMember, channel: string, body: Uint8Array) => void

/**
 * Brings channel messages to members that there is no link to, by way of a common neighbour, which can neither read nor
 * change them ([FWD-10] to [FWD-12]).
 */
export class Passing {
  readonly #session: Session
  readonly #deliver: PassedHandler
  readonly #replays = new ReplayGuard()
  /** Bytes that each member may have passed on. */
  readonly #budgets = new Map<string, TokenBucket>()
  /** Until when a neighbour, by its id and the addressee's, is not asked. */
  readonly #refusals = new Map<string, number>()
  readonly #outgoing: SerialQueue
  readonly #incoming: SerialQueue

  constructor(session: Session, deliver: PassedHandler) {
    const { dropped, logger } = session.environment
    this.#session = session
    this.#deliver = deliver
    const refused = (error: unknown): void => {
      const reason = isConvoyError(error) ? error.code : 'internal'
      dropped.add(`pass-${reason}`)
      logger.debug('A message that was to be passed on was refused.', { reason, error })
    }
    this.#outgoing = new SerialQueue(refused)
    this.#incoming = new SerialQueue(refused)
  }

  /** Has a neighbour bring a message to `peer`; false when there is none that could, or it is too large. */
  send(peer: Peer, channel: string, body: Uint8Array): boolean {
    const { environment, self, record } = this.#session
    const { member } = peer
    if (body.length > passedBodyBytes || this.#outgoing.length >= passedMessagesWaiting) return false
    if (this.#neighbourFor(peer) === undefined) return false
    const content: PassedContent = {
      sessionId: record.sessionId,
      from: self.incarnation,
      to: member.incarnation,
      channel,
      body,
    }
    const bytes = encodeMessage(passedContentSchema, content, passMessageBytes)
    this.#outgoing.add(async () => {
      const envelope = await signEnvelope(
        environment.identity,
        { purpose: 'message', body: bytes, audience: member.signKey, lifetimeMs: passLifetimeMs },
        environment,
      )
      const sealed = sealMessage(member.boxKey, envelope, environment.random)
      // Looked for again: it may have gone meanwhile.
      const neighbour = this.#neighbourFor(peer)
      if (neighbour === undefined) return environment.dropped.add('pass-no-neighbour')
      this.#say(neighbour.member.id, { type: 'pass', to: member.signKey, sealed })
    })
    return true
  }

  /** Takes what a member says on {@link passChannel}. Never throws. */
  receive(from: RecordMember, body: Uint8Array): void {
    const { clock, dropped } = this.#session.environment
    try {
      const message = decodeMessage(passMessageSchema, body, passMessageBytes)
      if (message.type === 'pass') return this.#passOn(from, message.to, message.sealed)
      if (message.type === 'passed') return this.#take(from, message.from, message.sealed)
      const to = this.#session.record.state.member(message.to)
      dropped.addFrom(from.id, 'pass-unreached')
      if (to !== undefined) this.#refusals.set(keyOf(from.id, to.id), clock.now() + passRefusalMs)
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(from.id, `pass-${error.code}`)
    }
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.#budgets.delete(memberId)
    for (const key of this.#refusals.keys()) if (key.includes(memberId)) this.#refusals.delete(key)
  }

  /** Who has it passed on: the one that forwards its vehicle, since that one is linked with it, or the best other. */
  #neighbourFor({ member, via }: Peer): Peer | undefined {
    const now = this.#session.environment.clock.now()
    const mayAsk = (id: string): boolean => (this.#refusals.get(keyOf(id, member.id)) ?? 0) <= now
    const forwarder = via === undefined ? undefined : this.#session.peer(via)
    if (isNeighbour(forwarder) && mayAsk(forwarder.member.id)) return forwarder
    return neighboursToAsk(this.#session).find((each) => mayAsk(each.member.id))
  }

  #passOn(from: RecordMember, toKey: Uint8Array, sealed: Uint8Array): void {
    const { dropped } = this.#session.environment
    const to = this.#session.record.state.member(toKey)
    if (!this.#budgetOf(from.id).tryTake(sealed.length)) return dropped.addFrom(from.id, 'pass-rate')
    if (to === undefined || to.id === from.id || !isNeighbour(this.#session.peer(to.id))) {
      dropped.addFrom(from.id, 'pass-refused')
      return this.#say(from.id, { type: 'unpassed', to: toKey })
    }
    this.#say(to.id, { type: 'passed', from: from.signKey, sealed })
  }

  #take(neighbour: RecordMember, authorKey: Uint8Array, sealed: Uint8Array): void {
    const { dropped } = this.#session.environment
    const author = this.#session.record.state.member(authorKey)
    const present = author !== undefined && this.#session.peer(author.id)?.member === author
    if (!present) return dropped.addFrom(neighbour.id, 'pass-author-unknown')
    // The budget is the neighbour's: whose name it puts on what it brings is its word until the signature is checked.
    if (this.#incoming.length >= passedMessagesWaiting || !this.#session.verifications.tryTake(neighbour.id))
      return dropped.addFrom(neighbour.id, 'pass-rate')
    this.#incoming.add(() => this.#open(author, sealed))
  }

  async #open(author: RecordMember, sealed: Uint8Array): Promise<void> {
    const { environment, self, record } = this.#session
    const envelope = environment.identity.unseal(sealed)
    if (envelope === undefined) throw new ConvoyError('message-unauthentic', 'The seal does not open.')
    const { body } = await openEnvelope(envelope, {
      ...opening(environment),
      purpose: 'message',
      audience: self.signKey,
      requireAudience: true,
      signer: author.signKey,
      maxBytes: passMessageBytes,
      replays: this.#replays,
    })
    const content = decodeMessage(passedContentSchema, body, passMessageBytes)
    const fits =
      equalBytes(content.sessionId, record.sessionId) &&
      equalBytes(content.from, author.incarnation) &&
      equalBytes(content.to, self.incarnation) &&
      this.#session.peer(author.id)?.member === author
    if (!fits) throw new ConvoyError('message-misaddressed', 'The message is for another process or session.')
    this.#deliver(author, content.channel, content.body)
  }

  #say(memberId: string, message: PassMessage): void {
    const bytes = encodeMessage(passMessageSchema, message, passMessageBytes)
    const { control } = this.#session.peer(memberId) ?? {}
    control?.send({ type: 'channel', channel: passChannel, body: bytes })
  }

  #budgetOf(memberId: string): TokenBucket {
    const known = this.#budgets.get(memberId)
    if (known !== undefined) return known
    const { clock } = this.#session.environment
    const budget = new TokenBucket(clock, passedBytesPerSecond, passedBytesAtOnce)
    this.#budgets.set(memberId, budget)
    return budget
  }
}

const keyOf = (neighbourId: string, addresseeId: string): string => `${neighbourId} ${addresseeId}`
