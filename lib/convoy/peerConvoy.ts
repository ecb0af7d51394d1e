import { ConvoyError, Emitter, type Unsubscribe } from '../core/index.ts'
import {
  channelPayloadKind,
  ChannelHub,
  Chat,
  emptyProfile,
  Interceptors,
  Profiles,
  type Channel,
  type ChannelOptions,
  type Interceptor,
  type MemberProfile,
} from '../comms/index.ts'
import {
  parseRulesChanges,
  type LoadOrder,
  type Rules,
  type RulesChanges,
  type VehicleState,
} from '../protocol/index.ts'
import type { HostRole, RecordMember, Session, SessionMember } from '../session/index.ts'
import { ConvoyTraffic, incarnationTag, type VehicleReceiver } from '../vehicle/index.ts'
import { ConvoyReports } from './convoyReports.ts'
import { ConvoyVehicles } from './convoyVehicles.ts'
import { Enforcement } from './enforcement/index.ts'
import { Moderating } from './moderating.ts'
import type { Ban } from './moderationTypes.ts'
import type { PeerConvoyParts } from './peerConvoyParts.ts'
import { ReceivedTexts } from './receivedTexts.ts'
import type { AuthorityState, Convoy, ConvoyEvents, ConvoyStats, Member } from './types.ts'
import { HostedTime } from './sessionTime.ts'
import { RecordedValues } from './sharedValues.ts'
import { statsOf } from './stats.ts'

/** {@link Convoy} over a session, with vehicles and chat. */
export class PeerConvoy implements Convoy {
  readonly invite: string
  readonly time: HostedTime
  readonly shared: RecordedValues
  readonly traffic: ConvoyTraffic
  readonly #parts: PeerConvoyParts
  readonly #session: Session
  readonly #events: Emitter<ConvoyEvents>
  readonly #vehicles: ConvoyVehicles
  readonly #chat: Chat
  readonly #texts: ReceivedTexts
  readonly #interceptors: Interceptors
  readonly #channels: ChannelHub
  readonly #profiles: Profiles
  readonly #enforcement: Enforcement
  readonly #moderating: Moderating
  readonly #reports: ConvoyReports
  #lastHost: Member
  #closing: Promise<void> | undefined

