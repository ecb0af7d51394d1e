import type { SignalPort } from '../../../lib/rtc/index.ts'
import type { SignalMessage } from './attackerMessages.ts'

/** The end of a channel between two processes that `fork` makes, as either of them has it. */
export interface ProcessEnd {
  readonly connected: boolean
  send?(message: SignalMessage): unknown
  on(name: 'message', listener: (message: { type: string }) => void): unknown
}

/** Signals that go to a process, and come from it. */
export function processSignals(end: ProcessEnd): SignalPort {
  return {
    send(signal) {
      if (end.connected) end.send?.({ type: 'signal', signal })
    },
    onSignal(handler) {
      end.on('message', (message) => {
        if (message.type === 'signal') handler((message as SignalMessage).signal)
      })
    },
  }
}
