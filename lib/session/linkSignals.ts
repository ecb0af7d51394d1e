import type { Signal } from '../protocol/index.ts'
import type { SignalPort } from '../rtc/index.ts'

/** The way of a link's signals for as long as the link lives, whichever route carries them at the moment. */
export class LinkSignals implements SignalPort {
  #port: SignalPort
  #handler: ((signal: Signal) => void) | undefined

  constructor(port: SignalPort) {
    this.#port = port
  }

  /** Signals go this way from now on. */
  use(port: SignalPort): void {
    this.#port = port
    if (this.#handler !== undefined) port.onSignal(this.#handler)
  }

  /** Takes a signal that came another way. */
  deliver(signal: Signal): void {
    this.#handler?.(signal)
  }

  send(signal: Signal): void {
    this.#port.send(signal)
  }

  onSignal(handler: (signal: Signal) => void): void {
    this.#handler = handler
    this.#port.onSignal(handler)
  }
}
