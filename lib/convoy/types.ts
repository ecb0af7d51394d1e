import type { Channel, ChannelOptions, Interceptor, Member, MemberProfile } from '../comms/index.ts'
import type { Clock, ErrorCode, Listenable, Logger, RandomSource, Unsubscribe } from '../core/index.ts'
import type { ReportOptions, ReportSink, SentReport, TakenReport } from '../evidence/index.ts'
import type { Identity, Verify } from '../identity/index.ts'
import type { LoadOrder, Rules, RulesChanges, VehicleClass, VehicleState } from '../protocol/index.ts'
import type { Rendezvous } from '../rendezvous/index.ts'
import type { Connector, IceServer, IceTransportPolicy } from '../rtc/index.ts'
import type { ConvoyStore } from '../store/index.ts'
import type {
  AdmissionLoad,
  AdmitHook,
  ChannelVersions,
  GameVersion,
  GrantedRole,
  LeaveReason,
  ModerationScope,
  MutedMedium,
  VerifyClaims,
} from '../session/index.ts'
import type { Budgets } from './budgets.ts'
import type { EnforcedKind, EnforcementOptions, EnforcementStats } from './enforcement/index.ts'
import type {
  ForwardedForOthers,
  ForwardedMember,
  InterestTier,
  RemoteVehicles,
  Traffic,
} from '../vehicle/index.ts'
import type {
  Ban,
  BanOptions,
  BanSubject,
  BanTarget,
  KickOptions,
  MutedEvent,
  MuteOptions,
} from './moderationTypes.ts'
import type { Quality } from './quality.ts'
import type { SessionTime } from './sessionTime.ts'
import type { SharedValues } from './sharedValues.ts'

export type { Budgets } from './budgets.ts'
export type {
  EnforcedKind,
  EnforcementAct,
  EnforcementOptions,
  EnforcementStats,
  EnforcementSteps,
} from './enforcement/index.ts'
export type { ForwardedForOthers, ForwardedMember } from '../vehicle/index.ts'
export type * from './moderationTypes.ts'
export type { Quality, QualityLevel } from './quality.ts'
export type { SessionTime } from './sessionTime.ts'
export type { SharedValues } from './sharedValues.ts'

export type { Member } from '../comms/index.ts'

