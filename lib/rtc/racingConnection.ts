import { equalBytes, type Cancel, type Clock } from '../core/index.ts'
import type { Signal } from '../protocol/index.ts'
import type { Connection, ConnectionHandlers, ConnectionOptions, Connector } from './connection.ts'
import { laneEveryMs, lanesAtMost } from './constants.ts'

/** What a responder that may have been misunderstood says on `control`: which lane it took. Of no version, so no frame. */
const laneTaken = Uint8Array.of(0x00, 0x4c)

/**
 * `connector` with connections that try anew beside themselves while they don't come about: on a path that loses much, a
 * handshake whose packets were lost waits ever longer, and a fresh one often overtakes it ([LNK-9]).
 */
export function racing(connector: Connector, clock: Clock): Connector {
  return { name: connector.name, connect: (options) => new RacingConnection(connector, clock, options) }
}

interface Lane {
  readonly number: number
  connection: Connection | undefined
  isOpen: boolean
  isOver: boolean
}

/** One to a few connections under way, of which the responder takes the first that opens, and the initiator follows. */
class RacingConnection implements Connection {
  readonly #connector: Connector
  readonly #options: ConnectionOptions
  readonly #handlers: ConnectionHandlers
  readonly #lanes = new Map<number, Lane>()
  readonly #cancelNext: Cancel | undefined
  #taken: Lane | undefined
  #over = false

  constructor(connector: Connector, clock: Clock, options: ConnectionOptions) {
    this.#connector = connector
    this.#options = options
    this.#handlers = options.handlers
    this.#begin(0)
    if (options.initiator && !this.#over) this.#cancelNext = clock.every(laneEveryMs, () => this.#beginNext())
  }

  get controlBufferedAmount(): number {
    return this.#taken?.connection?.controlBufferedAmount ?? 0
  }

  get stateBufferedAmount(): number {
    return this.#taken?.connection?.stateBufferedAmount ?? 0
  }

  signal(signal: Signal): void {
    if (this.#over) return
    // Checked by the connection itself; what has no such number goes to the first.
    const number = Number.isInteger(signal.lane) ? (signal.lane ?? 0) : 0
    const lane = this.#lanes.get(number) ?? this.#follow(number)
    if (lane === undefined) return this.#handlers.refused?.('signal-lane')
    lane.connection?.signal(signal)
  }

  sendControl(bytes: Uint8Array): void {
    const connection = this.#taken?.connection ?? this.#lanes.get(0)?.connection
    connection?.sendControl(bytes)
  }

  sendState(bytes: Uint8Array): void {
    this.#taken?.connection?.sendState(bytes)
  }

  close(): void {
    if (this.#over) return
    const connection = this.#taken?.connection
    // Lanes report their own end at once: by then it has to be known that this is the end of all.
    if (connection === undefined) this.#over = true
    this.#stop(undefined)
    if (connection === undefined) this.#handlers.closed('local')
    else connection.close()
  }

  #beginNext(): void {
    if (this.#taken === undefined && this.#lanes.size < lanesAtMost) this.#begin(this.#lanes.size)
    else this.#cancelNext?.()
  }

  // The initiator begins lanes; the responder follows unless it has taken one, of which it tells again then.
  #follow(number: number): Lane | undefined {
    if (this.#options.initiator || number < 0 || number >= lanesAtMost) return undefined
    if (this.#taken === undefined) return this.#begin(number)
    if (!this.#taken.isOver) this.#taken.connection?.sendControl(laneTaken)
    return undefined
  }

  #begin(number: number): Lane {
    const lane: Lane = { number, connection: undefined, isOpen: false, isOver: false }
    this.#lanes.set(number, lane)
    lane.connection = this.#connector.connect({
      ...this.#options,
      handlers: {
        signal: (signal) => this.#handlers.signal(number === 0 ? signal : { ...signal, lane: number }),
        open: () => {
          lane.isOpen = true
          // An initiator with several can't know yet which one the other side takes: it hears on that first.
          if (!this.#options.initiator || this.#lanes.size === 1) this.#take(lane)
        },
        control: (bytes) => {
          if (!this.#take(lane)) return
          if (!this.#options.initiator || !equalBytes(bytes, laneTaken)) this.#handlers.control(bytes)
        },
        state: (bytes) => {
          if (this.#take(lane)) this.#handlers.state(bytes)
        },
        refused: (reason) => this.#handlers.refused?.(reason),
        closed: (reason, cause) => {
          lane.isOver = true
          const others = [...this.#lanes.values()].some(({ isOver }) => !isOver)
          if (this.#over || (this.#taken === undefined ? others : this.#taken !== lane)) return
          this.#over = true
          this.#stop(undefined)
          this.#handlers.closed(reason, cause)
        },
      },
    })
    return lane
  }

  /** Settles on `lane`, unless it is settled. @returns whether it is the one. */
  #take(lane: Lane): boolean {
    if (this.#taken !== undefined || this.#over) return this.#taken === lane && !this.#over
    this.#taken = lane
    this.#stop(lane)
    this.#handlers.open()
    if (this.#isOver()) return false
    if (!this.#options.initiator && this.#lanes.size > 1) lane.connection?.sendControl(laneTaken)
    return true
  }

  // A method, since whoever is told that it is open may close it where types say it isn't.
  #isOver(): boolean {
    return this.#over
  }

  /** Begins no more lanes and ends all but `kept` and the one that was taken. */
  #stop(kept: Lane | undefined): void {
    this.#cancelNext?.()
    for (const lane of this.#lanes.values()) {
      if (lane !== kept && lane !== this.#taken && !lane.isOver) {
        lane.isOver = true
        lane.connection?.close()
      }
    }
  }
}
