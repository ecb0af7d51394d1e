import { ConvoyError, Emitter, equalBytes } from '../core/index.ts'
import type { VerificationBudget } from '../identity/index.ts'
import type { Rules } from '../protocol/index.ts'
import type { Link, LinkCloseReason } from '../rtc/index.ts'
import { Authority } from './authority/authority.ts'
import type { AuthorityMessage } from './authority/authorityMessages.ts'
import type { ChannelBudget, ChannelHandler } from './channels.ts'
import type { ControlLink } from './controlLink.ts'
import type { ControlMessage } from './controlMessages.ts'
import type { SessionEnvironment } from './environment.ts'
import type { LeaveReason, SessionMember } from './member.ts'
import { Messaging } from './messaging.ts'
import { HostRole, type HostPolicy } from './hostRole.ts'
import { Moderation } from './moderation/moderation.ts'
import { Quarantine } from './moderation/quarantine.ts'
import type { Peer } from './peer.ts'
import type { Decision, SessionRecord } from './record.ts'
import type { RecordMember } from './recordState.ts'
import { Roster } from './roster.ts'
import { SignalRelay } from './signalRelay.ts'
import type { MemberStateHandler, SessionEvents, SessionRole } from './sessionParts.ts'
import { verificationsOf } from './verifications.ts'

/** Messages that count only from a member whose ticket was checked. */
type MemberMessage =
  | Extract<ControlMessage, { type: 'channel' | 'entries' | 'snapshot' | 'request' | 'requested' }>
  | AuthorityMessage

/** A session as one of its members holds it: the record, the peers, and what flows between them. */
export class Session {
  readonly environment: SessionEnvironment
  readonly record: SessionRecord
  readonly events: Emitter<SessionEvents>
  /** What members may make this one check. */
  readonly verifications: VerificationBudget
  readonly authority: Authority
  readonly moderation: Moderation
  readonly quarantine: Quarantine
  role: SessionRole | undefined
  #hostRole: HostRole | undefined
  readonly #policy: HostPolicy
  readonly #relay: SignalRelay
  #hostKey: Uint8Array | undefined
  #lastHost: RecordMember | undefined
  #self: RecordMember
  readonly roster: Roster
  readonly messaging: Messaging
  #stateHandler: MemberStateHandler = () => undefined
  #hostGone = false
  #closing: Promise<void> | undefined

