/** The process that started this one, as this one sees it: see child.ts. */
export interface Parent<From extends { type: string }> {
  tell(message: From): void
  /** Tells what comes of `work`, or that it failed. */
  answer<T>(work: Promise<T>, message: (result: T) => From): Promise<void>
}

/** The parent, with which this process ends. What it says comes as `message` events of the process. */
export function parentProcess<From extends { type: string }>(): Parent<From> {
  // The benchmark ended. The engines' threads don't notice.
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches the whole group; the benchmark takes this one along.
  process.on('SIGINT', () => undefined)
  const send = (message: object): void => {
    // A parent that is gone takes this process along.
    if (process.connected) process.send?.(message, () => undefined)
  }
  return {
    tell: send,
    async answer(work, message) {
      try {
        send(message(await work))
      } catch (error) {
        send({
          type: 'failed',
          message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        })
      }
    },
  }
}
