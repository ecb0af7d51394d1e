import { seededRandom } from '../../../lib/core/index.ts'
import {
  establishLink,
  type Connection,
  type ConnectionHandlers,
  type Connector,
  type Link,
  type LinkBudgets,
  type LinkTimings,
} from '../../../lib/rtc/index.ts'
import { SimulatedClock } from '../../../lib/testing/index.ts'

/** Fields of a datagram's header, as docs/protocol/03-link.md lays them out: written anew here, to check the code by it. */
export interface RawHeader {
  version: number
  flags: number
  sequence: number
  sent: number
  echo: number
  hold: number
  newest: number
  arrivals: number
  controlReceived: number
}

/** A datagram with these fields, the rest zero. */
export function datagram(fields: Partial<RawHeader>, payload: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(19 + payload.length)
  const view = new DataView(bytes.buffer)
  const { version = 1, flags = payload.length > 0 ? 1 : 0, sent = 0, echo = 0 } = fields
  bytes[0] = (version << 4) | flags
  view.setUint16(1, fields.sequence ?? 0)
  view.setUint8(3, (sent >>> 16) & 255)
  view.setUint16(4, sent & 0xffff)
  view.setUint8(6, (echo >>> 16) & 255)
  view.setUint16(7, echo & 0xffff)
  view.setUint16(9, fields.hold ?? 0)
  view.setUint16(11, fields.newest ?? 0)
  view.setUint32(13, fields.arrivals ?? 0)
  view.setUint16(17, fields.controlReceived ?? 0)
  bytes.set(payload, 19)
  return bytes
}

/** The fields of a datagram's header. */
export function fieldsOf(bytes: Uint8Array): RawHeader & { payload: number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    version: view.getUint8(0) >> 4,
    flags: view.getUint8(0) & 15,
    sequence: view.getUint16(1),
    sent: (view.getUint8(3) << 16) | view.getUint16(4),
    echo: (view.getUint8(6) << 16) | view.getUint16(7),
    hold: view.getUint16(9),
    newest: view.getUint16(11),
    arrivals: view.getUint32(13),
    controlReceived: view.getUint16(17),
    payload: [...bytes.subarray(19)],
  }
}

/** A message frame of the control channel. */
export function messageFrame(sequence: number, ...message: number[]): Uint8Array {
  return Uint8Array.of(0x10, sequence >> 8, sequence & 255, ...message)
}

/** A link whose other side is the test itself, byte for byte, on simulated time. */
export class RawSide {
  /** Moves time. */
  readonly clock = new SimulatedClock({ startMs: 10_000 })
  /** What the link goes by. */
  readonly ownClock = this.clock.skewed()
  readonly sentState: Uint8Array[] = []
  readonly sentControl: Uint8Array[] = []
  bufferedBytes = 0
  closed = false
  handlers: ConnectionHandlers | undefined
  link: Link | undefined

  /** The connector to hand to what is tested. */
  readonly connector: Connector = {
    name: 'raw',
    connect: ({ handlers }) => {
      this.handlers = handlers
      return this.#connection()
    },
  }

  /** Opens the connection and lets the link hear `first`, so that it is established. */
  async establish(
    first: Partial<RawHeader> = { sequence: 0, sent: 0 },
    timings: Partial<LinkTimings> = {},
    budgets: Partial<LinkBudgets> = {},
    redials = false,
  ): Promise<Link> {
    const link = establishLink({
      connector: this.connector,
      initiator: true,
      signals: { send: () => undefined, onSignal: () => undefined },
      clock: this.ownClock,
      random: seededRandom(1),
      timings,
      budgets,
      redials,
    })
    this.handlers?.open()
    this.handlers?.state(datagram(first))
    this.link = await link
    return this.link
  }

  state(bytes: Uint8Array): void {
    this.handlers?.state(bytes)
  }

  control(bytes: Uint8Array): void {
    this.handlers?.control(bytes)
  }

  dropped(name: string): number {
    return this.link?.quality().dropped[name] ?? 0
  }

  #connection(): Connection {
    const buffered = (): number => this.bufferedBytes
    return {
      signal: () => undefined,
      sendControl: (bytes) => void this.sentControl.push(bytes.slice()),
      sendState: (bytes) => void this.sentState.push(bytes.slice()),
      controlBufferedAmount: 0,
      get stateBufferedAmount() {
        return buffered()
      },
      close: () => {
        if (this.closed) return
        this.closed = true
        this.handlers?.closed('local')
      },
    }
  }
}
