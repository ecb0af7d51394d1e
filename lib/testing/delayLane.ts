import type { Cancel, Clock } from '../core/index.ts'

/** What a {@link DelayLane} goes by. */
export interface LaneSurroundings {
  clock: Clock
  /** Delays, ms, of the copies of a packet that arrive: none, one, or two. */
  decide(packet: Uint8Array): readonly number[]
  /** Whether a packet may overtake one before it. */
  reorder(): boolean
}

/** One direction of one way: packets that wait for their time. */
export class DelayLane {
  readonly #around: LaneSurroundings
  readonly #deliver: (packet: Uint8Array) => void
  readonly #waiting: { dueAt: number; packet: Uint8Array }[] = []
  #cancel: Cancel | undefined
  #lastDueAt = 0

  constructor(around: LaneSurroundings, deliver: (packet: Uint8Array) => void) {
    this.#around = around
    this.#deliver = deliver
  }

  push(packet: Uint8Array): void {
    const now = this.#around.clock.now()
    for (const delay of this.#around.decide(packet)) {
      const dueAt = this.#around.reorder() ? now + delay : Math.max(now + delay, this.#lastDueAt)
      this.#lastDueAt = Math.max(dueAt, this.#lastDueAt)
      let index = this.#waiting.length
      while (index > 0 && (this.#waiting[index - 1]?.dueAt ?? 0) > dueAt) index--
      this.#waiting.splice(index, 0, { dueAt, packet })
    }
    this.#flush()
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#waiting.length = 0
  }

  // One timer for the first packet: timers of their own could change the order by a millisecond's rounding.
  #flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const now = this.#around.clock.now()
    while ((this.#waiting[0]?.dueAt ?? Infinity) <= now) {
      const first = this.#waiting.shift()
      if (first !== undefined) this.#deliver(first.packet)
    }
    const next = this.#waiting[0]
    if (next !== undefined) this.#cancel = this.#around.clock.after(next.dueAt - now, () => this.#flush())
  }
}