  constructor(parts: PeerConvoyParts) {
    const { session } = parts
    const { logger } = session.environment
    this.invite = parts.invite
    this.#parts = parts
    this.#session = session
    this.#events = new Emitter(logger)
    this.#vehicles = new ConvoyVehicles(session, parts.updateRate, parts.uplink)
    this.#interceptors = new Interceptors(logger, session.environment.dropped)
    const describe = (member: RecordMember): Member => this.#describe(member)
    const requireOpen = (): void => this.#requireOpen()
    this.#channels = new ChannelHub({ session, interceptors: this.#interceptors, describe, requireOpen })
    this.#texts = new ReceivedTexts({
      session,
      interceptors: this.#interceptors,
      describe,
      heard: (message) => this.#events.emit('chat', message),
    })
    this.#chat = new Chat(session, (text) => this.#texts.take(text))
    this.#profiles = new Profiles(session, parts.profile ?? emptyProfile, (member) =>
      this.#events.emit('memberChanged', this.#describe(member)),
    )
    const { invite } = parts
    this.#moderating = new Moderating({ session, events: this.#events, invite, describe, requireOpen })
    this.time = new HostedTime(session, requireOpen)
    this.shared = new RecordedValues(session, () => this.#authority('share values'))
    this.#reports = new ConvoyReports({
      parts,
      vehicles: this.#vehicles,
      time: this.time,
      requireOpen: () => this.#requireOpen(),
      reported: (report) => this.#events.emit('report', report),
    })
    this.#lastHost = this.#withDistance(session.describe(session.host))
    this.#follow()
    this.#enforcement = new Enforcement({ ...parts, convoy: this, describe, events: this.#events })
    this.traffic = new ConvoyTraffic({
      session,
      publisher: this.#vehicles.publisher,
      vehicles: this.#vehicles.receiver,
      accepts: parts.acceptsTraffic,
      ownPlace: () => this.#vehicles.place,
      requireOpen,
    })
  }

  /** @internal What simulations look into. */
  get session(): Session {
    return this.#session
  }
  readonly report: Convoy['report'] = (...args) => this.#reports.report(...args)
  readonly encodeReport: Convoy['encodeReport'] = (...args) => this.#reports.encode(...args)

  get isHost(): boolean {
    return this.#session.isHost
  }

  get self(): Member {
    return this.#describe(this.#session.self)
  }

  get host(): Member {
    if (!this.#session.hostIsGone) this.#lastHost = this.#describe(this.#session.host)
    return this.#lastHost
  }

  get authority(): AuthorityState {
    const { authority, record } = this.#session
    const ids = record.voters.voters.map(({ signKey }) => record.state.member(signKey)?.id)
    return {
      epoch: record.epoch,
      state: authority.isActive ? 'active' : 'frozen',
      voters: ids.filter((id) => id !== undefined),
    }
  }

  get followed(): Member | undefined {
    const peer = this.#session.peer(this.#vehicles.following.own ?? '')
    return peer === undefined ? undefined : this.#describe(peer.member)
  }

  get members(): readonly Member[] {
    return this.#session.members().map((member) => this.#withDistance(member))
  }

  get rules(): Rules {
    return this.#session.record.state.rules
  }

  get loadOrder(): LoadOrder {
    return this.#session.record.state.loadOrder
  }

  get vehicles(): VehicleReceiver {
    return this.#vehicles.receiver
  }

  on<Name extends keyof ConvoyEvents>(
    name: Name,
    listener: (event: ConvoyEvents[Name]) => void,
  ): Unsubscribe {
    const unsubscribe = this.#events.on(name, listener)
    if (name === 'report') this.#reports.listened()
    if (name === 'chat') this.#texts.listened()
    return unsubscribe
  }

  setVehicle(state: VehicleState | null, sampledAt?: number): void {
    this.#requireOpen()
    if (this.#session.self.vehicleClass === null) {
      throw new ConvoyError(
        'not-permitted',
        'A spectator has no vehicle. Join with a vehicle class to drive.',
      )
    }
    this.#vehicles.set(state, sampledAt)
  }

  follow(memberId: string | null): void {
    this.#requireOpen()
    this.#vehicles.following.set(memberId)
  }

  get bans(): readonly Ban[] {
    return this.#moderating.bans
  }

  readonly setRole: Convoy['setRole'] = (...args) => this.#moderating.setRole(...args)
  readonly kick: Convoy['kick'] = (...args) => this.#moderating.kick(...args)
  readonly ban: Convoy['ban'] = (...args) => this.#moderating.ban(...args)
  readonly unban: Convoy['unban'] = (...args) => this.#moderating.unban(...args)
  readonly mute: Convoy['mute'] = (...args) => this.#moderating.mute(...args)
  readonly unmute: Convoy['unmute'] = (...args) => this.#moderating.unmute(...args)
  readonly createInvite: Convoy['createInvite'] = (...args) => this.#moderating.createInvite(...args)

  async setRules(changes: RulesChanges, signal?: AbortSignal): Promise<void> {
    this.#requireOpen()
    await this.#session.moderation.setRules(parseRulesChanges(changes), signal)
  }

  async transferHost(memberId: string, signal?: AbortSignal): Promise<void> {
    await this.#authority('hand over').transfer(memberId, signal)
  }

  sendChat(text: string, toMemberId?: string): void {
    this.#requireOpen()
    this.#chat.send(text, toMemberId)
  }

  setProfile(profile: MemberProfile): void {
    this.#requireOpen()
    this.#profiles.set(profile)
  }

  channel<Input, Output = Input>(
    name: string,
    options: ChannelOptions<Input, Output>,
  ): Channel<Input, Output> {
    this.#requireOpen()
    return this.#channels.open(name, options)
  }

  intercept(interceptor: Interceptor): Unsubscribe {
    return this.#interceptors.add(interceptor)
  }

  stats(): ConvoyStats {
    return statsOf(this.#session, this.#vehicles, this.#enforcement)
  }

  networkChanged(): void {
    if (this.#closing !== undefined) return
    this.#session.role?.networkChanged()
    this.#parts.reconnect()
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  async #shutDown(): Promise<void> {
    this.#vehicles.close()
    this.#reports.close()
    this.#channels.close()
    this.traffic.close()
    try {
      await this.#session.close()
      await this.#parts.release()
    } finally {
      this.#events.emit('closed', undefined)
      this.#events.clear()
    }
  }

  /** Carries what happens in the session over to vehicles and listeners. */
  #follow(): void {
    const { events } = this.#session
    this.#session.onState((member, payload, sentAt, receivedAt, clockOffset) => {
      if (payload[0] === channelPayloadKind) this.#channels.takeDatagram(member, payload)
      else this.#vehicles.receive(member, payload, sentAt, receivedAt, clockOffset)
    })
    for (const { member } of this.#session.peers()) this.#expectVehicle(member)
    events.on('memberJoined', (member) => {
      const peer = this.#session.peer(member.id)
      if (peer !== undefined) this.#expectVehicle(peer.member)
      this.#events.emit('memberJoined', this.#withDistance(member))
    })
    events.on('memberLeft', ({ member, reason, detail }) => {
      const left = this.#withDistance(member)
      this.#vehicles.forget(member.id)
      this.#channels.forget(member.id)
      this.#profiles.forget(member.id)
      this.#events.emit('memberLeft', { member: left, reason, detail })
    })
    events.on('memberChanged', (member) => this.#events.emit('memberChanged', this.#withDistance(member)))
    events.on('rulesChanged', ({ rules, changed, by, at }) => {
      this.#events.emit('rulesChanged', { rules, changed, by: this.#withDistance(by), at })
    })
    events.on('gameTimeChanged', () => this.#events.emit('gameTimeChanged', undefined))
    events.on('sharedChanged', ({ name, by, at }) => {
      const value = this.shared.get(name)
      this.#events.emit('sharedChanged', { name, value, by: this.#withDistance(by), at })
    })
    events.on('hostGone', ({ host, reason }) => {
      this.#lastHost = this.#withDistance(host)
      this.#events.emit('hostGone', { host: this.#lastHost, reason })
    })
    events.on('hostChanged', ({ host, former, epoch }) => {
      this.#lastHost = this.#withDistance(host)
      this.#events.emit('hostChanged', { host: this.#lastHost, former: this.#withDistance(former), epoch })
    })
    events.on('reentered', ({ incarnation }) => (this.#vehicles.publisher.tag = incarnationTag(incarnation)))
    events.on('hostBack', (host) => this.#events.emit('hostBack', this.#withDistance(host)))
    events.on('removed', (removal) => this.#events.emit('removed', removal))
    // The host removed this member: everything around the session goes as well.
    events.on('closed', () => {
      this.close().catch((error: unknown) => {
        this.#session.environment.logger.error('Closing a convoy failed.', { error })
      })
    })
    this.#profiles.start()
    this.time.start()
  }

  #expectVehicle(member: RecordMember): void {
    if (member.vehicleClass !== null)
      this.#vehicles.receiver.setMember(member.id, incarnationTag(member.incarnation))
  }

  #describe(member: RecordMember): Member {
    return this.#withDistance(this.#session.describe(member))
  }

  #withDistance(member: SessionMember): Member {
    return {
      ...member,
      profile: this.#profiles.of(member.id),
      distance: this.#vehicles.distanceTo(member.id),
    }
  }

  #authority(action: string): HostRole {
    this.#requireOpen()
    const { hostRole } = this.#session
    if (hostRole === undefined) throw new ConvoyError('not-permitted', `Only the host may ${action}.`)
    return hostRole
  }

  #requireOpen(): void {
    if (this.#closing !== undefined)
      throw new ConvoyError('closed', 'The convoy is closed. Host or join again.')
  }
}
