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
 * Fresh turns of the event loop, as {@link nextMacrotask} gives them, for who takes one after the other: Node runs many in
 * a row, with all microtasks between them, before it looks at its timers and at I/O once, and that look costs four times as
 * much as a turn.
 */
export class Turns {
  #action: (() => void) | undefined
  #coming = 0

  /** Calls `action`, which must not throw, in the next turn. Only one may wait at a time. */
  next(action: () => void): void {
    if (nodeSetImmediate === undefined) return void nextMacrotask().then(action)
    this.#action = action
    if (this.#coming > 0) return
    for (; this.#coming < turnsAtATime; this.#coming++) nodeSetImmediate(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    this.#coming--
    const action = this.#action
    this.#action = undefined
    action?.()
  }
}
