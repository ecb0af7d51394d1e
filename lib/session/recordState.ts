import { BytesMap, ConvoyError, equalBytes, fromHex, toHex } from '../core/index.ts'
import { fingerprintOf, type PasswordVerifier } from '../identity/index.ts'
import {
  changeRules,
  defaultRules,
  emptyLoadOrder,
  mostSharedValues,
  type GameTime,
  type LoadOrder,
  type Rules,
  type VehicleClass,
} from '../protocol/index.ts'
import type { GameVersion } from './admissionChecks.ts'
import type { ChannelVersions } from './channelVersions.ts'
import { ModerationState } from './moderation/moderationState.ts'
import type { Change, RecordedLeaveReason } from './recordEntries.ts'
import type { Restriction } from './restriction.ts'
import { byText, inKeyOrder } from './snapshot/canonicalOrder.ts'
import { mostDepartures, mostRestricted } from './snapshot/constants.ts'
import type { StateContents } from './snapshot/stateBytes.ts'

/** A member as the record knows it. */
export interface RecordMember {
  readonly id: string
  readonly signKey: Uint8Array
  readonly boxKey: Uint8Array
  readonly incarnation: Uint8Array
  readonly slot: number
  readonly name: string
  readonly vehicleClass: VehicleClass | null
  /** Number of the entry that admitted this incarnation: who came later dials. */
  readonly joinedAt: number
  /** Claims that it was admitted with. */
  readonly claims?: readonly string[] | undefined
  /** Digest of the secret of the invite that it was admitted with, where that had one. */
  readonly invite?: Uint8Array | undefined
}

/** How a member went. */
export interface Departure {
  readonly reason: RecordedLeaveReason
  readonly detail: string
  readonly member: RecordMember
  /** Until when it may not knock, ms since the Unix epoch on the host's clock. */
  readonly coolsUntil: number
}

/** What the entries of a record add up to. */
export class RecordState {
  rules: Rules = defaultRules
  loadOrder: LoadOrder = emptyLoadOrder
  game: GameVersion | null = null
  /** Undefined until the host has set it. */
  gameTime: GameTime | undefined
  /** What the host shares with everyone, by name, as MessagePack ([REC-7]). */
  readonly shared = new Map<string, Uint8Array>()
  /** The host's channels that joiners must have the same version of ([ADM-15]). */
  channels: ChannelVersions = {}
  password: PasswordVerifier | null = null
  founderNonce: Uint8Array | undefined
  /** By what is committed; who is obeyed is {@link SessionRecord.hostKey}. */
  host: RecordMember | undefined
  /** Who may do what, and who may not be here. */
  readonly moderation = new ModerationState(this)
  readonly #members = new BytesMap<RecordMember>()
  readonly #membersById = new Map<string, RecordMember>()
  /** {@link RecordState.members}, until they change. */
  #bySlot: readonly RecordMember[] | undefined
  /** By sign key, also of those that left: coming back is no way out. */
  readonly #restricted = new Map<string, Restriction>()
  /** How those that are not present went: a kick holds until its member is asked in anew. */
  readonly #departures = new Map<string, Departure>()

  /** Members present, the host included, by the order of their slots. */
  get members(): readonly RecordMember[] {
    this.#bySlot ??= [...this.#members.values()].sort((a, b) => a.slot - b.slot)
    return this.#bySlot
  }

  get memberCount(): number {
    return this.#members.size
  }

  /** The member with this sign key. */
  member(signKey: Uint8Array): RecordMember | undefined {
    return this.#members.get(signKey)
  }

  /** The member with this fingerprint. */
  memberById(id: string): RecordMember | undefined {
    return this.#membersById.get(id)
  }

  /** How the member with this sign key, which is not present, went. */
  departure(signKey: Uint8Array): Departure | undefined {
    return this.#departures.get(toHex(signKey))
  }

  /** Who has this sign key, or had it when it was here last. */
  knownMember(signKey: Uint8Array): RecordMember | undefined {
    return this.member(signKey) ?? this.departure(signKey)?.member
  }

