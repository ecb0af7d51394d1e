import { ConvoyError } from '../core/index.ts'
import type { Connection, ConnectionHandlers } from './connection.ts'

/** A connection that can't even be begun: over at once, and as every other one, told to its owner once it has it. */
export function stillborn(handlers: ConnectionHandlers, cause: unknown): Connection {
  let over = false
  const end = (reason: 'local' | 'failed'): void => {
    if (over) return
    over = true
    handlers.closed(reason, reason === 'failed' ? cause : undefined)
  }
  queueMicrotask(() => end('failed'))
  return {
    signal: () => undefined,
    sendControl() {
      throw new ConvoyError('closed', 'The connection is not open.', { cause })
    },
    sendState: () => undefined,
    controlBufferedAmount: 0,
    stateBufferedAmount: 0,
    close: () => end('local'),
  }
}
