import { equalBytes } from '../../core/index.ts'
import { majorityOf } from '../../identity/index.ts'
import { entryBatches } from '../entryBatches.ts'
import type { Peer } from '../peer.ts'
import type { SessionRecord } from '../record.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'
import { snapshotMessages } from '../snapshot/snapshotMessages.ts'
import { votesIn, voterOf, type VoterSet } from './voters.ts'

/** How far a member is with the record. */
interface Progress {
  /** How many entries it confirmed that it holds. */
  acknowledged: number
  /** How many were sent to it; undefined until it said what it holds. */
  sent: number | undefined
  /** How many of them it was told to be committed. */
  told: number
  /** The epoch that it follows. */
  epoch: number
}

/** Hands the record of a host on to the members, and knows how much of it more than half of the voters hold. */
export class Replication {
  readonly #record: SessionRecord
  readonly #self: Uint8Array
  readonly #progress = new Map<string, Progress>()

  /** @param self - sign key of the host. */
  constructor(record: SessionRecord, self: Uint8Array) {
    this.#record = record
    this.#self = self
  }

  /**
   * A link to `peer` is there.
   * @param sent - how much of the record it is presumed to hold; undefined to wait for its word.
   */
  attached(peer: Peer, sent?: number): void {
    this.#progress.set(peer.member.id, { acknowledged: 0, sent, told: 0, epoch: 0 })
  }

  detached(peer: Peer): void {
    this.#progress.delete(peer.member.id)
  }

  /** The highest epoch that this member said it knows of. */
  epochOf(peer: Peer): number {
    return this.#progress.get(peer.member.id)?.epoch ?? 0
  }

  /** How many entries this member was told to be committed. */
  toldTo(peer: Peer): number {
    return this.#progress.get(peer.member.id)?.told ?? 0
  }

  /** How many entries this member confirmed that it holds. */
  acknowledgedBy(memberId: string): number {
    return this.#progress.get(memberId)?.acknowledged ?? 0
  }

  /** Whether `peer` holds everything. */
  isUpToDate(peer: Peer): boolean {
    return this.acknowledgedBy(peer.member.id) === this.#record.length
  }

  /** Takes a member's word on what it holds. */
  holds(peer: Peer, message: AuthorityMessageOf<'holds'>): void {
    const progress = this.#progress.get(peer.member.id)
    if (progress === undefined) return
    const { epoch, length, digest, committed } = message
    // Its first word counts as a question: who was host when the link came about may have been asked instead.
    const missing = message.missing || progress.sent === undefined
    progress.epoch = epoch
    const own = this.#record.digestAt(length)
    if (own !== undefined && equalBytes(own, digest)) {
      // Who voted in a later epoch may have voted for a record without the entries that it got since.
      if (epoch <= this.#record.epoch) progress.acknowledged = Math.max(progress.acknowledged, length)
      if (missing) progress.sent = length
    } else if (missing) {
      // What is committed is alike everywhere; what follows there gives way.
      progress.sent = Math.min(committed, this.#record.committed)
    }
    if (missing) progress.told = Math.min(committed, progress.sent ?? 0)
  }

  /**
   * How many entries more than half of the voters hold.
   * @param hasVoted - whether the witness of a set stands for one of them.
   */
  held(peers: readonly Peer[], hasVoted: (set: VoterSet) => boolean): number {
    const record = this.#record
    const held = this.#heldBy(record.voters, peers, hasVoted(record.voters))
    const since = record.votersSince
    const before = record.votersAt(since)
    if (since < record.committed || before.witness === null) return held
    // The one that such voters lose, or gain, could be elected by the witness: they have to agree on that as well.
    const heldBefore = this.#heldBy(before, peers, hasVoted(before))
    return heldBefore > since ? held : Math.min(held, since)
  }

  /** How many entries every voter holds, as far as it said so. */
  heldByAll(peers: readonly Peer[]): number {
    const { voters } = this.#record
    return this.#heldBy(voters, peers, false, voters.voters.length)
  }

  #heldBy(voters: VoterSet, peers: readonly Peer[], witnessed: boolean, needed = majorityOf(voters)): number {
    const lengths = witnessed ? [Infinity] : []
    if (voterOf(voters, this.#self) !== undefined) lengths.push(this.#record.length)
    for (const { member, admitted } of peers) {
      if (!admitted || !votesIn(voters, member)) continue
      lengths.push(this.#progress.get(member.id)?.acknowledged ?? 0)
    }
    return lengths.sort((a, b) => b - a)[needed - 1] ?? 0
  }

  /** Sends `peer` what it lacks: those who confirm it all that is held, others what is committed. */
  bring(peer: Peer): void {
    const progress = this.#progress.get(peer.member.id)
    const { control } = peer
    if (progress?.sent === undefined || control === undefined || !peer.admitted) return
    const record = this.#record
    const confirms = voterOf(record.confirming, peer.member.signKey) !== undefined
    const until = confirms ? record.length : record.committed
    const { epoch, committed } = record
    if (progress.sent >= until && progress.told >= committed) return
    if (progress.sent < record.first) {
      // What it lacks is gone: a snapshot stands for it.
      const { snapshot } = record
      const bundle = record.bundle()
      if (snapshot === undefined || bundle === undefined) return
      for (const part of snapshotMessages(bundle)) if (!control.send(part)) return control.link.close()
      progress.sent = snapshot.entry.number + 1
    }
    const batches = [...entryBatches(record, progress.sent, until)]
    // What is committed is told with the last entries, or else by itself.
    for (const entries of batches.length === 0 ? [[]] : batches) {
      progress.sent += entries.length
      if (!control.send({ type: 'entries', epoch, entries, committed })) return control.link.close()
    }
    progress.told = committed
  }
}
