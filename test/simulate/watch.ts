import { toHex } from '../../lib/core/index.ts'
import { majorityOf, peekEnvelope } from '../../lib/identity/index.ts'
import type { PeerConvoy } from '../../lib/convoy/peerConvoy.ts'
import type { Session } from '../../lib/session/index.ts'
import type { ControlLink } from '../../lib/session/controlLink.ts'
import type { HeldEntry } from '../../lib/session/record.ts'
import { checkTicket } from '../../lib/session/ticket.ts'
import { leaseMs } from '../../lib/session/authority/constants.ts'
import { differByOne, voterOf, type VoterSet } from '../../lib/session/authority/voters.ts'
import { hasWitnessVoted } from './canAgree.ts'
import type { Ledger } from './ledger.ts'

/** How often what is shown to the player is looked at, ms: shown things last, unlike the record. */
const shownEveryMs = 500

/** Looks over the shoulder of an honest member: at its record after every event, at what it shows now and then. */
export class Watch {
  readonly #who: string
  readonly #convoy: PeerConvoy
  readonly #session: Session
  readonly #ledger: Ledger
  /** Entries as they were held at the last look. */
  #held: (HeldEntry | undefined)[] = []
  #tail: Uint8Array | undefined
  /** The first entry that was not let go of at the last look. */
  #base = 0
  #committed = 0
  /** The highest epoch that the member knew of at the last look. */
  #seen = 0
  /** Sign keys that the committed record has banned, in hexadecimal. */
  readonly #banned = new Set<string>()
  /** As which it knew of those epochs. */
  #incarnation: Uint8Array
  #shownAt = -Infinity

