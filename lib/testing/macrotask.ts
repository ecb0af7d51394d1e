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
