// Taken once, at load: a test framework's fake timers may replace the globals later, and would then stop us.
const nodeSetImmediate: ((callback: () => void) => unknown) | undefined =
  typeof globalThis.setImmediate === 'function' ? globalThis.setImmediate : undefined

/**
 * Resolves in a fresh turn of the event loop. Every promise chain that can go on without a timer or I/O has
 * gone as far as it can by then, however long it is: the platform drains its microtasks between turns.
 * Neither of the two ways below is throttled in hidden tabs, as `setTimeout` is.
 */
export function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    if (nodeSetImmediate !== undefined) {
      nodeSetImmediate(resolve)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}

/** Turns that are asked for at a time: by then a program that also waits for real I/O is long due a look at it. */
const turnsAtATime = 32

/**
 * As {@link nextMacrotask}, time and again: Node takes many turns one after the other, with all microtasks between them,
 * before it looks at its timers and at I/O once, and that look costs four times as much as a turn.
 */
export class Turns {
  #resolve: (() => void) | undefined
  #coming = 0

  /** The next turn. Only one may be waited for at a time. */
  next(): Promise<void> {
    if (nodeSetImmediate === undefined) return nextMacrotask()
    if (this.#coming === 0) {
      for (; this.#coming < turnsAtATime; this.#coming++) nodeSetImmediate(this.#onTurn)
    }
    return new Promise((resolve) => (this.#resolve = resolve))
  }

  readonly #onTurn = (): void => {
    this.#coming--
    const resolve = this.#resolve
    this.#resolve = undefined
    resolve?.()
  }
}
