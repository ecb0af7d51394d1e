import {
  ConvoyError,
  isConvoyError,
  SerialQueue,
  toHex,
  TokenBucket,
  withDeadline,
  type Cancel,
} from '../../core/index.ts'
import { differingRules, type RulesChanges } from '../../protocol/index.ts'
import type { Peer } from '../peer.ts'
import type { Decision } from '../record.ts'
import type { RecordMember } from '../recordState.ts'
import type { Session } from '../session.ts'
import { longestWaitMs, requestsAtOnce, requestsPerSecond, requestTimeoutMs } from './constants.ts'
import { HostClock } from './hostClock.ts'
import { mutedMedia, type AskableChange, type MutedMedium } from './moderationChanges.ts'
import type { RecordedMute } from './moderationState.ts'
import { requestErrorCodes, type RequestErrorCode, type RequestMessage } from './requestMessages.ts'
import { openRequest, signRequest } from './requests.ts'
import type { ModerationScope, Role } from './roles.ts'

type MessageOf<Type extends RequestMessage['type']> = Extract<RequestMessage, { type: Type }>

/** Who may do what in a session, and how it is done: by the host itself, and by others through it. */
export class Moderation {
  readonly #session: Session
  readonly #hostClock: HostClock
  /** Requests of this peer that the host has not answered, by their id. */
  readonly #waiting = new Map<string, { resolve(): void; reject(error: unknown): void }>()
  /** What each member may ask this peer for. */
  readonly #budgets = new Map<string, TokenBucket>()
  /** Requests are checked one after the other, in the order in which they came. */
  readonly #incoming: SerialQueue
  /** Who is muted, as listeners know it. */
  #toldMutes = new Map<string, string>()
  #cancelUnmute: Cancel | undefined