  constructor(who: string, convoy: PeerConvoy, ledger: Ledger) {
    this.#who = who
    this.#convoy = convoy
    this.#session = convoy.session
    this.#ledger = ledger
    this.#incarnation = convoy.session.self.incarnation
    this.#watchEntries()
    this.#watchTickets()
    this.#watchDecisions()
    convoy.on('chat', ({ from }) => {
      if (!this.#isMember(from.id)) this.#broken('INV-4', `heard a text of ${from.name}, who is no member`)
    })
  }

  /** Compares with the last look. Called after every event of the simulation, so nearly always nothing is new. */
  look(now: number): void {
    const { record, authority, self } = this.#session
    if (self.incarnation !== this.#incarnation) {
      // What a former incarnation promised holds for that one ([AUT-2]).
      this.#incarnation = self.incarnation
      this.#seen = 0
    }
    const tail = record.digestAt(record.length)
    if (tail !== this.#tail || record.committed !== this.#committed) this.#lookAtRecord(tail)
    this.#seen = Math.max(this.#seen, authority.epoch)
    if (now - this.#shownAt < shownEveryMs) return
    this.#shownAt = now
    this.#lookAtShown()
  }

  #lookAtRecord(tail: Uint8Array | undefined): void {
    const { record } = this.#session
    const { length } = record
    let same = Math.min(length, this.#held.length)
    while (same > record.first && this.#held[same - 1] !== record.entry(same - 1)) same--
    this.#lookForLoss(same)
    const isTakenOver = this.#lookAtBase()
    this.#held.length = same
    for (let number = Math.max(same, record.first); number < length; number++) {
      const entry = record.entry(number)
      if (entry === undefined) continue
      this.#held[number] = entry
      this.#lookAtHeld(entry)
    }
    const advanced = record.committed > this.#committed
    for (let number = this.#committed; number < record.committed; number++) this.#lookAtCommitted(number)
    // Who hands a snapshot over proves its own epoch, and the entry that began it may follow: the record itself sees to that.
    const isLower = record.epoch < this.#seen && !isTakenOver
    if (advanced && isLower && !this.#session.authority.isLeading) {
      this.#broken('INV-6', `commits in epoch ${record.epoch} after it had seen ${this.#seen}`)
    }
    this.#committed = record.committed
    this.#tail = tail
    if (isTakenOver) this.#lookAtBans()
  }

  /** What was committed is held as it was, unless its epoch is void. */
  #lookForLoss(same: number): void {
    const { record } = this.#session
    const kept = Math.min(same, record.committed)
    if (kept >= this.#committed) return
    const lost = this.#held.slice(kept, this.#committed)
    const sound = lost.find((entry) => entry !== undefined && !this.#ledger.doubtful.has(entry.epoch))
    if (sound !== undefined) {
      this.#broken('INV-2', `lost entry ${sound.number} of epoch ${sound.epoch}, which was committed`)
    }
    this.#committed = kept
  }

  /** Entries that a snapshot stands for are those that everybody had. @returns whether there is such a snapshot since the last look. */
  #lookAtBase(): boolean {
    const { record } = this.#session
    const { first } = record
    const base = record.digestAt(first)
    if (first === this.#base || base === undefined) return false
    this.#base = first
    const held = this.#held[first - 1]
    if (held !== undefined && toHex(held.digest) !== toHex(base))
      this.#broken('INV-2', `holds a snapshot that does not follow entry ${first - 1}, which it held`)
    this.#ledger.snapshotted(this.#who, first - 1, base)
    return true
  }

  /** Bans that came with a snapshot. */
  #lookAtBans(): void {
    for (const { subject } of this.#session.record.state.moderation.bans)
      if (subject.kind === 'identity') this.#banned.add(toHex(subject.signKey))
  }

  #lookAtHeld({ number, epoch, change, signKey }: HeldEntry): void {
    const { record } = this.#session
    const before = record.votersAt(number)
    if (change.type === 'elected') {
      const expelled = new Set(change.expelled.map(({ first }) => signerOf(first)))
      const voters = before.voters.filter((voter) => !expelled.has(toHex(voter.signKey)))
      const votes = new Set(change.votes.map(signerOf))
      const given = voters.filter((voter) => votes.has(toHex(voter.signKey))).length
      const witnessed = before.witness !== null && votes.has(toHex(before.witness)) ? 1 : 0
      if (given + witnessed < majorityOf({ ...before, voters })) {
        this.#broken('INV-1', `obeys a host of epoch ${epoch} that ${given} of ${voters.length} voted for`)
      }
    }
    if (change.type === 'elected' || change.type === 'founded') this.#ledger.obeyed(this.#who, epoch, signKey)
    if (change.type === 'voters' && !differByOne(before.voters, change.voters)) {
      this.#broken('INV-3', `holds entry ${number}, which changes more than one voter at once`)
    }
  }

  #lookAtCommitted(number: number): void {
    const { record } = this.#session
    const entry = record.entry(number)
    if (entry === undefined) return
    this.#ledger.committed(this.#who, number, entry.epoch, entry.digest)
    if (!record.hasEffect(number)) return
    const { change } = entry
    if (change.type === 'banned' && change.subject.kind === 'identity')
      this.#banned.add(toHex(change.subject.signKey))
    if (change.type === 'joined' && this.#banned.has(toHex(change.signKey))) {
      this.#broken('INV-5', `sees ${change.name} join, who is banned`)
    }
  }

  /**
   * A host decides only while it hears more than half of the voters ([AUT-10]). What they confirmed before may be counted
   * later: they hold it, so whoever is elected does.
   */
  #watchDecisions(): void {
    const { record } = this.#session
    const append = record.append.bind(record)
    record.append = (change, epoch) => {
      // Of two voters one may take the other off, so those who vote afterwards count as well ([AUT-12]).
      const sets = change.type === 'voters' ? [record.voters, { ...change, witness: null }] : [record.voters]
      if (change.type !== 'elected') this.#requireMajority(`decides "${change.type}"`, sets)
      return append(change, epoch)
    }
  }

  #requireMajority(what: string, sets: readonly Pick<VoterSet, 'voters' | 'witness'>[]): void {
    if (sets.some((set) => this.#countHeard(set) >= majorityOf(set))) return
    const { length } = sets[0]?.voters ?? []
    this.#broken('INV-7', `${what} while it heard too few of ${length} voters within 1.5 s`)
  }

  /** How many of the voters, this member included, were heard within 1.5 s. */
  #countHeard(set: Pick<VoterSet, 'voters' | 'witness'>): number {
    const { self, environment } = this.#session
    const now = environment.clock.now()
    let heard = voterOf(set, self.signKey) === undefined ? 0 : 1
    if (hasWitnessVoted(this.#session.record, set)) heard++
    for (const { member, control } of this.#session.peers()) {
      const counts = voterOf(set, member.signKey) !== undefined && control !== undefined
      if (counts && now - control.link.heardAt <= leaseMs) heard++
    }
    return heard
  }

  /** No member acts on an epoch below one that it knows of ([AUT-9]). */
  #watchEntries(): void {
    const { authority, record } = this.#session
    const original = authority.onEntries.bind(authority)
    authority.onEntries = async (peer, message) => {
      const seen = authority.epoch
      const fresh = message.epoch < seen ? message.entries.filter((bytes) => !record.has(bytes)) : []
      await original(peer, message)
      if (record.epoch < seen && fresh.some((bytes) => record.has(bytes))) {
        this.#broken('INV-6', `takes entries of epoch ${message.epoch} after it had seen ${seen}`)
      }
    }
  }

  /** A link counts only once a ticket of the roster was shown on it ([TKT-2]). */
  #watchTickets(): void {
    const session = this.#session
    const { role, environment, record } = session
    if (role === undefined) return
    const shown = new WeakMap<ControlLink, Uint8Array>()
    const onControl = role.onControl.bind(role)
    role.onControl = (peer, message) => {
      if (message.type === 'hello' && peer.control !== undefined) shown.set(peer.control, message.ticket)
      return onControl(peer, message)
    }
    const admitPeer = session.admitPeer.bind(session)
    const { faults: _, ...strict } = environment
    session.admitPeer = (peer, control) => {
      const ticket = shown.get(control)
      const check =
        ticket === undefined
          ? Promise.reject(new Error('no ticket'))
          : checkTicket(strict, record, peer.member.signKey, ticket)
      check.catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        this.#broken('INV-4', `takes ${peer.member.name} for a member: ${why}`)
      })
      admitPeer(peer, control)
    }
    session.events.on('linkReady', ({ member }) => {
      if (this.#banned.has(toHex(member.signKey))) {
        const isGone = record.state.member(member.signKey) === undefined
        if (isGone) this.#broken('INV-5', `is linked with ${member.name}, who is banned`)
      }
    })
  }

  #lookAtShown(): void {
    const { vehicles, traffic, self } = this.#convoy
    const drivers = new Set<string>()
    for (const { memberId } of vehicles.sample()) {
      if (drivers.has(memberId)) this.#broken('INV-8', `shows two vehicles of ${memberId}`)
      drivers.add(memberId)
      if (!this.#isMember(memberId)) this.#broken('INV-4', `shows the vehicle of ${memberId}, no member`)
    }
    const owners = new Map(traffic.owned().map((id) => [id, self.id]))
    for (const { id, ownerId } of traffic.sample()) {
      const other = owners.get(id)
      if (other !== undefined && other !== ownerId) {
        this.#broken('INV-8', `obeys two owners of traffic vehicle ${id}`)
      }
      owners.set(id, ownerId)
    }
  }

  #isMember(id: string): boolean {
    return this.#session.record.state.memberById(id) !== undefined
  }

  #broken(invariant: Parameters<Ledger['violated']>[0], detail: string): void {
    this.#ledger.violated(invariant, this.#who, detail)
  }
}

function signerOf(envelope: Uint8Array): string {
  const peeked = peekEnvelope(envelope)
  return peeked === undefined ? '' : toHex(peeked.signKey)
}
