import { Emitter, type Logger, type Unsubscribe } from '../core/index.ts'
import { undeliveredBytes } from './constants.ts'
import type { LinkEvents } from './link.ts'

/** The events of a link. Control messages wait for their first listener, so that none is lost before it. */
export class LinkEmitter {
  readonly #emitter: Emitter<LinkEvents>
  #waiting: Uint8Array[] | undefined = []
  #waitingBytes = 0

  constructor(logger: Logger | undefined) {
    this.#emitter = new Emitter(logger)
  }

  on<Name extends keyof LinkEvents>(name: Name, listener: (event: LinkEvents[Name]) => void): Unsubscribe {
    const unsubscribe = this.#emitter.on(name, listener)
    if (name === 'control' && this.#waiting !== undefined) {
      const messages = this.#waiting
      this.#waiting = undefined
      for (const message of messages) this.#emitter.emit('control', message)
    }
    return unsubscribe
  }

  emit<Name extends keyof LinkEvents>(name: Name, event: LinkEvents[Name]): void {
    this.#emitter.emit(name, event)
  }

  /** Hands a control message over. @returns false when too many wait for a listener already. */
  deliver(message: Uint8Array): boolean {
    if (this.#waiting === undefined) {
      this.#emitter.emit('control', message)
      return true
    }
    this.#waiting.push(message)
    this.#waitingBytes += message.length
    return this.#waitingBytes <= undeliveredBytes
  }

  /** Drops what waits: its link is closed. */
  forgetWaiting(): void {
    this.#waiting = undefined
  }
}