  constructor(session: Session) {
    const { environment, record } = session
    this.#session = session
    this.#hostClock = new HostClock(environment.clock)
    const newest = record.entry(record.length - 1)
    if (newest !== undefined) this.#hostClock.observe(newest.epoch, newest.at)
    this.#incoming = new SerialQueue((error) =>
      environment.logger.debug('A request of a member came to nothing.', { error }),
    )
    this.#follow()
  }

  /** Milliseconds since the Unix epoch on the host's clock, by which bans and mutes end. */
  hostTime(): number {
    const { environment, isHost } = this.#session
    return isHost ? environment.clock.wallTime() : this.#hostClock.wallTime()
  }

  roleOf({ signKey }: RecordMember): Role {
    return this.#session.record.state.moderation.roleOf(signKey, this.#session.host.signKey)
  }

  scopesOf({ signKey }: RecordMember): readonly ModerationScope[] {
    return this.#session.record.state.moderation.scopesOf(signKey, this.#session.host.signKey)
  }

  /** What keeps a member from being heard on `medium`; undefined where nothing does. */
  muteOf({ signKey }: RecordMember, medium: MutedMedium): RecordedMute | undefined {
    return this.#session.record.state.moderation.muteOf(signKey, medium, this.hostTime())
  }

  /** On what a member is not heard. */
  mutedOn(member: RecordMember): MutedMedium[] {
    return mutedMedia.filter((medium) => this.muteOf(member, medium) !== undefined)
  }

  /** Sets rules, where they differ from those in force. */
  async setRules(changes: RulesChanges, signal?: AbortSignal): Promise<void> {
    const { hostRole, record } = this.#session
    if (hostRole !== undefined) return hostRole.changeRules(changes, signal)
    const differing = differingRules(record.state.rules, changes)
    await this.decide({ type: 'rules', changes: differing }, signal)
  }

  /**
   * Has something decided: as the host, or by asking it ([MOD-4]); resolves once it is committed.
   * @throws ConvoyError `not-permitted`; `host-gone` where there is none to ask; `authority-moved` when another one took over
   * meanwhile, `timeout` when no answer came, `no-majority`, `aborted`: after those it may come into force all the same;
   * `invalid-argument`, `rate-limited`, `closed`.
   */
  async decide(change: AskableChange, signal?: AbortSignal): Promise<void> {
    const { hostRole } = this.#session
    if (hostRole !== undefined) return hostRole.carryOut(change, undefined, signal)
    await this.#ask(change, signal)
  }

  /** Takes what members say about requests. */
  onMessage(peer: Peer, message: RequestMessage): void {
    if (message.type === 'request') this.#receive(peer, message)
    else this.#answered(peer, message)
  }

  /** Tells listeners of what an entry changed for whom. */
  applied(entry: Decision): void {
    const { change, epoch, at } = entry
    this.#hostClock.observe(epoch, at)
    switch (change.type) {
      case 'muted':
      case 'unmuted':
        this.#session.events.emit('moderated', entry)
        return this.#lookAtMutes()
      case 'banned':
      case 'unbanned':
        return this.#session.events.emit('moderated', entry)
      case 'granted':
      case 'restricted':
        return this.#changed(change.signKey)
      case 'rules':
        if (change.changes.moderatorList === undefined) return
        for (const { signKey } of this.#session.record.state.members) this.#changed(signKey)
        return
      default:
    }
  }

  /** What was asked of a host that is gone, or decides no longer, nobody will answer. */
  #follow(): void {
    const { events } = this.#session
    events.on('hostChanged', () => {
      const message = 'Another host decides by now. See whether it was decided, and ask again if not.'
      this.#rejectAll(new ConvoyError('authority-moved', message))
    })
    events.on('hostGone', () => {
      const message =
        'The host is gone. See whether it was decided once another one decides, and ask again if not.'
      this.#rejectAll(new ConvoyError('host-gone', message))
    })
    events.on('memberLeft', ({ member }) => this.#budgets.delete(member.id))
    events.on('closed', () => {
      this.#cancelUnmute?.()
      this.#rejectAll(new ConvoyError('closed', 'The convoy is closed.'))
    })
  }

  async #ask(change: AskableChange, signal: AbortSignal | undefined): Promise<void> {
    const { environment, record, host, self } = this.#session
    const by = self.signKey
    const author = { by, id: new Uint8Array(16), request: new Uint8Array(0) }
    const decided = { ...change, asked: author }
    // Asked here first, so that who may not is told at once, and costs the host nothing.
    const objection = record.state.moderation.objection(decided, host.signKey, this.hostTime())
    if (objection !== undefined) throw new ConvoyError('not-permitted', objection)
    const id = environment.random.bytes(16)
    const addressee = { sessionId: record.sessionId, host: host.signKey }
    const request = await signRequest(environment, addressee, id, change)
    const control = this.#session.peer(host.id)?.control
    const key = toHex(id)
    const answer = new Promise<void>((resolve, reject) => this.#waiting.set(key, { resolve, reject }))
    try {
      if (control?.send({ type: 'request', id, request }) !== true)
        throw new ConvoyError('host-gone', 'There is no host to ask right now. Try again soon.')
      const late = 'The host did not answer. It may decide it all the same.'
      await withDeadline(environment.clock, requestTimeoutMs, late, answer, signal)
    } finally {
      this.#waiting.delete(key)
    }
  }

  #answered(peer: Peer, { id, error }: MessageOf<'requested'>): void {
    const waiting = this.#waiting.get(toHex(id))
    const isHosts = peer.member.id === this.#session.host.id
    if (waiting === undefined || !isHosts)
      return this.#session.environment.dropped.addFrom(peer.member.id, 'requested-unexpected')
    if (error === null) waiting.resolve()
    else waiting.reject(new ConvoyError(error.code, error.message))
  }

  #receive(peer: Peer, { id, request }: MessageOf<'request'>): void {
    const { dropped } = this.#session.environment
    const { member } = peer
    if (!this.#budgetOf(member.id).tryTake() || !this.#session.verifications.tryTake(member.id)) {
      dropped.addFrom(member.id, 'request-rate')
      const message = 'Too many requests. Wait, and ask again.'
      return this.#answer(peer, id, new ConvoyError('rate-limited', message))
    }
    // Not awaited by who brings it: the decision waits for messages that come on the same link.
    this.#incoming.add(() => this.#check(peer, id, request))
  }

  async #check(peer: Peer, id: Uint8Array, request: Uint8Array): Promise<void> {
    const { environment, record, hostRole, self } = this.#session
    if (hostRole === undefined) {
      environment.dropped.addFrom(peer.member.id, 'request-not-host')
      return this.#answer(peer, id, new ConvoyError('authority-moved', 'Another host decides now. Ask it.'))
    }
    const by = peer.member.signKey
    const addressee = { sessionId: record.sessionId, host: self.signKey }
    try {
      const opened = await openRequest(environment, request, addressee, by, environment.clock.wallTime())
      if (toHex(opened.id) !== toHex(id))
        throw new ConvoyError('message-malformed', 'The request has another id than its message.')
      hostRole.carryOut(opened.change, { by, id, request }).then(
        () => this.#answer(peer, id, undefined),
        (error: unknown) => this.#refuse(peer, id, error),
      )
    } catch (error) {
      this.#refuse(peer, id, error)
    }
  }

  #refuse(peer: Peer, id: Uint8Array, error: unknown): void {
    const { dropped, logger } = this.#session.environment
    dropped.addFrom(peer.member.id, `request-${isConvoyError(error) ? error.code : 'internal'}`)
    logger.debug('A request of a member was refused.', { error })
    this.#answer(peer, id, error)
  }

  #answer(peer: Peer, id: Uint8Array, error: unknown): void {
    const refusal = error === undefined ? null : refusalOf(error)
    // The link may be another one by now: the answer is for the member.
    this.#session.peer(peer.member.id)?.control?.send({ type: 'requested', id, error: refusal })
  }

  #budgetOf(memberId: string): TokenBucket {
    const known = this.#budgets.get(memberId)
    if (known !== undefined) return known
    const budget = new TokenBucket(this.#session.environment.clock, requestsPerSecond, requestsAtOnce)
    this.#budgets.set(memberId, budget)
    return budget
  }

  #rejectAll(error: ConvoyError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error)
  }

  #changed(signKey: Uint8Array): void {
    const member = this.#session.record.state.member(signKey)
    if (member !== undefined && !this.#session.isClosed)
      this.#session.events.emit('memberChanged', this.#session.describe(member))
  }

  /** Tells of those who are muted, or no longer, and looks again when the next mute ends. */
  #lookAtMutes(): void {
    this.#cancelUnmute?.()
    if (this.#session.isClosed) return
    const { record, environment } = this.#session
    const muted = new Map<string, string>()
    for (const member of record.state.members) {
      const media = this.mutedOn(member).join()
      if (media !== '') muted.set(member.id, media)
      if (media !== (this.#toldMutes.get(member.id) ?? '')) this.#changed(member.signKey)
    }
    this.#toldMutes = muted
    const now = this.hostTime()
    const next = record.state.moderation.nextUnmuteAfter(now)
    if (next === undefined) return
    const waitMs = Math.min(Math.max(1, Math.ceil(next - now)), longestWaitMs)
    this.#cancelUnmute = environment.clock.after(waitMs, () => this.#lookAtMutes())
  }
}

function refusalOf(error: unknown): { code: RequestErrorCode; message: string } {
  const code = isConvoyError(error) ? requestErrorCodes.find((each) => each === error.code) : undefined
  if (code === undefined) return { code: 'invalid-argument', message: 'The host could not do that.' }
  return { code, message: (error as ConvoyError).message }
}