/** What {@link hostConvoy} and {@link joinConvoy} both take. */
export interface ConvoyOptions {
  /** The name others see, 1…32 characters. */
  name: string
  /** Who this peer is; a fresh identity where none is given. Keep its seed to be recognised again. */
  identity?: Identity
  /** The game and its version: where the host sets one, every joiner with a vehicle must run the same. */
  game?: GameVersion
  /** What this member drives (default `truck`); null for a spectator. */
  vehicleClass?: VehicleClass | null
  /** The mods of this member (default none), compared against the host's before admission. */
  loadOrder?: LoadOrder
  /** What this member shows of itself besides its name; see {@link Convoy.setProfile}. */
  profile?: MemberProfile
  /** Names of the claims this member shows. */
  claims?: readonly string[]
  /**
   * Channels ({@link Convoy.channel}) by name, each with the version of its messages, 0…65,535, at most 32. A joiner
   * that has another version of one of the host's channels is refused with `channel-mismatch`. Messages of
   * channels named here wait for {@link Convoy.channel} to be called.
   */
  channels?: ChannelVersions
  /** Ticks per second, 1…30 (default 20): the most updates that others get of this member's vehicle. */
  updateRate?: number
  /**
   * Kilobits per second that vehicles may take to each other member, headers of all layers included, 4…10,000 (default 64).
   * Less shows first where it is seen least: far off, then close by. Congestion on the way shrinks it for a while.
   */
  vehicleKbps?: number
  /** The same to all members together, 4…10,000 (default 1,000): set it where the line's uplink is slow. */
  uplinkKbps?: number
  /** How much links, members and strangers may ask of this peer, where it differs from the defaults of {@link Budgets}. */
  budgets?: Partial<Budgets>
  /**
   * After how many offences against the rules members are warned, put into the slow lane or removed while this member is host;
   * where it differs from the defaults in docs/protocol/10-enforcement.md.
   */
  enforcement?: EnforcementOptions
  /**
   * Whether this member takes over traffic of members that leave or are further away: see {@link Convoy.traffic}. By default
   * it does while the program listens for `adopted`; a spectator never does.
   */
  acceptsTraffic?: boolean
  /**
   * Whether to keep the last minute of what was received as evidence for reports, and to have those near sign what they send
   * (default true): up to 100 kB of memory for each member. This member signs for others all the same.
   */
  evidence?: boolean
  /**
   * What outlives this process, from `openconvoy/store`: bans of every convoy that this member is in are kept there, a
   * convoy that it founds begins with them, and reports are kept where `reports` is left out. It stays open: close it yourself.
   * @example
   * ```ts
   * const store = await openStore({ path: 'convoy-data' })
   * const convoy = await hostConvoy({ name: 'Anna', rendezvous: 'ws://127.0.0.1:7100', store })
   * ```
   */
  store?: ConvoyStore
  /** What keeps the reports that members hand in to this one, as the host or a moderator (default: the store). */
  reports?: ReportSink
  /** How connections are made; the best engine of this platform where left out. */
  connector?: Connector
  /**
   * STUN and TURN servers besides those the rendezvous offers, at most 16. TURN servers need username and credential.
   * @example
   * ```ts
   * const iceServers = [{ urls: 'turn:turn.example.org:3478', username: 'anna', credential: 'diesel' }]
   * ```
   */
  iceServers?: readonly IceServer[]
  /**
   * `relay`: links go over TURN servers alone, so that no member learns an address of this one (default `all`, which uses a
   * relay only with those who can't be reached otherwise). Without a TURN server nothing connects then: `link-failed`. The
   * services that this peer connects to, and the TURN server, see its address all the same.
   */
  iceTransportPolicy?: IceTransportPolicy
  /** Checks signatures (default Ed25519); simulations hand in that of their simulated identities. */
  verify?: Verify
  /**
   * Whether to watch this device's network and call {@link Convoy.networkChanged} when it changes (default true, but false
   * where a `clock` is handed in, as in simulations).
   */
  watchNetwork?: boolean
  clock?: Clock
  random?: RandomSource
  /** What the library has to tell (default: nowhere); one that throws disturbs nothing. */
  logger?: Logger
  /** Gives up hosting or joining; once that is done it has no effect. */
  signal?: AbortSignal
}

/** What {@link hostConvoy} takes. */
export interface HostOptions extends ConvoyOptions {
  /** Where to announce the session: addresses of signaling services (`ws://…`), or any {@link Rendezvous}. */
  rendezvous: RendezvousSource | readonly RendezvousSource[]
  /** What differs from the defaults. */
  rules?: RulesChanges
  /** At most 63 characters; joiners prove that they know it without sending it. */
  password?: string
  /** How often the password is hashed (default 210,000): fewer only where nobody attacks, as in simulations. */
  passwordIterations?: number
  /** The last word on who may join, after every other check in the knock. */
  admit?: AdmitHook
  /** Says which claims of a joiner are true; all that are shown count where left out. */
  verifyClaims?: VerifyClaims
}

/** What {@link joinConvoy} takes. */
export interface JoinOptions extends ConvoyOptions {
  /** Where to look besides the addresses in the invite. */
  rendezvous?: RendezvousSource | readonly RendezvousSource[]
  password?: string
  /** The last word on who may join while this member is host, after every other check in the knock. */
  admit?: AdmitHook
  /** Says which claims of a joiner are true while this member is host; all that are shown count where left out. */
  verifyClaims?: VerifyClaims
}

/** An address of a signaling service, or a rendezvous made by the embedding program (which then closes it). */
export type RendezvousSource = string | Rendezvous

/** One chat text. */
export interface ChatMessage {
  readonly from: Member
  /** Null when it went to all. */
  readonly to: Member | null
  readonly text: string
  /** Milliseconds since the Unix epoch, on the receiver's clock. */
  readonly receivedAt: number
}

