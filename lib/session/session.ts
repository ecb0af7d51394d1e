import { ConvoyError, Emitter, equalBytes, isConvoyError, type ErrorCode } from '../core/index.ts'
import type { VerificationBudget } from '../identity/index.ts'
import type { Rules } from '../protocol/index.ts'
import type { Link, LinkCloseReason } from '../rtc/index.ts'
import { Channels, type ChannelBudget, type ChannelHandler } from './channels.ts'
import { linkOnlyChannels, passChannel, passesAtOnce, passesPerSecond } from './constants.ts'
import { encodeControl, type ControlLink } from './controlLink.ts'
import type { ControlMessage } from './controlMessages.ts'
import type { SessionEnvironment } from './environment.ts'
import type { LeaveReason, SessionMember } from './member.ts'
import { Passing } from './passing.ts'
import { Peer } from './peer.ts'
import type { AppliedEntry, SessionRecord } from './record.ts'
import type { RecordMember } from './recordState.ts'
import { verificationsOf } from './verifications.ts'

/** Events of a {@link Session}. */
export type SessionEvents = {
  memberJoined: SessionMember
  memberLeft: { member: SessionMember; reason: LeaveReason; detail: string }
  memberChanged: SessionMember
  rulesChanged: { rules: Rules; changed: readonly (keyof Rules)[]; by: SessionMember; at: number }
  /** The host set the game's time, see {@link RecordState.gameTime}. */
  gameTimeChanged: undefined
  hostGone: { host: SessionMember; reason: LeaveReason }
  /** This member is another incarnation from now on; links follow. */
  reentered: RecordMember
  hostBack: SessionMember
  removed: { reason: LeaveReason; detail: string; code?: ErrorCode }
  /** State and channel messages flow between this peer and `member` from now on, or no longer. */
  linkReady: { member: RecordMember; link: Link }
  linkGone: { member: RecordMember }
  closed: undefined
}

/** Takes state payloads of admitted members; the bytes are valid during the call only. */
export type MemberStateHandler = (
  member: RecordMember,
  payload: Uint8Array,
  sentAt: number,
  receivedAt: number,
  clockOffset: number | undefined,
) => void

/** What differs between the host and the other members. */
export interface SessionRole {
  /** A message that is for this role, from a peer that is admitted. */
  onControl(peer: Peer, message: ControlMessage): void | Promise<void>
  /** The link to `peer` broke, or `peer` said good-bye first. */
  onLinkClosed(peer: Peer, reason: LinkCloseReason, saidGoodbye: boolean): void
  /** This peer's network changed: links are dialled again at once, and what waits to be tried is tried. */
  networkChanged(): void
  /** An entry of the record was applied. */
  onApplied(entry: AppliedEntry): void
  /** Idempotent. */
  close(): Promise<void>
}

/** A session as one of its members holds it: the record, the peers, and what flows between them. */
export class Session {
  readonly environment: SessionEnvironment
  readonly record: SessionRecord
  readonly events: Emitter<SessionEvents>
  /** What members may make this one check. */
  readonly verifications: VerificationBudget
  role: SessionRole | undefined
  #self: RecordMember
  readonly #peers = new Map<string, Peer>()
  readonly #channels: Channels
  readonly #passing: Passing
  #stateHandler: MemberStateHandler = () => undefined
  /** Members that the host admitted and has no link with yet: its program hears of them once it can reach them. */
  readonly #unreached = new Set<string>()
  #hostGone = false
  #closing: Promise<void> | undefined

