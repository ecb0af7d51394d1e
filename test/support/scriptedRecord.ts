import { encode } from '@msgpack/msgpack'
import { concat, type Clock, type RandomSource } from '../../lib/core/index.ts'
import {
  deriveSessionId,
  entryDigest,
  signEnvelope,
  signVote,
  type EnvelopePurpose,
  type Identity,
  type ProvableEntry,
  type Vote,
} from '../../lib/identity/index.ts'

/** Who signs votes and entries. */
export type SigningIdentity = Pick<Identity, 'signKey' | 'signer'>

/** A record whose entries anybody signs with whatever a test wants: what hosts, and those who forge, would write. */
export class ScriptedRecord {
  readonly founder: Identity
  readonly founderNonce = new Uint8Array(16).fill(5)
  readonly sessionId: Uint8Array
  readonly entries: ProvableEntry[] = []
  epoch = 0
  readonly #clock: Clock
  readonly #random: RandomSource

  constructor(founder: Identity, context: { clock: Clock; random: RandomSource }) {
    this.founder = founder
    this.#clock = context.clock
    this.#random = context.random
    this.sessionId = deriveSessionId(founder.signKey, this.founderNonce)
  }

  /** What `verifySuccession` goes by. */
  get founding(): { sessionId: Uint8Array; founderKey: Uint8Array; founderNonce: Uint8Array } {
    const { sessionId, founder, founderNonce } = this
    return { sessionId, founderKey: founder.signKey, founderNonce }
  }

  get length(): number {
    return this.entries.length
  }

  get previous(): Uint8Array {
    const last = this.entries.at(-1)
    return last === undefined ? new Uint8Array(32) : entryDigest(last.bytes)
  }

  /** What a proof is made of. */
  get authorityEntries(): readonly ProvableEntry[] {
    return this.entries
  }

  entry(number: number): ProvableEntry | undefined {
    return this.entries[number]
  }

  /** Adds an entry that is founding, or of no matter here. */
  async other(signer: SigningIdentity = this.founder): Promise<this> {
    if (this.length > 0) return this.add(signer, { type: 'gameTime' })
    const { signKey, boxKey } = this.founder
    return this.add(signer, { type: 'founded', signKey, boxKey, founderNonce: this.founderNonce })
  }

  async voters(
    signer: SigningIdentity,
    voters: readonly SigningIdentity[],
    witness: SigningIdentity | null = null,
  ): Promise<this> {
    return this.add(signer, {
      type: 'voters',
      voters: voters.map(({ signKey }) => ({ signKey, incarnation: new Uint8Array(8) })),
      witness:
        witness === null
          ? null
          : { key: witness.signKey, boot: new Uint8Array(16), secretHashes: [], secrets: [] },
    })
  }

  /** The next epoch begins with `candidate`, voted for by `voters`. */
  async elected(
    candidate: SigningIdentity,
    voters: readonly SigningIdentity[],
    changes: { vote?: Partial<Vote>; signer?: SigningIdentity; expelled?: unknown[]; epoch?: number } = {},
  ): Promise<this> {
    const epoch = changes.epoch ?? this.epoch + 1
    const vote = { ...this.vote(candidate, epoch), ...changes.vote }
    const votes = await Promise.all(voters.map((voter) => this.sign(voter, vote)))
    this.epoch = epoch
    return this.add(changes.signer ?? candidate, {
      type: 'elected',
      signKey: candidate.signKey,
      votes,
      expelled: changes.expelled ?? [],
    })
  }

  /** What a vote for `candidate` says now. */
  vote(candidate: SigningIdentity, epoch = this.epoch + 1): Vote {
    const { sessionId, previous, length } = this
    return { sessionId, epoch, number: length, previous, candidate: candidate.signKey }
  }

  sign(voter: SigningIdentity, vote: Vote): Promise<Uint8Array> {
    return signVote({ identity: voter, clock: this.#clock, random: this.#random }, vote)
  }

  /** Adds an entry of any kind. */
  async add(
    signer: SigningIdentity,
    change: { type: string; [field: string]: unknown },
    {
      purpose = 'entry',
      ...fields
    }: { purpose?: EnvelopePurpose; epoch?: number; sessionId?: Uint8Array } = {},
  ): Promise<this> {
    const { sessionId, epoch, previous, length: number } = this
    const body = encode({ sessionId, epoch, number, previous, change, ...fields })
    const bytes = await signEnvelope(
      signer,
      { purpose, body: concat(body), lifetimeMs: 60_000 },
      { clock: this.#clock, random: this.#random },
    )
    this.entries.push({ change, bytes })
    return this
  }
}
