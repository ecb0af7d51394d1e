import type { Signal } from '../../../lib/protocol/index.ts'
import type { Connection, ConnectionHandlers } from '../../../lib/rtc/index.ts'
import type { SimulatedClock, SimulatedNetwork } from '../../../lib/testing/index.ts'

/** One end of a connection and everything it was told. */
export interface End {
  readonly connection: Connection
  /** `kind text @time` per happening. */
  readonly log: string[]
  readonly control: Uint8Array[]
  readonly state: Uint8Array[]
  /** Changes a signal on its way to this end; undefined loses it. */
  intercept: (signal: Signal) => Signal | undefined
}

/** Lets `a` dial `b`; signals go between them as they are given out, in 1 ms. Time has to be moved. */
export function dial(clock: SimulatedClock, network: SimulatedNetwork, a: string, b: string): [End, End] {
  const ends: End[] = []
  const end = (name: string, initiator: boolean, other: () => End | undefined): End => {
    const log: string[] = []
    const control: Uint8Array[] = []
    const state: Uint8Array[] = []
    const note = (text: string): void => void log.push(`${text} @${Math.round(clock.now())}`)
    const handlers: ConnectionHandlers = {
      signal: (signal) =>
        void clock.after(1, () => {
          const arriving = other()?.intercept(signal)
          if (arriving !== undefined) other()?.connection.signal(arriving)
        }),
      open: () => note('open'),
      control: (bytes) => void control.push(bytes),
      state: (bytes) => void state.push(bytes.slice()),
      closed: (reason) => note(`closed ${reason}`),
      refused: (reason) => note(`refused ${reason}`),
    }
    const connection = network.connector(name).connect({ initiator, attempt: 0, iceServers: [], handlers })
    return { connection, log, control, state, intercept: (signal) => signal }
  }
  ends.push(end(a, true, () => ends[1]))
  ends.push(end(b, false, () => ends[0]))
  return [ends[0] as End, ends[1] as End]
}
