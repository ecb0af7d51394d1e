import { equalBytes, toHex } from '../../core/index.ts'
import type { SessionEnvironment } from '../environment.ts'
import { openEntry } from '../heldEntry.ts'
import type { SessionRecord } from '../record.ts'
import { provenEquivocator } from './election.ts'
import { openVote } from './vote.ts'

/** Two votes of one voter for one epoch. */
export interface Equivocation {
  readonly voter: Uint8Array
  readonly epoch: number
  readonly first: Uint8Array
  readonly second: Uint8Array
}

/** The most proofs that are kept: as many as an entry takes. */
const mostProofs = 4

/** Which voters are known to have voted twice, and the proofs ([AUT-14]). */
export class Equivocations {
  readonly #environment: SessionEnvironment
  readonly #sessionId: Uint8Array
  readonly #found = new Map<string, Equivocation>()

  constructor(environment: SessionEnvironment, sessionId: Uint8Array) {
    this.#environment = environment
    this.#sessionId = sessionId
  }

  /** Sign keys of those whose votes count no more, in hexadecimal. */
  get cheats(): ReadonlySet<string> {
    return new Set(this.#found.keys())
  }

  get proofs(): { first: Uint8Array; second: Uint8Array }[] {
    return [...this.#found.values()].map(({ first, second }) => ({ first, second }))
  }

  /** Takes two votes; undefined where they prove nothing new. */
  async add(first: Uint8Array, second: Uint8Array): Promise<Equivocation | undefined> {
    if (this.#found.size >= mostProofs) return undefined
    const voter = await provenEquivocator(this.#environment, this.#sessionId, first, second)
    if (voter === undefined || this.#found.has(toHex(voter))) return undefined
    const { vote } = await openVote(this.#environment, first)
    const proof = { voter, epoch: vote.epoch, first, second }
    this.#found.set(toHex(voter), proof)
    return proof
  }

  /** Looks whether an entry that was refused makes another one host of an epoch that has one: then somebody voted twice. */
  async compare(
    record: SessionRecord,
    bytes: Uint8Array,
    found: (first: Uint8Array, second: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const { change, epoch, signKey } = await openEntry(this.#environment, this.#sessionId, bytes)
    const known = record.hostOf(epoch)
    if (change.type !== 'elected' || known === undefined || equalBytes(known, signKey)) return
    const own = new Map<string, Uint8Array>()
    for (const vote of record.votesOf(epoch)) {
      own.set(toHex((await openVote(this.#environment, vote)).voter), vote)
    }
    for (const vote of change.votes) {
      const other = own.get(toHex((await openVote(this.#environment, vote)).voter))
      if (other !== undefined) await found(other, vote)
    }
  }
}