/** Who decides in a convoy, as this member sees it. */
export interface AuthorityState {
  /** How often authority has changed hands, roughly: each election raises it. */
  readonly epoch: number
  /** `frozen` while nobody can decide: too few of those who vote hear each other. Driving and chat go on. */
  readonly state: 'active' | 'frozen'
  /** Ids of the members whose confirmation decisions wait for, at most nine: more than half of them are enough. */
  readonly voters: readonly string[]
}

/** Events of a {@link Convoy}. */
export type ConvoyEvents = {
  memberJoined: Member
  memberLeft: { member: Member; reason: LeaveReason; detail: string }
  /**
   * Presence, name, role, scopes, mutes or profile of a member changed, this one's own included. Ping and distance change all the
   * time and have no event.
   */
  memberChanged: Member
  /** The host changed rules: what, by whom, when (ms since the Unix epoch on the host's clock). */
  rulesChanged: { rules: Rules; changed: readonly (keyof Rules)[]; by: Member; at: number }
  /** The host set the game's clock: see {@link SessionTime.game}. */
  gameTimeChanged: undefined
  /** The host set a value of {@link Convoy.shared}, or took it back (`value` is undefined then). */
  sharedChanged: { name: string; value: unknown; by: Member; at: number }
  chat: ChatMessage
  /** Somebody, or something, is kept out from now on, or no longer. Members that this removes leave as `banned`. */
  banned: Ban
  unbanned: { subject: BanSubject; by: Member | undefined }
  /** A member is not heard from now on, or is heard again since somebody lifted its mute; one that ends has `memberChanged` only. */
  muted: MutedEvent
  unmuted: { member: Member; what: readonly MutedMedium[]; by: Member | undefined }
  /**
   * The host tells this player what it does about how it drives, and why: `text` is for people. A kick comes as `removed`.
   */
  warned: {
    kind: EnforcedKind
    action: 'warning' | 'slow-lane' | 'released'
    text: string
    measured: number
    limit: number
  }
  /** This member saw another one break the rules; the host, who is told of it, decides what follows. */
  observed: { member: Member; kind: EnforcedKind; measured: number; limit: number }
  /** Another member decides from now on: the former host handed over, left, or was no longer heard. */
  hostChanged: { host: Member; former: Member; epoch: number }
  /**
   * The host left or is no longer heard, and nobody has taken its place yet: the session goes on between those who are
   * there. `hostChanged` follows where more than half of those who vote hear each other.
   */
  hostGone: { host: Member; reason: LeaveReason }
  /**
   * The host, which was gone as `lost`, has taken this member back: it came back by itself. The others are linked anew;
   * {@link Convoy.self} may have another slot.
   */
  hostBack: Member
  /**
   * This member was removed, or was lost and not taken back; `closed` follows. `code` is there where the host refused
   * its return: the code that joining would fail with.
   */
  removed: { reason: LeaveReason; detail: string; code?: ErrorCode }
  /** Host and moderators: a member handed in a report. `examineReport` says what its evidence is worth. */
  report: TakenReport
  closed: undefined
}

