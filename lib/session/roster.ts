import { sameBytes } from '../core/index.ts'
import type { SessionMember } from './member.ts'
import { Peer } from './peer.ts'
import type { RecordMember } from './recordState.ts'
import type { Session } from './session.ts'

/** Who is in a session, as one of its members sees it. */
export class Roster {
  readonly #peers = new Map<string, Peer>()
  /** Members that the host admitted and has no link with yet: its program hears of them once it can reach them. */
  readonly unreached = new Set<string>()
  readonly #session: Session
  /** {@link Roster.present}, until somebody comes or goes. */
  #present: { readonly self: RecordMember; readonly members: readonly RecordMember[] } | undefined

  constructor(session: Session) {
    this.#session = session
    for (const member of session.record.state.members) {
      if (member.id !== session.self.id) this.#add(member)
    }
  }

  /** By the ids of their members. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers
  }

  /** Everyone present, this member included, by slot, as the record has them. */
  get present(): readonly RecordMember[] {
    const { self } = this.#session
    if (this.#present?.self !== self) {
      const members = [self, ...Array.from(this.#peers.values(), ({ member }) => member)]
      this.#present = { self, members: members.sort((a, b) => a.slot - b.slot) }
    }
    return this.#present.members
  }

  /** Everyone present, this member included, by slot. */
  members(): SessionMember[] {
    return this.present.map((member) => this.describe(member))
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
      role: this.#session.moderation.roleOf(member),
      scopes: this.#session.moderation.scopesOf(member),
      muted: this.#session.moderation.mutedOn(member),
      claims: member.claims ?? [],
      presence: member.id === this.#session.self.id ? 'self' : (peer?.presence ?? 'away'),
      pingMs: peer?.pingMs,
      via: peer?.via,
      restricted: this.#session.record.state.restrictionOf(member.signKey) ?? null,
    }
  }

  /** The peer with this sign key. */
  peerOf(signKey: Uint8Array): Peer | undefined {
    for (const peer of this.#peers.values()) if (sameBytes(peer.member.signKey, signKey)) return peer
    return undefined
  }

  /** The record has a new member. */
  joined(signKey: Uint8Array): void {
    const member = this.#session.record.state.member(signKey)
    if (member === undefined || member.id === this.#session.self.id) return
    // Known already, from a state that was taken over as a whole.
    const known = this.peers.get(member.id)?.member
    if (known !== undefined && sameBytes(known.incarnation, member.incarnation)) return
    this.#add(member)
    if (this.#session.isHost) this.unreached.add(member.id)
    else this.#session.events.emit('memberJoined', this.describe(member))
  }

  /** A member that had been given up is within reach again, where the record still has that process of it. */
  returned(member: RecordMember): Peer | undefined {
    const present = this.#session.record.state.member(member.signKey)
    const isSame = present !== undefined && sameBytes(present.incarnation, member.incarnation)
    if (!isSame || present.id === this.#session.self.id) return undefined
    this.#add(present)
    this.#session.events.emit('memberJoined', this.describe(present))
    return this.#peers.get(present.id)
  }

  /** Tells of those who were to be told of once they are linked. */
  announceUnreached(): void {
    for (const id of this.unreached) {
      const peer = this.#peers.get(id)
      if (peer !== undefined) this.#session.events.emit('memberJoined', this.describe(peer.member))
    }
    this.unreached.clear()
  }

  /** Shows in the roster who forwards a member's vehicle; nobody where undefined. */
  setForwarder(memberId: string, via: string | undefined): void {
    const peer = this.#peers.get(memberId)
    if (peer === undefined || peer.via === via) return
    peer.via = via
    if (!this.#session.isClosed) this.#session.events.emit('memberChanged', this.describe(peer.member))
  }

  /** Everyone whom the record has is here, and nobody else: after a while apart, or when decisions were void. */
  reconcile(): void {
    const { state } = this.#session.record
    for (const peer of [...this.#peers.values()]) {
      const present = state.member(peer.member.signKey)
      const same = present !== undefined && sameBytes(present.incarnation, peer.member.incarnation)
      if (!same) this.#session.removePeer(peer, 'lost', '')
    }
    for (const member of state.members) {
      if (member.id === this.#session.self.id || this.#peers.has(member.id)) continue
      this.#add(member)
      this.#session.events.emit('memberJoined', this.describe(member))
    }
  }

  /** Tells of a change of presence, where there is one. */
  changed(peer: Peer): void {
    const { presence } = peer
    if (this.#session.isClosed || presence === peer.toldPresence) return
    peer.toldPresence = presence
    this.#session.events.emit('memberChanged', this.describe(peer.member))
  }

  /** Takes a peer out, without telling anybody. */
  remove(id: string): void {
    this.#peers.delete(id)
    this.#present = undefined
  }

  #add(member: RecordMember): void {
    this.#peers.set(member.id, new Peer(member))
    this.#present = undefined
  }
}
