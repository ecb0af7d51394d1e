import { Emitter, type Unsubscribe } from '../../lib/core/index.ts'
import type { Link, LinkEvents, LinkQuality, LinkState, StateHandler } from '../../lib/rtc/index.ts'

/** A link whose other side is the test: what comes in is what the test says, what goes out is kept. */
export class FakeLink implements Link {
  state: LinkState = 'open'
  readonly clockOffset = 0
  heardAt = 0
  readonly sent: Uint8Array[] = []
  readonly states: Uint8Array[] = []
  /** What {@link quality} says was dropped. */
  dropped: Record<string, number> = {}
  readonly #events = new Emitter<LinkEvents>()
  #stateHandler: StateHandler = () => undefined

  on<Name extends keyof LinkEvents>(name: Name, listener: (event: LinkEvents[Name]) => void): Unsubscribe {
    return this.#events.on(name, listener)
  }

  sendControl(message: Uint8Array): void {
    this.sent.push(message)
  }

  sendState(payload: Uint8Array): boolean {
    this.states.push(payload.slice())
    return true
  }

  readonly deliveries = { sentSequence: 0, hasArrived: () => false }

  redial(): void {
    // Nothing beneath it could break.
  }

  onState(handler: StateHandler): void {
    this.#stateHandler = handler
  }

  quality(): LinkQuality {
    return {
      rttMs: undefined,
      minRttMs: undefined,
      jitterMs: 0,
      queueOutMs: 0,
      lossIn: 0,
      lossOut: 0,
      bytesSent: 0,
      bytesReceived: 0,
      datagramsSent: 0,
      datagramsReceived: 0,
      datagramsSkipped: 0,
      datagramsBacklogged: 0,
      dropped: this.dropped,
    }
  }

  close(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.#events.emit('closed', { reason: 'local' })
  }

  /** Has the link end by itself. */
  fail(cause: unknown): void {
    this.state = 'closed'
    this.#events.emit('closed', { reason: 'failed', cause })
  }

  /** Lets a control message arrive. */
  arrive(message: Uint8Array): void {
    this.#events.emit('control', message)
  }

  /** Lets a state payload arrive. */
  arriveState(payload: Uint8Array): void {
    this.#stateHandler(payload, 0, 0)
  }
}
