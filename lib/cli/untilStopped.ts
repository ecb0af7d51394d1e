const stopSignals = ['SIGINT', 'SIGTERM'] as const

/**
 * Resolves when the program is asked to stop (Ctrl-C, or a supervisor). A second Ctrl-C ends it at once, should
 * stopping cleanly take too long for somebody.
 */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const name of stopSignals) process.off(name, stop)
      resolve()
    }
    for (const name of stopSignals) process.on(name, stop)
  })
}
