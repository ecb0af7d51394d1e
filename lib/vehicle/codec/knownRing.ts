import { emptyKnowns, type Known } from './known.ts'

/** Payloads back that a baseline may lie: 1.6 s at 20 a second, and a power of two. */
const entries = 32
export const ringLength = entries

/** Payload numbers on the wire count modulo this. */
export const payloadNumbers = 256

/** Updates that memory is taken for at a time: many links end before their rings are full. */
const knownsAtATime = 8

/** An update in a {@link KnownRing}. */
export interface RingEntry {
  readonly known: Known
  /** Number of the payload it was in, modulo {@link payloadNumbers}; −1 for none. */
  number: number
  /** Sequence of the datagram that carried it; the sender's only. */
  sequence: number
}

/** The latest updates of one vehicle on one link, by the number of the payload they were in. */
export class KnownRing {
  readonly #entries: (RingEntry | undefined)[] = Array.from({ length: entries }, () => undefined)

  #spare: Known[] = []

  /** The entry that payload `number` goes into; what it held before counts no more. */
  take(number: number): RingEntry {
    const place = number % entries
    const entry = (this.#entries[place] ??= { known: this.#takeSpare(), number: -1, sequence: -1 })
    entry.number = -1
    return entry
  }

  /** The update that payload `number` carried, while it is among the latest. */
  find(number: number): RingEntry | undefined {
    const entry = this.#entries[number % entries]
    return entry?.number === number ? entry : undefined
  }

  /** Forgets all updates. */
  clear(): void {
    for (const entry of this.#entries) if (entry !== undefined) entry.number = -1
  }

  #takeSpare(): Known {
    if (this.#spare.length === 0) this.#spare = emptyKnowns(knownsAtATime)
    return this.#spare.pop() as Known
  }
}
