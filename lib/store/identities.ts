import * as v from 'valibot'
import { ConvoyError, systemRandom, type RandomSource } from '../core/index.ts'
import { bytesOf } from '../protocol/index.ts'
import type { Damages } from './damages.ts'
import type { Store } from './store.ts'
import { Turns } from './turns.ts'
import { Values } from './values.ts'

const seedBytes = 32
const identitySchema = v.object({ seed: bytesOf(seedBytes) })

/** The key of the one identity. */
const own = 'own'

/** What {@link IdentityRepository.seed} takes. */
export interface SeedOptions {
  /** Where a new seed comes from (default: the platform's strong randomness). */
  random?: RandomSource | undefined
  /**
   * Make a new identity even where the former one may have been lost to damage (default false: say so instead, since others
   * know this peer, its roles and its bans by it).
   */
  replaceLost?: boolean | undefined
}

/** Who this peer is. */
export interface IdentityRepository {
  /**
   * The 32 secret bytes for `createIdentity({ seed })`: those stored, or new ones that are stored at once.
   * @throws ConvoyError `store-damaged` when there is none, but the store was found damaged.
   */
  seed(options?: SeedOptions): Promise<Uint8Array>
  /** Stores another one, e.g. brought along from another machine. */
  replace(seed: Uint8Array): Promise<void>
}

export class StoredIdentity implements IdentityRepository {
  readonly #store: Store
  readonly #damages: Damages
  readonly #values: Values<v.InferOutput<typeof identitySchema>>
  readonly #turns = new Turns()

  constructor(store: Store, damages: Damages) {
    this.#store = store
    this.#damages = damages
    this.#values = new Values(store, 'identity', identitySchema, damages)
  }

  seed({ random = systemRandom, replaceLost = false }: SeedOptions = {}): Promise<Uint8Array> {
    return this.#turns.take(async () => {
      const stored = await this.#values.get(own)
      if (stored !== undefined) return stored.seed
      const damage = this.#damages.known.at(-1)
      if (damage !== undefined && !replaceLost) {
        throw new ConvoyError(
          'store-damaged',
          'The store holds no identity, and it was damaged: this may have cost the one it held. Bring back a copy of the store, ' +
            'or ask for a new identity with replaceLost.',
          { details: damage },
        )
      }
      const seed = random.bytes(seedBytes)
      await this.#put(seed)
      return seed
    })
  }

  replace(seed: Uint8Array): Promise<void> {
    return this.#turns.take(() => this.#put(seed))
  }

  async #put(seed: Uint8Array): Promise<void> {
    await this.#store.batch([this.#values.put(own, { seed })], { durable: true })
  }
}
