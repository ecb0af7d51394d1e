import type { Signal } from '../../lib/protocol/index.ts'
import type { SignalPort } from '../../lib/rtc/index.ts'

/** A way for signals between two sides, at once and in order unless it is meddled with. */
export interface SignalWay {
  initiator: SignalPort
  responder: SignalPort
  /** What happens to each signal on its way; delivers it by default. */
  intercept: (signal: Signal, deliver: (signal: Signal) => void) => void
}

/** Makes a {@link SignalWay}. */
export function signalWay(): SignalWay {
  const toInitiator = inbox()
  const toResponder = inbox()
  const port = (own: Inbox, other: Inbox): SignalPort => ({
    // Later, as anything that crosses a network: nobody has to cope with answers inside of send().
    send: (signal) => queueMicrotask(() => way.intercept(signal, (passed) => other.put(passed))),
    onSignal: (handler) => own.open(handler),
  })
  const way: SignalWay = {
    initiator: port(toInitiator, toResponder),
    responder: port(toResponder, toInitiator),
    intercept: (signal, deliver) => deliver(signal),
  }
  return way
}

interface Inbox {
  put(signal: Signal): void
  open(handler: (signal: Signal) => void): void
}

function inbox(): Inbox {
  const waiting: Signal[] = []
  let handler: ((signal: Signal) => void) | undefined
  return {
    put(signal) {
      if (handler === undefined) waiting.push(signal)
      else handler(signal)
    },
    open(given) {
      handler = given
      for (const signal of waiting.splice(0)) given(signal)
    },
  }
}