  /**
   * @param record - holds at least the entry that admitted `self`.
   * @param policy - what this peer goes by, besides the record, while it is host.
   */
  constructor(
    environment: SessionEnvironment,
    record: SessionRecord,
    self: RecordMember,
    policy: HostPolicy = { admit: undefined },
  ) {
    this.environment = environment
    this.record = record
    this.events = new Emitter(environment.logger)
    this.verifications = verificationsOf(environment)
    this.messaging = new Messaging(this)
    this.#self = self
    this.#policy = policy
    this.#relay = new SignalRelay(this)
    this.#hostKey = record.hostKey
    this.roster = new Roster(this)
    this.moderation = new Moderation(this)
    this.quarantine = new Quarantine(this)
    this.authority = new Authority(this)
    if (this.authority.isLeading) this.#hostRole = new HostRole(this, policy)
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  get self(): RecordMember {
    return this.#self
  }

  get host(): RecordMember {
    const present = this.#hostKey === undefined ? undefined : this.record.state.member(this.#hostKey)
    const host = present ?? this.#lastHost ?? this.record.state.host
    if (host === undefined) throw new ConvoyError('closed', 'The session has no founding entry yet.')
    this.#lastHost = host
    return host
  }

  /** Whether this peer decides. */
  get isHost(): boolean {
    return this.#hostRole !== undefined
  }

  /** What only the host does, while this peer is that. */
  get hostRole(): HostRole | undefined {
    return this.#hostRole
  }

  /** Everyone present, this member included, by slot. */
  members(): SessionMember[] {
    return this.roster.members()
  }

  /** The roster entry of a member, as it is now. */
  describe(member: RecordMember): SessionMember {
    return this.roster.describe(member)
  }

  peer(id: string): Peer | undefined {
    return this.roster.peers.get(id)
  }

  peers(): IterableIterator<Peer> {
    return this.roster.peers.values()
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
    this.messaging.on(channel, handler, budget)
  }

  /** See {@link Messaging.send}. */
  sendChannel(memberIds: Iterable<string>, channel: string, body: Uint8Array): number {
    return this.messaging.send(memberIds, channel, body)
  }

  /**
   * Takes an open link to a member. `admitted` when the other side needs no ticket: links with the host, which
   * checked everything itself.
   * @param sent - how many entries this peer, the host, has just handed over on this link.
   */
  attach(member: RecordMember, control: ControlLink, admitted: boolean, sent?: number): void {
    const peer = this.isClosed
      ? undefined
      : (this.roster.peers.get(member.id) ?? this.roster.returned(member))
    if (peer === undefined || !equalBytes(peer.member.incarnation, member.incarnation)) {
      control.detach()
      return control.link.close()
    }
    if (peer.admitted) this.#gone(peer)
    const { link } = control
    peer.attach(control, admitted, {
      control: (message) => this.#receive(peer, message),
      state: (payload, sentAt, receivedAt) => {
        if (!peer.admitted) return this.environment.dropped.addFrom(member.id, 'state-unticketed')
        this.#stateHandler(peer.member, payload, sentAt, receivedAt, link.clockOffset)
      },
      presence: () => this.roster.changed(peer),
      closed: (reason, wasAdmitted) => this.#linkClosed(peer, reason, wasAdmitted),
    })
    if (admitted) this.#ready(peer, link, sent)
    if (this.roster.unreached.delete(member.id)) this.events.emit('memberJoined', this.describe(member))
    this.roster.changed(peer)
  }

  /** The ticket that `peer` showed on `control` was checked: what comes on that link counts from now on. */
  admitPeer(peer: Peer, control: ControlLink): void {
    // Another link may have taken its place meanwhile, on which no ticket was shown yet.
    if (peer.admitted || peer.control !== control) return
    peer.admitted = true
    this.#ready(peer, control.link)
    this.roster.changed(peer)
  }

  /** Brings peers and listeners up to date with what was just decided. */
  applied(entry: Decision): void {
    const { change } = entry
    switch (change.type) {
      case 'joined':
        this.roster.joined(change.signKey)
        break
      case 'left': {
        const peer = this.roster.peerOf(change.signKey)
        this.role?.onApplied(entry)
        if (peer !== undefined) this.removePeer(peer, change.reason, change.detail)
        return
      }
      case 'rules':
        this.events.emit('rulesChanged', {
          rules: this.record.state.rules,
          changed: Object.keys(change.changes) as (keyof Rules)[],
          by: this.describe(this.record.state.member(change.asked?.by ?? entry.signKey) ?? this.host),
          at: entry.at,
        })
        break
      case 'shared':
        this.events.emit('sharedChanged', { name: change.name, by: this.describe(this.host), at: entry.at })
        break
      case 'gameTime':
        this.events.emit('gameTimeChanged', undefined)
        break
      default:
        break
    }
    this.moderation.applied(entry)
    this.role?.onApplied(entry)
  }

  /** Says a last word to a peer and lets its link end; the peer stays in the roster. */
  dismiss(peer: Peer, lastWord: ControlMessage): void {
    if (peer.admitted) this.#gone(peer)
    peer.dismiss(lastWord)
  }

  /** Takes a peer out of the session, as this peer sees it. */
  removePeer(peer: Peer, reason: LeaveReason, detail: string): void {
    const member = this.describe(peer.member)
    if (peer.admitted) this.#gone(peer)
    peer.close()
    this.roster.remove(peer.member.id)
    this.messaging.forget(peer.member.id)
    this.environment.dropped.forget(peer.member.id)
    this.#relay.forget(peer.member.id)
    if (this.roster.unreached.delete(member.id)) return
    this.events.emit('memberLeft', { member, reason, detail })
  }

  /** The host is not there any more; the session goes on between those who are. */
  loseHost(reason: LeaveReason): void {
    if (this.#hostGone || this.isClosed) return
    this.#hostGone = true
    if (reason === 'left') this.authority.hostLeft()
    const host = this.describe(this.host)
    const peer = this.roster.peers.get(this.host.id)
    if (peer !== undefined) this.removePeer(peer, reason, '')
    this.events.emit('hostGone', { host, reason })
  }

  /** The member with `hostKey` decides from now on. */
  hostIs(hostKey: Uint8Array, epoch: number): void {
    const former = this.host
    this.#hostKey = hostKey
    this.#hostGone = false
    const { host } = this
    if (host.id === this.#self.id) {
      // Elected anew, it goes on as it is.
      if (this.#hostRole !== undefined) return
      this.#hostRole = new HostRole(this, this.#policy)
      this.#hostRole.takeOver()
    } else {
      // A former host that was given up is a member for as long as the record has it.
      this.roster.reconcile()
    }
    this.role?.hostChanged()
    this.events.emit('hostChanged', { host: this.describe(host), former: this.describe(former), epoch })
    for (const { id } of [former, host]) {
      const peer = this.roster.peers.get(id)
      if (peer !== undefined) this.events.emit('memberChanged', this.describe(peer.member))
    }
  }

  /** Another one decides: what was under way here is not decided. */
  resigned(): void {
    const role = this.#hostRole
    this.#hostRole = undefined
    this.roster.announceUnreached()
    void role?.close()
  }

  /** This member was taken back as `self`: former links are void, and everyone in the record is here. */
  reenter(self: RecordMember): void {
    this.#self = self
    this.#hostGone = false
    this.authority.renew()
    this.events.emit('reentered', self)
    for (const peer of this.roster.peers.values()) {
      if (peer.admitted) this.#gone(peer)
      peer.close()
      this.roster.changed(peer)
    }
    this.roster.reconcile()
  }

  /** The host took this member back as the process that it is: whoever is in the record is here. */
  resumed(): void {
    this.#hostGone = false
    this.roster.reconcile()
  }

  /** Whether this peer is to look for those who go on elsewhere: its host is gone, or it hears nobody as host. */
  get isAdrift(): boolean {
    return this.#hostGone || this.authority.isDeserted
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
    await this.#hostRole?.handOver()
    await this.#hostRole?.close()
    await this.role?.close()
    this.authority.close()
    for (const peer of this.roster.peers.values()) this.dismiss(peer, { type: 'leave' })
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
    if (!this.quarantine.admits(peer.member.id, message.type)) return
    switch (message.type) {
      case 'hello':
      case 'relayed':
      case 'ticket':
      case 'removed':
        return this.role?.onControl(peer, message)
      case 'signal':
        return this.#relay.relay(peer, message)
      case 'loadOrder':
      case 'refused':
      case 'admitted':
        return this.environment.dropped.addFrom(peer.member.id, `control-unexpected-${message.type}`)
      default:
        return this.#receiveFromMember(peer, message)
    }
  }

  #receiveFromMember(peer: Peer, message: MemberMessage): void | Promise<void> {
    if (!peer.admitted) return this.environment.dropped.addFrom(peer.member.id, `${message.type}-unticketed`)
    if (message.type === 'channel') return this.messaging.receive(peer.member, message.channel, message.body)
    if (message.type === 'entries') return this.authority.onEntries(peer, message)
    const isRequest = message.type === 'request' || message.type === 'requested'
    return isRequest ? this.moderation.onMessage(peer, message) : this.authority.onMessage(peer, message)
  }

  #linkClosed(peer: Peer, reason: LinkCloseReason, wasAdmitted: boolean): void {
    if (wasAdmitted) this.#gone(peer)
    if (this.isClosed) return
    this.roster.changed(peer)
    const decider = this.#hostRole ?? this.role
    decider?.onLinkClosed(peer, reason, peer.saidGoodbye)
  }

  #ready(peer: Peer, link: Link, sent?: number): void {
    const isBack = this.#hostGone && peer.member.id === this.host.id
    if (isBack) this.#hostGone = false
    this.events.emit('linkReady', { member: peer.member, link })
    this.authority.attached(peer, sent)
    if (isBack) this.events.emit('hostBack', this.describe(peer.member))
  }

  #gone(peer: Peer): void {
    this.events.emit('linkGone', { member: peer.member })
    this.authority.detached(peer)
  }
}
