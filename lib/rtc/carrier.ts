import { ConvoyError, type Cancel, type Clock, type Counters } from '../core/index.ts'
import type { Signal } from '../protocol/index.ts'
import type {
  Connection,
  ConnectionCloseReason,
  Connector,
  IceServer,
  IceTransportPolicy,
} from './connection.ts'
import { retireMs } from './constants.ts'

/** What a {@link Carrier} is made with. */
export interface CarrierOptions {
  connector: Connector
  initiator: boolean
  iceServers: () => readonly IceServer[]
  iceTransportPolicy: IceTransportPolicy
  wholeSignals: boolean
  clock: Clock
  dropped: Counters
  sendSignal(signal: Signal): void
  handlers: CarrierHandlers
}

/** What a carrier tells its link. */
export interface CarrierHandlers {
  /** Both channels of `strand` are open. */
  open(strand: Strand): void
  control(frame: Uint8Array, strand: Strand): void
  state(datagram: Uint8Array, strand: Strand): void
  /** The connection in use ended, and no other has taken over yet; or any of them was `violated`. */
  lost(reason: ConnectionCloseReason, cause: unknown): void
  /** The connection that was to take over ended before it did. */
  successorFailed(): void
}

/** One connection beneath a link. */
export interface Strand {
  readonly attempt: number
  readonly connection: Connection
  open: boolean
  over: boolean
}

/**
 * The connections beneath one link: the one in use, one that is to take over, and one that is on its way out.
 * What is sent goes over the one in use; what arrives counts whichever it comes over ([LNK-72]).
 */
export class Carrier {
  readonly #options: CarrierOptions
  #current: Strand | undefined
  #successor: Strand | undefined
  #retiring: Strand | undefined
  #cancelRetirement: Cancel | undefined
  #highestAttempt: number
  #closed = false

  constructor(attempt: number, options: CarrierOptions) {
    this.#options = options
    this.#highestAttempt = attempt
    this.#current = this.#connect(attempt)
  }

  /** The highest attempt that either side began. */
  get highestAttempt(): number {
    return this.#highestAttempt
  }

  /** The connection that is to take over, where there is one. */
  get successor(): Strand | undefined {
    return this.#successor
  }

  /** Whether there is a connection to send over. */
  get usable(): boolean {
    return this.#current?.over === false
  }

  get stateBufferedAmount(): number {
    return this.usable ? (this.#current?.connection.stateBufferedAmount ?? 0) : 0
  }

  sendState(datagram: Uint8Array): void {
    if (this.usable) this.#current?.connection.sendState(datagram)
  }

  /** @throws ConvoyError `closed` when there is no connection to send over. */
  sendControl(frame: Uint8Array): void {
    if (!this.usable || this.#current === undefined) {
      throw new ConvoyError('closed', 'The connection beneath this link is gone.')
    }
    this.#current.connection.sendControl(frame)
  }

  /** Hands a signal to the connection of its attempt. @returns false when there is none. */
  signal(signal: Signal): boolean {
    const strand = [this.#current, this.#successor].find(
      (each) => each?.attempt === signal.attempt && !each.over,
    )
    strand?.connection.signal(signal)
    return strand !== undefined
  }

  /** Begins a connection that is to take over; a former one that has not yet is given up. */
  begin(attempt: number): void {
    this.abandon()
    this.#highestAttempt = attempt
    this.#successor = this.#connect(attempt)
  }

  /** Gives up the connection that was to take over. */
  abandon(): void {
    const former = this.#successor
    this.#successor = undefined
    former?.connection.close()
  }

  /** The other side was heard over `strand`. @returns whether it took over just now. */
  takeOver(strand: Strand): boolean {
    if (strand !== this.#successor) return false
    this.#endRetirement()
    this.#retiring = this.#current
    this.#current = strand
    this.#successor = undefined
    // What is still under way on the former one shall arrive.
    if (this.#retiring?.over === false) {
      this.#cancelRetirement = this.#options.clock.after(retireMs, () => this.#endRetirement())
    }
    return true
  }

  /** Ends every connection but the one in use. */
  closeOthers(): void {
    this.abandon()
    this.#endRetirement()
  }

  /** Ends every connection. Idempotent. */
  close(): void {
    this.#closed = true
    this.closeOthers()
    this.#current?.connection.close()
  }

  #endRetirement(): void {
    this.#cancelRetirement?.()
    this.#cancelRetirement = undefined
    const former = this.#retiring
    this.#retiring = undefined
    former?.connection.close()
  }

  #connect(attempt: number): Strand {
    const { connector, initiator, iceTransportPolicy, wholeSignals, handlers, dropped } = this.#options
    const began: { strand?: Strand } = {}
    // An engine may speak before it returns the connection; nothing of that is of use yet.
    const known = (): Strand | undefined => {
      const made = began.strand
      return made === undefined || made.over || (this.#closed && made !== this.#current) ? undefined : made
    }
    const connection = connector.connect({
      initiator,
      attempt,
      iceServers: this.#options.iceServers(),
      iceTransportPolicy,
      wholeSignals,
      handlers: {
        signal: (signal) => {
          if (!this.#closed && began.strand?.over !== true) this.#options.sendSignal(signal)
        },
        open: () => {
          const strand = known()
          if (strand === undefined) return
          strand.open = true
          handlers.open(strand)
        },
        control: (frame) => {
          const strand = known()
          if (strand !== undefined) handlers.control(frame, strand)
        },
        state: (datagram) => {
          const strand = known()
          if (strand !== undefined) handlers.state(datagram, strand)
        },
        refused: (reason) => dropped.add(reason),
        closed: (reason, cause) => {
          const made = began.strand
          if (made === undefined || made.over) return
          made.over = true
          if (made === this.#current || reason === 'violated') handlers.lost(reason, cause)
          else if (made === this.#successor) {
            this.#successor = undefined
            handlers.successorFailed()
          }
        },
      },
    })
    began.strand = { attempt, connection, open: false, over: false }
    return began.strand
  }
}