  /** Who has this fingerprint, or had it when it was here last. */
  knownMemberById(id: string): RecordMember | undefined {
    const present = this.memberById(id)
    if (present !== undefined) return present
    for (const { member } of this.#departures.values()) if (member.id === id) return member
    return undefined
  }

  /** What the member with this sign key may not do for now. */
  restrictionOf(signKey: Uint8Array): Restriction | undefined {
    // The usual case, asked for every message: nobody is.
    return this.#restricted.size === 0 ? undefined : this.#restricted.get(toHex(signKey))
  }

  /**
   * @throws ConvoyError `message-malformed` when `change`, which the host with `signKey` signed `at` a time, contradicts the
   * state, or goes beyond what whoever asked for it may do.
   */
  check(change: Change, signKey: Uint8Array, at: number): void {
    const objection = this.moderation.objection(change, signKey, at)
    if (objection !== undefined) throw new ConvoyError('message-malformed', objection)
    switch (change.type) {
      case 'joined':
        return this.#checkJoin(change.signKey, change.slot)
      case 'left':
        if (equalBytes(change.signKey, signKey) || !this.#members.has(change.signKey)) {
          throw new ConvoyError('message-malformed', 'A member left that was not there.')
        }
        return
      case 'shared':
        if (change.value !== null && !this.shared.has(change.name) && this.shared.size >= mostSharedValues)
          throw new ConvoyError('message-malformed', `A record shares ${mostSharedValues} values at most.`)
        return
      case 'restricted': {
        if (!this.#members.has(change.signKey) && !this.#restricted.has(toHex(change.signKey)))
          throw new ConvoyError('message-malformed', 'Somebody was restricted that is no member.')
        if (!this.#restricted.has(toHex(change.signKey)) && this.#restricted.size >= mostRestricted)
          throw new ConvoyError('message-malformed', `A record restricts ${mostRestricted} at most.`)
        return
      }
      case 'elected':
        if (!this.#members.has(change.signKey)) {
          throw new ConvoyError('message-malformed', 'A host was elected that is no member.')
        }
        return
      default:
    }
  }

  /**
   * Applies a change that the host signed and that was committed.
   * @param at - when it was signed, ms since the Unix epoch.
   * @throws ConvoyError `message-malformed` when it contradicts the state; nothing has changed then.
   */
  apply(change: Change, number: number, signKey: Uint8Array, at: number): void {
    this.check(change, signKey, at)
    this.moderation.apply(change, signKey, at)
    switch (change.type) {
      case 'founded':
        this.host = this.#add({ ...change, slot: 0 }, number)
        this.game = change.game
        this.channels = change.channels ?? {}
        this.password = change.password
        this.rules = change.rules
        this.founderNonce = change.founderNonce
        return
      case 'rules':
        this.rules = changeRules(this.rules, change.changes)
        return
      case 'loadOrder':
        this.loadOrder = change.loadOrder
        return
      case 'gameTime':
        this.gameTime = { minutes: change.minutes, scale: change.scale, at: change.at }
        return
      case 'shared':
        if (change.value === null) this.shared.delete(change.name)
        else this.shared.set(change.name, change.value)
        return
      case 'joined':
        this.#add(change, number)
        return
      case 'elected':
        this.host = this.#members.get(change.signKey)
        return
      case 'voters':
        // In force from when it is held: the record keeps it.
        return
      case 'restricted': {
        const { restriction, detail } = change
        const key = toHex(change.signKey)
        if (restriction === null) this.#restricted.delete(key)
        else this.#restricted.set(key, { restriction, detail })
        return
      }
      case 'left': {
        const { signKey, reason, detail, coolOffMs = 0 } = change
        const member = this.#remove(signKey)
        if (member === undefined) return
        this.#departures.set(toHex(signKey), { reason, detail, member, coolsUntil: at + coolOffMs })
        return this.#forgetDepartures()
      }
      default:
    }
  }

  /** Everything in it, as a snapshot has it: see `encodeState`. */
  contents(): StateContents {
    const { founderNonce, host } = this
    if (founderNonce === undefined) throw new ConvoyError('invalid-argument', 'Nothing was founded.')
    const channels = Object.entries(this.channels).map(([name, version]) => ({ name, version }))
    const shared = [...this.shared].map(([name, value]) => ({ name, value }))
    const restricted = [...this.#restricted].map(([key, { restriction, detail }]) => {
      return { signKey: fromHex(key), restriction, detail }
    })
    const departures = [...this.#departures.values()].map(({ member, ...how }) => {
      return { ...how, member: withoutId(member) }
    })
    return {
      founderNonce,
      game: this.game,
      channels: channels.sort((a, b) => byText(a.name, b.name)),
      password: this.password,
      rules: this.rules,
      loadOrder: this.loadOrder,
      gameTime: this.gameTime ?? null,
      shared: shared.sort((a, b) => byText(a.name, b.name)),
      host: host === undefined || this.knownMember(host.signKey) === undefined ? null : host.signKey,
      members: this.members.map(withoutId),
      departures,
      restricted: inKeyOrder(restricted),
      moderation: this.moderation.contents(),
    }
  }

  /** The state that a snapshot has. */
  static of(contents: StateContents): RecordState {
    const state = new RecordState()
    const { members, departures, restricted, host } = contents
    state.rules = contents.rules
    state.loadOrder = contents.loadOrder
    state.game = contents.game
    state.gameTime = contents.gameTime ?? undefined
    state.channels = Object.fromEntries(contents.channels.map(({ name, version }) => [name, version]))
    state.password = contents.password
    state.founderNonce = contents.founderNonce
    for (const { name, value } of contents.shared) state.shared.set(name, value)
    for (const member of members) state.#put(withId(member))
    for (const { member, ...how } of departures)
      state.#departures.set(toHex(member.signKey), { ...how, member: withId(member) })
    for (const { signKey, ...restriction } of restricted) state.#restricted.set(toHex(signKey), restriction)
    state.host = host === null ? undefined : state.knownMember(host)
    state.moderation.restore(contents.moderation)
    return state
  }

  /** Who left longest ago is forgotten first, and who was kicked last, since a kick holds ([REC-10]). */
  #forgetDepartures(): void {
    if (this.#departures.size <= mostDepartures) return
    const departures = [...this.#departures]
    const [oldest] = departures.find(([, { reason }]) => reason !== 'kicked') ?? departures[0] ?? []
    if (oldest !== undefined) this.#departures.delete(oldest)
  }

  #checkJoin(signKey: Uint8Array, slot: number): void {
    if (this.#members.has(signKey)) {
      throw new ConvoyError('message-malformed', 'A member joined that is there already.')
    }
    for (const member of this.#members.values()) {
      if (member.slot === slot) throw new ConvoyError('message-malformed', `Slot ${slot} was given twice.`)
    }
  }

  #add(fields: Omit<RecordMember, 'id' | 'joinedAt'>, number: number): RecordMember {
    const { signKey, boxKey, incarnation, slot, name, vehicleClass, claims, invite } = fields
    const own = { signKey, boxKey, incarnation, slot, name, vehicleClass, joinedAt: number }
    const member = withId({ ...own, claims, invite })
    this.#put(member)
    this.#departures.delete(toHex(signKey))
    return member
  }

  #put(member: RecordMember): void {
    this.#members.set(member.signKey, member)
    this.#membersById.set(member.id, member)
    this.#bySlot = undefined
  }

  #remove(signKey: Uint8Array): RecordMember | undefined {
    const member = this.#members.get(signKey)
    if (member === undefined) return undefined
    this.#members.delete(signKey)
    this.#membersById.delete(member.id)
    this.#bySlot = undefined
    return member
  }
}

function withId(member: Omit<RecordMember, 'id'>): RecordMember {
  return { id: fingerprintOf(member), ...member }
}

function withoutId({ id: _, claims, ...member }: RecordMember): StateContents['members'][number] {
  return { ...member, claims: claims === undefined ? undefined : [...claims] }
}