/** Counters and measures of everything a convoy does, as plain data. */
export interface ConvoyStats {
  /** How well the convoy as a whole does, with advice for the player. */
  readonly quality: Quality
  readonly updatesSent: number
  readonly updatesReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly links: readonly {
    readonly memberId: string
    readonly state: string
    readonly rttMs: number | undefined
    readonly jitterMs: number
    readonly lossIn: number
    readonly lossOut: number
    /** Datagrams not sent because earlier ones still waited, or nothing was heard back: the next one is newer. */
    readonly datagramsSkipped: number
    /** What was dropped or refused on it, by name; `control-send-…` are what was refused to this side. */
    readonly dropped: Readonly<Record<string, number>>
    /** How well it serves driving, with advice for the player. */
    readonly quality: Quality
    /** How closely this member's vehicle is shown to the other one; undefined while there is none. */
    readonly tier: InterestTier | undefined
    /** Kilobits per second spent on vehicles of late, headers of all layers included, and how many it may be. */
    readonly vehicleKbps: number
    readonly budgetKbps: number
  }[]
  /** Members in the roster from whom something was refused or dropped after it had come over the link. */
  readonly members: readonly {
    readonly memberId: string
    readonly dropped: Readonly<Record<string, number>>
    /** Whether only a trickle of its messages is taken, since it kept going over its budgets; and how often that was. */
    readonly quarantined: boolean
    readonly quarantines: number
    /** Signatures that it may still make this member check right now. */
    readonly verificationsLeft: number
  }[]
  /** How much strangers ask of this member while it is host; undefined while it is not. */
  readonly admission: AdmissionLoad | undefined
  /** What the hosts decided, as this member holds it. */
  readonly record: {
    /** Entries since the founding that are committed, and all of them, of which the newest may still be withdrawn. */
    readonly committed: number
    readonly held: number
    /** Of the entries that are kept: a snapshot stands for those before. */
    readonly bytes: number
    /** Of the committed entries, in hexadecimal digits: members with the same one agree on everything in them. */
    readonly digest: string
  }
  /** What was seen of members that break the rules, and what was done about it. */
  readonly enforcement: EnforcementStats
  /** Vehicles that come through other members, and what this member forwards for others. */
  readonly forwarding: {
    /** Members whose vehicle came, or comes, through others. */
    readonly members: readonly ForwardedMember[]
    readonly forOthers: Readonly<ForwardedForOthers>
  }
  /** What was refused or dropped in all, by name; also of links and members that are gone. */
  readonly dropped: Readonly<Record<string, number>>
}