  /** @param record - holds at least the entry that admitted `self`. */
  constructor(environment: SessionEnvironment, record: SessionRecord, self: RecordMember) {
    this.environment = environment
    this.record = record
    this.events = new Emitter(environment.logger)
    this.verifications = verificationsOf(environment)
    this.#channels = new Channels(environment)
    this.#passing = new Passing(this, (author, channel, body) => this.#takePassed(author, channel, body))
    this.#channels.on(passChannel, (member, body) => this.#passing.receive(member, body), {
      perSecond: passesPerSecond,
      atOnce: passesAtOnce,
    })
    this.#self = self
    for (const member of record.state.members) {
      if (member.id !== self.id) this.#peers.set(member.id, new Peer(member))
    }
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  get self(): RecordMember {
    return this.#self
  }

  get host(): RecordMember {
    const host = this.record.state.host
    if (host === undefined) throw new ConvoyError('closed', 'The session has no founding entry yet.')
    return host
  }

  get isHost(): boolean {
    return this.host.id === this.#self.id
  }

  /** Everyone present, this member included, by slot. */
  members(): SessionMember[] {
    const members = [this.#self, ...[...this.#peers.values()].map((peer) => peer.member)]
    return members.sort((a, b) => a.slot - b.slot).map((member) => this.describe(member))
  }

  /** The roster entry of a member, as it is now. */
  describe(member: RecordMember): SessionMember {
    const { id, slot, name, vehicleClass } = member
    const peer = this.#peers.get(id)
    return {
      id,
      slot,
      name,
      vehicleClass,
      role: member.id === this.host.id ? 'host' : 'member',
      presence: member.id === this.#self.id ? 'self' : (peer?.presence ?? 'away'),
      pingMs: peer?.pingMs,
      via: peer?.via,
    }
  }

  peer(id: string): Peer | undefined {
    return this.#peers.get(id)
  }

  peers(): IterableIterator<Peer> {
    return this.#peers.values()
  }

  /** Who takes state payloads; one at a time, since this is the hot path. */
  onState(handler: MemberStateHandler): void {
    this.#stateHandler = handler
  }

  /**
   * Who takes the messages of `channel`, those that came before included.
   * @param budget - how many are taken from one member; those without one share that of [CHN-1].
   * @throws ConvoyError `invalid-argument` when the channel has a handler already.
   */
  onChannel(channel: string, handler: ChannelHandler, budget?: ChannelBudget): void {
    this.#channels.on(channel, handler, budget)
  }

  /**
   * Sends on `channel` to members: over the link to each or, where there is none, through a common neighbour ([FWD-10]).
   * @returns to how many: those that are reached neither way miss it, as do those whose link takes no more.
   * @throws ConvoyError `backlog-full` or `rate-limited` when it reached nobody because links take no more.
   */
  sendChannel(memberIds: Iterable<string>, channel: string, body: Uint8Array): number {
    const bytes = encodeControl({ type: 'channel', channel, body })
    let reached = 0
    let refusal: ConvoyError | undefined
    for (const id of memberIds) {
      const peer = this.#peers.get(id)
      if (peer?.admitted === false && this.#pass(peer, channel, body)) reached++
      if (peer?.admitted !== true || peer.control === undefined) continue
      try {
        peer.control.link.sendControl(bytes)
        reached++
      } catch (error) {
        if (!isConvoyError(error)) throw error
        if (error.code !== 'closed') refusal = error
      }
    }
    if (reached === 0 && refusal !== undefined) throw refusal
    return reached
  }

  /**
   * Takes an open link to a member. `admitted` when the other side needs no ticket: links with the host, which
   * checked everything itself.
   */
  attach(member: RecordMember, control: ControlLink, admitted: boolean): void {
    const peer = this.#peers.get(member.id)
    if (this.isClosed || peer === undefined || !equalBytes(peer.member.incarnation, member.incarnation)) {
      control.detach()
      return control.link.close()
    }
    if (peer.admitted) this.events.emit('linkGone', { member: peer.member })
    const { link } = control
    peer.attach(control, admitted, {
      control: (message) => this.#receive(peer, message),
      state: (payload, sentAt, receivedAt) => {
        if (!peer.admitted) return this.environment.dropped.addFrom(member.id, 'state-unticketed')
        this.#stateHandler(peer.member, payload, sentAt, receivedAt, link.clockOffset)
      },
      presence: () => this.#changed(peer),
      closed: (reason, wasAdmitted) => this.#linkClosed(peer, reason, wasAdmitted),
    })
    if (admitted) this.#ready(peer, link)
    if (this.#unreached.delete(member.id)) this.events.emit('memberJoined', this.describe(member))
    this.#changed(peer)
  }

  /** The ticket that `peer` showed on `control` was checked: what comes on that link counts from now on. */
  admitPeer(peer: Peer, control: ControlLink): void {
    // Another link may have taken its place meanwhile, on which no ticket was shown yet.
    if (peer.admitted || peer.control !== control) return
    peer.admitted = true
    this.#ready(peer, control.link)
    this.#changed(peer)
  }

  /** Brings peers and listeners up to date with an entry that was just applied. */
  applied(entry: AppliedEntry): void {
    const { change } = entry
    switch (change.type) {
      case 'joined': {
        const member = this.record.state.member(change.signKey)
        if (member === undefined || member.id === this.#self.id) break
        this.#peers.set(member.id, new Peer(member))
        this.role?.onApplied(entry)
        if (this.isHost) this.#unreached.add(member.id)
        else this.events.emit('memberJoined', this.describe(member))
        return
      }
      case 'left': {
        const peer = [...this.#peers.values()].find(({ member }) =>
          equalBytes(member.signKey, change.signKey),
        )
        this.role?.onApplied(entry)
        if (peer !== undefined) this.removePeer(peer, change.reason, change.detail)
        return
      }
      case 'rules':
        this.events.emit('rulesChanged', {
          rules: this.record.state.rules,
          changed: Object.keys(change.changes) as (keyof Rules)[],
          by: this.describe(this.host),
          at: entry.at,
        })
        break
      case 'gameTime':
        this.events.emit('gameTimeChanged', undefined)
        break
      default:
        break
    }
    this.role?.onApplied(entry)
  }

  /** Shows in the roster who forwards a member's vehicle; nobody where undefined. */
  setForwarder(memberId: string, via: string | undefined): void {
    const peer = this.#peers.get(memberId)
    if (peer === undefined || peer.via === via) return
    peer.via = via
    if (!this.isClosed) this.events.emit('memberChanged', this.describe(peer.member))
  }

  /** Says a last word to a peer and lets its link end; the peer stays in the roster. */
  dismiss(peer: Peer, lastWord: ControlMessage): void {
    if (peer.admitted) this.events.emit('linkGone', { member: peer.member })
    peer.dismiss(lastWord)
  }

  /** Takes a peer out of the session, as this peer sees it. */
  removePeer(peer: Peer, reason: LeaveReason, detail: string): void {
    const member = this.describe(peer.member)
    if (peer.admitted) this.events.emit('linkGone', { member: peer.member })
    peer.close()
    this.#peers.delete(peer.member.id)
    this.#channels.forget(peer.member.id)
    this.environment.dropped.forget(peer.member.id)
    this.#passing.forget(peer.member.id)
    if (this.#unreached.delete(member.id)) return
    this.events.emit('memberLeft', { member, reason, detail })
  }

  /** The host is not there any more; the session goes on between those who are. */
  loseHost(reason: LeaveReason): void {
    if (this.#hostGone || this.isClosed) return
    this.#hostGone = true
    const host = this.describe(this.host)
    const peer = this.#peers.get(this.host.id)
    if (peer !== undefined) this.removePeer(peer, reason, '')
    this.events.emit('hostGone', { host, reason })
  }

  /** This member was taken back as `self`: former links are void, and everyone in the record is here. */
  reenter(self: RecordMember): void {
    this.#self = self
    this.#hostGone = false
    this.events.emit('reentered', self)
    for (const member of this.record.state.members) {
      if (member.id === self.id) continue
      const peer = this.#peers.get(member.id)
      if (peer === undefined) {
        this.#peers.set(member.id, new Peer(member))
        this.events.emit('memberJoined', this.describe(member))
      } else {
        if (peer.admitted) this.events.emit('linkGone', { member })
        peer.close()
        this.#changed(peer)
      }
    }
  }

  get hostIsGone(): boolean {
    return this.#hostGone
  }

  /** Says good-bye to all and ends the session; links close once it was read, at most a second later. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  async #shutDown(): Promise<void> {
    await this.role?.close()
    for (const peer of this.#peers.values()) this.dismiss(peer, { type: 'leave' })
    this.events.emit('closed', undefined)
    this.events.clear()
  }

  #receive(peer: Peer, message: ControlMessage): void | Promise<void> {
    if (message.type === 'leave') {
      peer.saidGoodbye = true
      // It waits for this: see [HST-2].
      peer.control?.link.close()
      return
    }
    if (message.type !== 'channel') return this.role?.onControl(peer, message)
    if (!peer.admitted) return this.environment.dropped.addFrom(peer.member.id, 'channel-unticketed')
    this.#channels.receive(peer.member, message.channel, message.body)
  }

  #pass(peer: Peer, channel: string, body: Uint8Array): boolean {
    // The host has a link to everybody, or is about to record that they are lost.
    if (this.isHost || linkOnlyChannels.has(channel)) return false
    return this.#passing.send(peer, channel, body)
  }

  #takePassed(author: RecordMember, channel: string, body: Uint8Array): void {
    if (linkOnlyChannels.has(channel)) return this.environment.dropped.addFrom(author.id, 'pass-channel')
    this.#channels.receive(author, channel, body)
  }

  #linkClosed(peer: Peer, reason: LinkCloseReason, wasAdmitted: boolean): void {
    if (wasAdmitted) this.events.emit('linkGone', { member: peer.member })
    if (this.isClosed) return
    this.#changed(peer)
    this.role?.onLinkClosed(peer, reason, peer.saidGoodbye)
  }

  #ready(peer: Peer, link: Link): void {
    this.events.emit('linkReady', { member: peer.member, link })
  }

  #changed(peer: Peer): void {
    const { presence } = peer
    if (this.isClosed || presence === peer.toldPresence) return
    peer.toldPresence = presence
    this.events.emit('memberChanged', this.describe(peer.member))
  }
}
