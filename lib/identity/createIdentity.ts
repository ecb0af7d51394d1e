import { ConvoyError, copyOf, systemRandom, type RandomSource, type X25519Key } from '../core/index.ts'
import { keyBytes } from './constants.ts'
import { fingerprintOf } from './fingerprint.ts'
import { domainHash } from './hash.ts'
import type { Identity, Signer } from './identity.ts'
import { openSeal } from './sealed.ts'
import { createSigner } from './signer.ts'
import { importX25519 } from './x25519.ts'

/** What {@link createIdentity} takes. */
export interface IdentityOptions {
  /** 32 secret bytes, e.g. of an identity kept earlier; fresh random ones where left out. */
  seed?: Uint8Array | undefined
  /** Where a fresh seed comes from (default: the platform's strong randomness). */
  random?: RandomSource | undefined
  /** Signs instead of the Ed25519 key of the seed; its public key becomes the sign key. For simulation. */
  signer?: Signer | undefined
}

/**
 * Makes a peer's identity.
 *
 * The seed never shows in logs, `JSON.stringify` or `util.inspect`; read `identity.seed` to keep it.
 * @throws ConvoyError `invalid-argument` when the seed or the signer's public key has not 32 bytes.
 * @example
 * ```ts
 * const identity = createIdentity({ seed: await readSeed() })
 * console.log(`I am ${identity.fingerprint}`)
 * ```
 */
export function createIdentity(options: IdentityOptions = {}): Identity {
  const seed = copyOf(options.seed ?? (options.random ?? systemRandom).bytes(keyBytes))
  if (seed.length !== keyBytes) throw new ConvoyError('invalid-argument', `A seed has ${keyBytes} bytes.`)
  return new SeededIdentity(seed, options.signer ?? createSigner(seed))
}

class SeededIdentity implements Identity {
  readonly signKey: Uint8Array
  readonly boxKey: Uint8Array
  readonly fingerprint: string
  // Private fields: neither JSON.stringify nor inspect nor a spread shows them.
  readonly #seed: Uint8Array
  readonly #signer: Signer
  readonly #boxSecret: X25519Key

  constructor(seed: Uint8Array, signer: Signer) {
    if (signer.publicKey.length !== keyBytes) {
      throw new ConvoyError('invalid-argument', `A signer's public key has ${keyBytes} bytes.`)
    }
    const boxSecret = importX25519(domainHash('openconvoy box key 1', keyBytes, seed))
    this.signKey = signer.publicKey
    this.boxKey = boxSecret.publicKey
    this.fingerprint = fingerprintOf(this)
    this.#seed = seed
    this.#signer = signer
    this.#boxSecret = boxSecret
  }

  get seed(): Uint8Array {
    return copyOf(this.#seed)
  }

  get signer(): Signer {
    return this.#signer
  }

  unseal(sealed: Uint8Array): Uint8Array | undefined {
    return openSeal(this.#boxSecret, sealed)
  }

  toJSON(): { fingerprint: string } {
    return { fingerprint: this.fingerprint }
  }

  /** What Node's `util.inspect` and with it `console.log` show; without it, they can be told to call getters. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Identity ${this.fingerprint}`
  }
}