/** A session as one of its members sees it. Made by {@link hostConvoy} or {@link joinConvoy}. */
export interface Convoy extends Listenable<ConvoyEvents> {
  /** What friends paste to join, an `openconvoy:` URI. */
  readonly invite: string
  readonly isHost: boolean
  readonly self: Member
  /** Who decides here, and whether anybody can. */
  readonly authority: AuthorityState
  /** The host's entry, also after it is gone. */
  readonly host: Member
  /** Everyone, this member included, by slot. A fresh array at each call. */
  readonly members: readonly Member[]
  readonly rules: Rules
  /** The host's mods. */
  readonly loadOrder: LoadOrder
  /** Time as all members have it, and the game's clock as the host sets it. */
  readonly time: SessionTime
  /** Values that the host sets for everyone: weather, the convoy's job, an event. */
  readonly shared: SharedValues
  /** The vehicles of the others. */
  readonly vehicles: RemoteVehicles
  /** Vehicles that no player drives. */
  readonly traffic: Traffic
  /**
   * Sets where this member's vehicle is now. Call it as often as the game gives a state, e.g. each frame; it is
   * copied and sent at the update rate. Null hides the vehicle.
   * @param sampledAt - when the state was true, ms of the convoy's clock (default now): set it where the game's state
   * is older than the call.
   * @throws ConvoyError `invalid-vehicle` when a value is not finite or out of range; `not-permitted` for spectators.
   */
  setVehicle(state: VehicleState | null, sampledAt?: number): void
  /** The member that this one follows; see {@link Convoy.follow}. */
  readonly followed: Member | undefined
  /**
   * Asks for the vehicle of a member, and all around it, as if this member were there, however far it is: for a spectator, a
   * camera, a mirror. Null ends it, and so does the member's leaving. Everyone is told whom this member follows.
   * @throws ConvoyError `invalid-argument` for who is not another member; `rate-limited` beyond two changes a second,
   * ten at once.
   * @example
   * ```ts
   * convoy.follow(convoy.host.id)
   * ```
   */
  follow(memberId: string | null): void
  /**
   * Host, and whoever has the scope `rules`: changes rules while driving; resolves once that is signed, confirmed by more than half
   * of those who vote, and on its way to everyone. `moderatorList` is the host's alone.
   * @param signal - gives up, with `aborted`, while decisions before this one are still being made or nothing can be decided for the
   * moment; once begun it is made.
   * @throws ConvoyError `invalid-argument`, `aborted`, and as {@link Convoy.setRole}.
   */
  setRules(changes: RulesChanges, signal?: AbortSignal): Promise<void>
  /** Bans in force. */
  readonly bans: readonly Ban[]
  /**
   * Gives a member a role, and scopes; takes effect at once, and stays with its identity when it leaves. The host makes moderators;
   * moderators with the scope `grant` make staff, and give no scope that they lack. {@link Member.scopes} tells who may what.
   * @param scopes - the scopes, in place of all that it had; those usual for the role where left out: all but `grant` for a
   * moderator, `kick`, `mute` and `report` for staff.
   * @param signal - gives up as in {@link Convoy.setRules}; what a moderator has asked the host for may be decided all the same.
   * @throws ConvoyError `not-permitted` beyond this member's scopes, or on somebody of its own rank and above; `invalid-argument`;
   * `no-majority` when too few of those who vote are heard for 5 s. For moderators, who ask the host for it, besides: `host-gone` where
   * there is none; `authority-moved`, where another one took over meanwhile, and `timeout`, after which it may be decided all the
   * same; `rate-limited` beyond two requests a second.
   * @example
   * ```ts
   * await convoy.setRole(friend.id, 'moderator')
   * await convoy.setRole(other.id, 'staff', ['mute'])
   * ```
   */
  setRole(
    memberId: string,
    role: GrantedRole,
    scopes?: readonly ModerationScope[],
    signal?: AbortSignal,
  ): Promise<void>
  /**
   * Scope `kick`: removes a member, who may join again once it has cooled off, by default after a minute. Until then joining fails
   * with `kicked` and `details.waitMs`.
   * @throws ConvoyError as {@link Convoy.setRole}.
   * @example
   * ```ts
   * await convoy.kick(member.id, { reason: 'Lights, please.', coolOffMs: 5 * 60_000 })
   * ```
   */
  kick(memberId: string, reason?: string | KickOptions, signal?: AbortSignal): Promise<void>
  /**
   * Scope `ban`: keeps an identity, everyone with a claim, or everyone who came by an invite out of the session, and removes those
   * who are here. Joining fails with `banned`, and with `details.waitMs` where that ends. It does not concern those of this member's
   * rank and above. A second ban takes the place of the first.
   * @throws ConvoyError as {@link Convoy.setRole}.
   * @example
   * ```ts
   * await convoy.ban(member.id, { reason: 'Ramming.', expiresInMs: 7 * 24 * 3_600_000 })
   * await convoy.ban({ claim: 'steam:76561198000000000' }, 'Came back under another name.')
   * await convoy.ban({ inviteOf: member.id }, 'This invite was leaked.')
   * ```
   */
  ban(target: BanTarget, reason?: string | BanOptions, signal?: AbortSignal): Promise<void>
  /**
   * Scope `ban`: lifts a ban, unless somebody of a higher rank decided it.
   * @throws ConvoyError as {@link Convoy.setRole}.
   * @example
   * ```ts
   * for (const { subject, name } of convoy.bans) if (name === 'Ben') await convoy.unban(subject)
   * ```
   */
  unban(target: BanTarget, signal?: AbortSignal): Promise<void>
  /**
   * Scope `mute`: keeps a member from being heard by anyone, in chat, on the radio or both; every receiver drops what it says all
   * the same. It stays with the identity when the member leaves.
   * @throws ConvoyError as {@link Convoy.setRole}.
   * @example
   * ```ts
   * await convoy.mute(member.id, { what: ['chat'], reason: 'Spam.', expiresInMs: 10 * 60_000 })
   * ```
   */
  mute(memberId: string, options?: MuteOptions, signal?: AbortSignal): Promise<void>
  /**
   * Scope `mute`: lifts mutes (by default all of the member's), unless somebody of a higher rank decided them.
   * @throws ConvoyError as {@link Convoy.setRole}.
   */
  unmute(memberId: string, what?: readonly MutedMedium[], signal?: AbortSignal): Promise<void>
  /**
   * Scope `invite`: makes another invite, with a secret of its own: who comes by it can be told from others, and be kept out with
   * it. The first invite goes on.
   * @throws ConvoyError as {@link Convoy.setRole}.
   * @example
   * ```ts
   * const forTheForum = await convoy.createInvite()
   * ```
   */
  createInvite(signal?: AbortSignal): Promise<string>
  /**
   * Host only: hands the session over to another member, without a gap; resolves once that one decides. A host that closes
   * does so by itself.
   * @throws ConvoyError `invalid-argument` for who is not connected; `no-majority`; `authority-moved`; `timeout` when the
   * member did not take over: this peer goes on as host then; `aborted`.
   * @example
   * ```ts
   * await convoy.transferHost(friend.id)
   * ```
   */
  transferHost(memberId: string, signal?: AbortSignal): Promise<void>
  /**
   * Sends a text of 1…500 characters to all, or to one.
   * @throws ConvoyError `invalid-argument`; `muted`; `rate-limited` beyond 50 texts a second; `backlog-full` when too much waits
   * for everyone it is for; `closed`.
   */
  sendChat(text: string, toMemberId?: string): void
  /**
   * Shows this profile to everyone, newcomers included, in place of the former one.
   * @throws ConvoyError `invalid-argument` for more than small texts; `rate-limited` beyond one change a second, five at
   * once.
   * @example
   * ```ts
   * convoy.setProfile({ company: 'Nordfrakt', plates: 'OC 1234', tag: 'lead' })
   * ```
   */
  setProfile(profile: MemberProfile): void
  /**
   * Opens a channel for messages of the embedding program's own. Call it right after hosting or joining, on every
   * side with the same options; name it in the option `channels` to have other versions of it refused.
   * @param name - 1 to 24 printable ASCII characters; the library's own channels have names of another kind.
   * @throws ConvoyError `invalid-argument` for a name that is taken, or options out of range.
   * @example
   * ```ts
   * const jobs = convoy.channel('jobs', {
   *   schema: v.object({ cargo: v.string(), tons: v.number() }),
   *   authority: 'host',
   *   validate: ({ tons }) => tons <= 40,
   * })
   * jobs.on('message', ({ author, message }) => console.log(author?.name, 'hauls', message.cargo))
   * jobs.send({ cargo: 'Steel', tons: 22 })
   * ```
   */
  channel<Input, Output = Input>(name: string, options: ChannelOptions<Input, Output>): Channel<Input, Output>
  /**
   * Has `interceptor` judge each chat text and channel message that arrives, before anybody hears of it; several are
   * asked in the order added. On the host it judges, before they are sent on, also the messages it has
   * authority over. One that throws is logged, and what it judged is dropped: a filter that fails must not let through
   * what it was there to stop.
   * @example
   * ```ts
   * convoy.intercept((event) => {
   *   if (event.type !== 'chat') return 'pass'
   *   return muted.has(event.from.id) ? 'drop' : { replace: event.text.replaceAll('damn', '****') }
   * })
   * ```
   */
  intercept(interceptor: Interceptor): Unsubscribe
  /**
   * Reports a member that is, or was until a minute ago, here: signs a clip of what was received of it, its messages and those
   * around it, and hands it in to the host and all who moderate.
   * @returns once the host has it; its file may be saved, and seen with `openconvoy report view`.
   * @throws ConvoyError `invalid-argument`; `unsupported` where the option `evidence` is false; `rate-limited` beyond three
   * at once and one in two minutes; `report-refused` with the reason; `host-gone`, `timeout`, `aborted`.
   * @example
   * ```ts
   * await convoy.report(member.id, { category: 'ramming', text: 'Pushed me off the bridge.', seconds: 20 })
   * ```
   */
  report(memberId: string, options: ReportOptions): Promise<SentReport>
  /** Makes the file of such a report without handing it in. Throws as {@link Convoy.report} does. */
  encodeReport(memberId: string, options: ReportOptions): Promise<Uint8Array>
  stats(): ConvoyStats
  /**
   * Tells that the network of this device changed: every link is dialled again at once while the present connections
   * go on, the signaling service is connected anew, and whatever waits for another try is tried. Nothing is lost by
   * calling it too often. In pages (`online`, a change of `navigator.connection`) and in Node (another address on an
   * interface) it is called by itself, unless the option `watchNetwork` is false.
   * @example
   * ```ts
   * modem.on('handover', () => convoy.networkChanged())
   * ```
   */
  networkChanged(): void
  /**
   * Says good-bye and frees everything. Links end as soon as the others have read it, at most a second and a quarter
   * later. Idempotent.
   */
  close(): Promise<void>
}
