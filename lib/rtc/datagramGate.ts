import { MessageBudget, NewestFirst, TokenBucket, type Clock, type Counters } from '../core/index.ts'
import { limits } from '../protocol/index.ts'
import type { LinkBudgets } from './budgets.ts'
import type { Strand } from './carrier.ts'

/** Takes a datagram that came over `strand`; the bytes are valid during the call only. */
export type DatagramReader = (datagram: Uint8Array, strand: Strand, arrivedAt: number) => void

interface HeldDatagram {
  readonly datagram: Uint8Array
  readonly strand: Strand
  readonly arrivedAt: number
}

/** Lets so many datagrams through as a link has a budget for, and drops the oldest of what is more ([LNK-17]). */
export class DatagramGate {
  readonly #clock: Clock
  readonly #dropped: Counters
  readonly #read: DatagramReader
  readonly #newest: NewestFirst<HeldDatagram>
  #closed = false

  constructor(options: { clock: Clock; dropped: Counters; budgets: LinkBudgets }, read: DatagramReader) {
    const { clock, dropped, budgets } = options
    this.#clock = clock
    this.#dropped = dropped
    this.#read = read
    this.#newest = new NewestFirst({
      clock,
      budget: new MessageBudget(
        new TokenBucket(clock, budgets.stateDatagramsPerSecond, budgets.stateDatagramsAtOnce),
        new TokenBucket(clock, budgets.stateBytesPerSecond, budgets.stateBytesAtOnce),
      ),
      pass: ({ datagram, strand, arrivedAt }) => read(datagram, strand, arrivedAt),
      dropped: () => dropped.add('flood'),
    })
  }

  receive(datagram: Uint8Array, strand: Strand): void {
    if (this.#closed) return
    const { length } = datagram
    if (length > limits.datagramBytes) return this.#dropped.add('too-large')
    const arrivedAt = this.#clock.now()
    if (this.#newest.admits(length)) this.#read(datagram, strand, arrivedAt)
    // A copy: engines and the simulated network use their bytes again.
    else this.#newest.hold({ datagram: datagram.slice(), strand, arrivedAt }, length)
  }

  /** Takes nothing any more, and forgets what waits. Idempotent. */
  close(): void {
    this.#closed = true
    this.#newest.clear()
  }
}
