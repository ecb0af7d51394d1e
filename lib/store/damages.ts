import * as v from 'valibot'
import type { Clock, Logger } from '../core/index.ts'
import { count, decodeMessage, encodeMessage } from '../protocol/index.ts'
import { damagesKept, valueBytes } from './constants.ts'
import type { FoundDamage } from './opened.ts'
import type { Store } from './store.ts'

const damageSchema = v.object({ at: count, message: v.string(), aside: v.nullable(v.string()) })

/** Damage that a store was found to have. */
export interface StoreDamage extends FoundDamage {
  /** When it was found, ms since 1970. */
  at: number
}

const collection = 'damage'
/** Longer ones, with long paths in them, are cut. */
const messageLength = 1_000

/** Tells of damage: to the log, and to whoever asks the store later. */
export class Damages {
  readonly #store: Store
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #known: StoreDamage[] = []
  readonly #keys: string[] = []

  private constructor(store: Store, clock: Clock, logger: Logger) {
    this.#store = store
    this.#clock = clock
    this.#logger = logger
  }

  /** Reads what was found earlier. */
  static async read(store: Store, clock: Clock, logger: Logger): Promise<Damages> {
    const damages = new Damages(store, clock, logger)
    for await (const { key, value } of store.entries(collection)) {
      damages.#keys.push(key)
      try {
        damages.#known.push(decodeMessage(damageSchema, value, valueBytes))
      } catch {
        damages.#known.push({ at: 0, message: 'A note about damage is damaged itself.', aside: null })
      }
    }
    return damages
  }

  /** Oldest first. */
  get known(): readonly StoreDamage[] {
    return this.#known
  }

  async tell({ message, aside }: FoundDamage): Promise<void> {
    this.#logger.error(message, { aside })
    const damage = { at: this.#clock.wallTime(), message: message.slice(0, messageLength), aside }
    const key = String(Number(this.#keys.at(-1) ?? 0) + 1).padStart(12, '0')
    this.#known.push(damage)
    this.#keys.push(key)
    const value = encodeMessage(damageSchema, damage, valueBytes)
    const tooMany = Math.max(0, this.#keys.length - damagesKept)
    this.#known.splice(0, tooMany)
    const outdated = this.#keys
      .splice(0, tooMany)
      .map((outdated) => ({ type: 'delete', collection, key: outdated }) as const)
    await this.#store.batch([{ type: 'put', collection, key, value }, ...outdated], { durable: true })
  }
}
