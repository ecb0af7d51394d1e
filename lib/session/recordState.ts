import { ConvoyError, equalBytes, toHex } from '../core/index.ts'
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
import type { Change, RecordedLeaveReason } from './recordEntries.ts'

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
}

/** How a member went. */
export interface Departure {
  readonly reason: RecordedLeaveReason
  readonly detail: string
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
  readonly #members = new Map<string, RecordMember>()
  readonly #banned = new Set<string>()
  /** How those that are not present went: a kick holds until its member is asked in anew. */
  readonly #departures = new Map<string, Departure>()

  /** Members present, the host included, by the order of their slots. */
  get members(): readonly RecordMember[] {
    return [...this.#members.values()].sort((a, b) => a.slot - b.slot)
  }

  get memberCount(): number {
    return this.#members.size
  }

  /** The member with this sign key. */
  member(signKey: Uint8Array): RecordMember | undefined {
    return this.#members.get(toHex(signKey))
  }

  /** The member with this fingerprint. */
  memberById(id: string): RecordMember | undefined {
    for (const member of this.#members.values()) if (member.id === id) return member
    return undefined
  }

  /** How the member with this sign key, which is not present, went. */
  departure(signKey: Uint8Array): Departure | undefined {
    return this.#departures.get(toHex(signKey))
  }

  isBanned(signKey: Uint8Array): boolean {
    return this.#banned.has(toHex(signKey))
  }

  /**
   * @throws ConvoyError `message-malformed` when `change`, which the host with `signKey` signed, contradicts the state.
   */
  check(change: Change, signKey: Uint8Array): void {
    switch (change.type) {
      case 'joined':
        return this.#checkJoin(change.signKey, change.slot)
      case 'left':
        if (equalBytes(change.signKey, signKey) || !this.#members.has(toHex(change.signKey))) {
          throw new ConvoyError('message-malformed', 'A member left that was not there.')
        }
        return
      case 'shared':
        if (change.value !== null && !this.shared.has(change.name) && this.shared.size >= mostSharedValues)
          throw new ConvoyError('message-malformed', `A record shares ${mostSharedValues} values at most.`)
        return
      case 'elected':
        if (!this.#members.has(toHex(change.signKey))) {
          throw new ConvoyError('message-malformed', 'A host was elected that is no member.')
        }
        return
      default:
    }
  }

  /**
   * Applies a change that the host signed and that was committed.
   * @throws ConvoyError `message-malformed` when it contradicts the state; nothing has changed then.
   */
  apply(change: Change, number: number, signKey: Uint8Array): void {
    this.check(change, signKey)
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
        this.host = this.#members.get(toHex(change.signKey))
        return
      case 'voters':
        // In force from when it is held: the record keeps it.
        return
      case 'left':
        this.#members.delete(toHex(change.signKey))
        this.#departures.set(toHex(change.signKey), { reason: change.reason, detail: change.detail })
        return
      case 'banned':
        this.#banned.add(toHex(change.signKey))
        return
    }
  }

  #checkJoin(signKey: Uint8Array, slot: number): void {
    if (this.#members.has(toHex(signKey))) {
      throw new ConvoyError('message-malformed', 'A member joined that is there already.')
    }
    for (const member of this.#members.values()) {
      if (member.slot === slot) throw new ConvoyError('message-malformed', `Slot ${slot} was given twice.`)
    }
  }

  #add(fields: Omit<RecordMember, 'id' | 'joinedAt'>, number: number): RecordMember {
    const { signKey, boxKey, incarnation, slot, name, vehicleClass } = fields
    const id = fingerprintOf({ signKey, boxKey })
    const member = { id, signKey, boxKey, incarnation, slot, name, vehicleClass, joinedAt: number }
    this.#members.set(toHex(signKey), member)
    this.#departures.delete(toHex(signKey))
    return member
  }
}
