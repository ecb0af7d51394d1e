import { Counters } from '../core/index.ts'
import type { ClientFrame } from './frames.ts'

/** What became of a frame that a client sent. */
export type FrameOutcome = 'accepted' | 'rate-limited' | 'malformed' | 'ignored'

/** Frames by type and outcome. */
export type FrameCounts = Readonly<Record<string, Readonly<Partial<Record<FrameOutcome, number>>>>>

/** How many frames and bytes went through a service, as plain data. */
export interface TrafficStats {
  /** By type, `unreadable` for what was none, and outcome. */
  receivedFrames: FrameCounts
  receivedBytes: number
  sentFrames: number
  sentBytes: number
}

/** Counts what goes through; nothing here depends on what clients call things. */
export class TrafficCounts {
  receivedBytes = 0
  sentFrames = 0
  sentBytes = 0
  /** Apart from the others, since nearly all are. */
  relayed = 0
  readonly #received = new Map<ClientFrame['type'] | 'unreadable', Counters<FrameOutcome>>()

  received(type: ClientFrame['type'] | 'unreadable', outcome: FrameOutcome): void {
    let counts = this.#received.get(type)
    if (counts === undefined) this.#received.set(type, (counts = new Counters<FrameOutcome>()))
    counts.add(outcome)
  }

  snapshot(): TrafficStats {
    const { receivedBytes, sentFrames, sentBytes } = this
    const receivedFrames = Object.fromEntries(
      [...this.#received].map(([type, counts]) => [type, counts.snapshot()]),
    )
    if (this.relayed > 0) receivedFrames.relay = { ...receivedFrames.relay, accepted: this.relayed }
    return { receivedFrames, receivedBytes, sentFrames, sentBytes }
  }
}
