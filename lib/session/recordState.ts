import { BytesMap, ConvoyError, equalBytes } from '../core/index.ts'
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
  readonly #restricted = new BytesMap<Restriction>()
  /** How those that are not present went: a kick holds until its member is asked in anew. */
  readonly #departures = new BytesMap<Departure>()

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
    return this.#departures.get(signKey)
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
    return this.#restricted.get(signKey)
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
        if (!this.#members.has(change.signKey) && !this.#restricted.has(change.signKey))
          throw new ConvoyError('message-malformed', 'Somebody was restricted that is no member.')
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
        const { signKey: key, restriction, detail } = change
        if (restriction === null) this.#restricted.delete(key)
        else this.#restricted.set(key, { restriction, detail })
        return
      }
      case 'left': {
        const { signKey: key, reason, detail, coolOffMs = 0 } = change
        const member = this.#remove(key)
        if (member !== undefined)
          this.#departures.set(key, { reason, detail, member, coolsUntil: at + coolOffMs })
        return
      }
      default:
    }
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
    const id = fingerprintOf({ signKey, boxKey })
    const own = { id, signKey, boxKey, incarnation, slot, name, vehicleClass, joinedAt: number }
    const member: RecordMember = { ...own, claims, invite }
    this.#members.set(signKey, member)
    this.#membersById.set(id, member)
    this.#bySlot = undefined
    this.#departures.delete(signKey)
    return member
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
