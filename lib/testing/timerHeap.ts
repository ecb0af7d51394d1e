/** One timer that waits in a {@link TimerHeap}. */
export interface Timer {
  /** When it is due, ms on the queue's timeline. */
  readonly dueAt: number
  /** Breaks ties: of two timers due at the same moment, the one scheduled first runs first. */
  readonly order: number
  readonly callback: () => void
  cancelled: boolean
}

/** Timers by due time, then by the order in which they were scheduled: a binary heap. */
export class TimerHeap {
  #heap: Timer[] = []
  #cancelled = 0
  #nextOrder = 0

  /** Timers that are due some day and not cancelled. */
  get size(): number {
    return this.#heap.length - this.#cancelled
  }

  add(dueAt: number, callback: () => void): Timer {
    const timer: Timer = { dueAt, order: this.#nextOrder++, callback, cancelled: false }
    this.#heap.push(timer)
    this.#siftUp(this.#heap.length - 1)
    return timer
  }

  cancel(timer: Timer): void {
    if (timer.cancelled) return
    timer.cancelled = true
    this.#cancelled++
    // Deadlines are mostly cancelled long before they are due: without this they would pile up.
    if (this.#cancelled > 64 && this.#cancelled > this.#heap.length / 2) this.#compact()
  }

  /** When the next timer is due; undefined when there is none. */
  nextDueAt(): number | undefined {
    this.#dropCancelledHead()
    return this.#heap[0]?.dueAt
  }

  /** Takes out the next timer if it is due by `time`. It counts as gone, and cancelling it does nothing. */
  takeDue(time: number): Timer | undefined {
    this.#dropCancelledHead()
    const head = this.#heap[0]
    if (head === undefined || head.dueAt > time) return undefined
    this.#removeHead()
    return head
  }

  #dropCancelledHead(): void {
    while (this.#heap[0]?.cancelled) {
      this.#removeHead()
      this.#cancelled--
    }
  }

  #removeHead(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#siftDown(0)
  }

  #compact(): void {
    this.#heap = this.#heap.filter((timer) => !timer.cancelled)
    this.#cancelled = 0
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index--) this.#siftDown(index)
  }

  #siftUp(start: number): void {
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapIfEarlier(index, parent)) return
      index = parent
    }
  }

  #siftDown(start: number): void {
    let index = start
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      const child = right < this.#heap.length && this.#isEarlier(right, left) ? right : left
      if (child >= this.#heap.length || !this.#swapIfEarlier(child, index)) return
      index = child
    }
  }

  #swapIfEarlier(index: number, parent: number): boolean {
    if (!this.#isEarlier(index, parent)) return false
    const timer = this.#heap[index] as Timer
    this.#heap[index] = this.#heap[parent] as Timer
    this.#heap[parent] = timer
    return true
  }

  #isEarlier(index: number, other: number): boolean {
    const a = this.#heap[index] as Timer
    const b = this.#heap[other] as Timer
    return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order)
  }
}
