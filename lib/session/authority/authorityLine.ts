import { equalBytes } from '../../core/index.ts'
import { lineageOf, type AuthorityAt } from '../../identity/index.ts'
import type { HeldEntry } from '../heldEntry.ts'
import type { VoterSet } from './voters.ts'

/**
 * Hosts that are remembered, with their keys: a ticket of any of them counts for as long as it lasts. More than there are
 * in a day, unless one is elected every minute and a half.
 */
export const mostHosts = 1_024

/** Who was host of an epoch. */
export interface RecordedHost {
  readonly epoch: number
  /** Number of the entry that the epoch began with. */
  readonly number: number
  readonly signKey: Uint8Array
}

/** Who decides and who votes at a place in the record, as a snapshot tells it. */
export interface RecordedAuthority {
  /** Of the newest epochs, in their order. */
  readonly hosts: readonly RecordedHost[]
  readonly voters: VoterSet
}

const noVotes: readonly Uint8Array[] = []

/**
 * Who decides and who votes, from the founding on: the entries of a record that say so. They count from when they are held.
 * Of those before a snapshot it keeps what shows that one entry led to the other.
 */
export class AuthorityLine {
  readonly #entries: HeldEntry[] = []
  readonly #voters: VoterSet[] = []
  readonly #hosts: RecordedHost[] = []
  readonly #votes = new Map<number, readonly Uint8Array[]>()

  /** Takes the next entry of the record; those that say nothing here are passed over. */
  push(entry: HeldEntry): void {
    const { number, epoch, signKey, change } = entry
    if (change.type === 'founded') {
      const { incarnation } = change
      this.#voters.push({ since: number, voters: [{ signKey, incarnation }], witness: null })
    } else if (change.type === 'voters') {
      this.#voters.push({ since: number, voters: change.voters, witness: change.witness?.key ?? null })
    } else if (change.type !== 'elected') return
    this.#entries.push(entry)
    if (change.type === 'voters') return
    this.#hosts.push({ epoch, number, signKey })
    if (change.type === 'elected') this.#votes.set(epoch, change.votes)
    // Twice as many as a snapshot has, so that those of one in the past are all there.
    if (this.#hosts.length > 2 * mostHosts) this.#hosts.shift()
  }

  /** Who is host at last; undefined where nothing was founded. */
  get host(): RecordedHost | undefined {
    return this.#hosts.at(-1)
  }

  hostOf(epoch: number): RecordedHost | undefined {
    return this.#hosts.find((host) => host.epoch === epoch)
  }

  /** The votes that made the host of `epoch`; none for the founder, nor where the entry is gone. */
  votesOf(epoch: number): readonly Uint8Array[] {
    return this.#votes.get(epoch) ?? noVotes
  }

  /** Number of the entry that named those who vote now. */
  get votersSince(): number {
    return this.#voters.at(-1)?.since ?? 0
  }

  /** Who voted before the entry with `number`. */
  votersAt(number: number): VoterSet | undefined {
    return this.#voters.findLast(({ since }) => since < number)
  }

  /** Which epoch it was before the entry with `number`. */
  epochAt(number: number): number | undefined {
    return this.#hosts.findLast((host) => host.number < number)?.epoch
  }

  /** The entry with `number`, where it is one of these. */
  entry(number: number): HeldEntry | undefined {
    return this.#entries.find((entry) => entry.number === number)
  }

  /** Who decided and who voted before the entry with `number`; undefined in an empty record. */
  at(number: number): RecordedAuthority | undefined {
    const voters = this.votersAt(number)
    const hosts = this.#hosts.filter((host) => host.number < number).slice(-mostHosts)
    return voters === undefined ? undefined : { hosts, voters }
  }

  /** Of the entries before `number`: the founding, and what leads from there to who decides and who votes then. */
  upTo(number: number): HeldEntry[] {
    const [founding, ...others] = this.#entries.filter((entry) => entry.number < number)
    if (founding === undefined) return []
    const { proof, voters } = lineageOf(others)
    return [founding, ...proof, ...(voters === undefined ? [] : [voters])]
  }

  /** What leads on to the present host from the entry with `number`. */
  after(number: number): HeldEntry[] {
    return [...lineageOf(this.#entries.filter((entry) => entry.number > number)).proof]
  }

  /**
   * Who decides and who votes after the first `count` entries, and what leads there; undefined where there is nothing.
   * @param digest - of the last of them.
   */
  standpoint(
    count: number,
    digest: Uint8Array | undefined,
  ): { readonly entries: readonly HeldEntry[]; readonly authority: AuthorityAt } | undefined {
    const { hosts, voters: electorate } = this.at(count) ?? {}
    const host = hosts?.at(-1)
    if (host === undefined || electorate === undefined) return undefined
    const authority = { host, electorate, last: { number: count - 1, digest } }
    return { entries: this.upTo(count), authority }
  }

  /** Whether all hosts that `other` had within its first `count` entries are the same here, as far as they are known. */
  agreesWith(other: AuthorityLine, count: number): boolean {
    const oldest = this.#hosts[0]?.epoch ?? 0
    return other.#hosts.every(({ epoch, number, signKey }) => {
      if (number >= count || epoch < oldest) return true
      const host = this.hostOf(epoch)
      return host?.number === number && equalBytes(host.signKey, signKey)
    })
  }

  /** Lets go of the entries from `number` on. */
  truncate(number: number): void {
    while ((this.#entries.at(-1)?.number ?? -1) >= number) this.#entries.pop()
    while ((this.#voters.at(-1)?.since ?? -1) >= number) this.#voters.pop()
    for (let host = this.host; host !== undefined && host.number >= number; host = this.host) {
      this.#hosts.pop()
      this.#votes.delete(host.epoch)
    }
  }

  /** Lets go of those entries before `number` that prove nothing any more. Who was host is remembered all the same. */
  trim(number: number): void {
    const kept = this.upTo(number)
    const numbers = new Set(kept.map((entry) => entry.number))
    const isKept = (each: number): boolean => each >= number || numbers.has(each)
    this.#entries.splice(0, this.#entries.length, ...this.#entries.filter((entry) => isKept(entry.number)))
    this.#voters.splice(0, this.#voters.length, ...this.#voters.filter(({ since }) => isKept(since)))
    for (const host of this.#hosts) if (!isKept(host.number)) this.#votes.delete(host.epoch)
  }

  /** Begins anew with `entries`; of `hosts`, those whose entries are not among them are known by their keys only. */
  reset(entries: readonly HeldEntry[], hosts: readonly RecordedHost[]): void {
    this.truncate(0)
    for (const entry of entries) this.push(entry)
    this.#hosts.splice(0, this.#hosts.length, ...hosts)
  }
}
