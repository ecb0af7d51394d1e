import { equalBytes, toHex, type Clock, type RandomSource } from '../core/index.ts'
import {
  isSameVote,
  signVote,
  witnessBootBytes,
  witnessSecretHash,
  type Signer,
  type Vote,
} from '../identity/index.ts'
import { AddressCounts } from './addressCounts.ts'
import type { RefusalCode } from './frames.ts'
import type { SwitchboardLimits } from './switchboardLimits.ts'

/** Two voters, who may be granted one vote. */
interface Configuration {
  readonly session: Uint8Array
  readonly secretHashes: readonly Uint8Array[]
  readonly address: string | null
  expiresAt: number
  granted:
    { readonly secretHash: Uint8Array; readonly vote: Vote; readonly bytes: Promise<Uint8Array> } | undefined
}

/** Why the witness does not do something. */
export interface WitnessRefusal {
  readonly code: RefusalCode
  readonly reason: string
}

/** What a {@link WitnessDesk} is made with. */
export interface WitnessDeskOptions {
  clock: Clock
  random: RandomSource
  limits: SwitchboardLimits
  /** Makes the signer of the witness's own key. */
  signer: (seed: Uint8Array) => Signer
}

/**
 * The vote that breaks the tie of two: granted once for each configuration of voters, to the first of them who asks (see
 * docs/protocol/02a-witness.md). It is a life long: what a former process granted nobody knows, so a new one has
 * another key and grants nothing for what the former was told.
 */
export class WitnessDesk {
  readonly boot: Uint8Array
  readonly #signer: Signer
  readonly #options: WitnessDeskOptions
  /** The first to expire first. */
  readonly #configurations = new Map<string, Configuration>()
  readonly #perAddress = new AddressCounts()

  constructor(options: WitnessDeskOptions) {
    this.#options = options
    this.boot = options.random.bytes(witnessBootBytes)
    this.#signer = options.signer(options.random.bytes(32))
  }

  /** Sign key of the votes that are granted here. */
  get key(): Uint8Array {
    return this.#signer.publicKey
  }

  /** Configurations that are kept. */
  get size(): number {
    return this.#configurations.size
  }

  /** Keeps a configuration; kept already, it is kept for longer. Undefined where that went well. */
  register(
    address: string | null,
    session: Uint8Array,
    config: Uint8Array,
    secretHashes: readonly Uint8Array[],
  ): WitnessRefusal | undefined {
    const { clock, limits } = this.#options
    const key = toHex(config)
    const expiresAt = clock.now() + limits.witnessMs
    const known = this.#configurations.get(key)
    if (known !== undefined) {
      if (!isSame(known, session, secretHashes))
        return { code: 'not-permitted', reason: 'That configuration has other secrets here.' }
      known.expiresAt = expiresAt
      this.#configurations.delete(key)
      this.#configurations.set(key, known)
      return undefined
    }
    const fromAddress = this.#perAddress.of(address)
    if (fromAddress >= limits.configurationsPerAddress || this.#configurations.size >= limits.configurations)
      return {
        code: 'rate-limited',
        reason: 'Too many configurations are kept for your address, or altogether.',
      }
    this.#configurations.set(key, {
      session: session.slice(),
      secretHashes: secretHashes.map((hash) => hash.slice()),
      address,
      expiresAt,
      granted: undefined,
    })
    this.#perAddress.add(address, 1)
    return undefined
  }

  /** The vote that is asked for, signed; the same bytes where the same voter asks for the same again. */
  async grant(config: Uint8Array, secret: Uint8Array, vote: Vote): Promise<Uint8Array | WitnessRefusal> {
    const known = this.#configurations.get(toHex(config))
    if (known === undefined) {
      return {
        code: 'session-not-found',
        reason: 'This witness knows no such configuration: it restarted, or was never told.',
      }
    }
    const secretHash = witnessSecretHash(secret)
    const isVoter = known.secretHashes.some((hash) => equalBytes(hash, secretHash))
    if (!isVoter || !equalBytes(vote.sessionId, known.session))
      return { code: 'message-unauthentic', reason: 'The secret is that of no voter.' }
    // Kept before it is signed: a second request must not come in between.
    known.granted ??= { secretHash, vote: copyOf(vote), bytes: this.#sign(vote) }
    const isRepeated =
      isSameVote(known.granted.vote, vote) && equalBytes(known.granted.secretHash, secretHash)
    if (!isRepeated) return { code: 'not-permitted', reason: 'The vote of the witness was granted already.' }
    return known.granted.bytes
  }

  removeExpired(): void {
    const now = this.#options.clock.now()
    for (const [key, { expiresAt, address }] of this.#configurations) {
      if (now < expiresAt) return
      this.#configurations.delete(key)
      this.#perAddress.add(address, -1)
    }
  }

  #sign(vote: Vote): Promise<Uint8Array> {
    const { clock, random } = this.#options
    return signVote({ identity: { signKey: this.key, signer: this.#signer }, clock, random }, vote)
  }
}

/** It holds views into a frame, which must not be kept alive for a day. */
function copyOf(vote: Vote): Vote {
  return {
    ...vote,
    sessionId: vote.sessionId.slice(),
    previous: vote.previous.slice(),
    candidate: vote.candidate.slice(),
  }
}

function isSame(known: Configuration, session: Uint8Array, secretHashes: readonly Uint8Array[]): boolean {
  return (
    equalBytes(known.session, session) &&
    known.secretHashes.length === secretHashes.length &&
    known.secretHashes.every((hash, index) => equalBytes(hash, secretHashes[index] ?? hash.subarray(1)))
  )
}
