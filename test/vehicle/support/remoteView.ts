import { seededRandom, type RandomSource } from '../../../lib/core/index.ts'
import { emptyVehicleState, type VehicleState } from '../../../lib/protocol/index.ts'
import { SimulatedClock } from '../../../lib/testing/index.ts'
import {
  VehiclePublisher,
  VehicleReceiver,
  type RemoteVehicle,
  type StateRecipient,
} from '../../../lib/vehicle/index.ts'
import { tailOf, type TruthDrive } from './truckModel.ts'

/** The path between a driver and who watches. */
export interface PathOptions {
  seed: number
  /** Ticks per second (default 20). */
  updateRate?: number
  /** Frames per second of the watcher (default 60). */
  frameRate?: number
  /** One way, ms. */
  delayMs: number
  /** Up to which the delay varies either way, ms. */
  jitterMs: number
  /** 0…1. */
  loss: number
  /** Whether a datagram may overtake another. */
  reorder?: boolean
  /** Share that arrives twice, 0…1. */
  duplicate?: number
  /** Milliseconds by which the driver's clock is ahead, drifting by parts per million. */
  clockAheadMs?: number
  driftPpm?: number
}

/** What the watcher saw, frame by frame. */
export interface Frame {
  atMs: number
  /** Metres between what was shown and the truth at that moment. */
  error: number
  /** The same at the tail of the last trailer. */
  tailError: number
  shown: VehicleState
  truth: VehicleState
  vehicle: { ageMs: number; opacity: number }
}

/** A watch, and what it took. */
export interface Watched {
  frames: Frame[]
  receiver: VehicleReceiver
  packetsPerSecond: number
  bytesPerPacket: number
}

/** Drives `drive` through publisher, path and receiver in simulated time and reports each frame. */
export function watch(drive: TruthDrive, options: PathOptions): Watched {
  const clock = new SimulatedClock({ startMs: 5_000 })
  const startedAt = clock.now()
  const driverClock = clock.skewed({
    offsetMs: options.clockAheadMs ?? 1_234_567.8,
    driftPpm: options.driftPpm ?? 30,
  })
  const random = seededRandom(options.seed)
  const receiver = new VehicleReceiver(clock)
  receiver.setMember('driver', 0xabcd)
  const publisher = new VehiclePublisher({
    clock: driverClock,
    tag: 0xabcd,
    ...(options.updateRate === undefined ? {} : { updateRate: options.updateRate }),
  })
  const offset = new OffsetEstimate(options, random)
  let lastArrival = 0
  const acknowledged = new Set<number>()
  let packets = 0
  let bytes = 0
  // What the watcher's own datagrams, ten a second, tell the driver: what arrived, and whether a baseline is lacking.
  let arrived: number[] = []
  let lacksBaseline = false
  clock.every(100, () => {
    const report = { arrived, lacksBaseline }
    if (random.next() < options.loss) return
    arrived = []
    clock.after(options.delayMs + options.jitterMs * (2 * random.next() - 1), () => {
      for (const sequence of report.arrived) acknowledged.add(sequence)
      publisher.heard(recipient, { lacksBaseline: false, wantsWhole: report.lacksBaseline })
    })
  })
  const deliver = (payload: Uint8Array, sentAt: number, sequence: number): void => {
    let delay = options.delayMs + options.jitterMs * (2 * random.next() - 1)
    if (options.reorder !== true) delay = Math.max(delay, lastArrival - clock.now())
    lastArrival = clock.now() + delay
    clock.after(delay, () => {
      const now = clock.now()
      offset.observe(driverClock.now() - now)
      const sent = Math.floor(sentAt * 4) / 4
      ;({ lacksBaseline } = receiver.receive('driver', payload, sent, now, offset.value))
      arrived.push(sequence)
    })
  }
  const recipient: StateRecipient = {
    deliveries: {
      get sentSequence() {
        return packets
      },
      hasArrived: (sequence) => acknowledged.has(sequence),
    },
    sendState(payload) {
      packets++
      bytes += payload.length
      const copies = random.next() < (options.duplicate ?? 0) ? 2 : 1
      for (let copy = 0; copy < copies; copy++) {
        if (random.next() >= options.loss) deliver(payload.slice(), driverClock.now(), packets)
      }
      return true
    },
  }
  publisher.add(recipient)
  const state = emptyVehicleState()
  // A game that runs at 60 frames per second, none of them at the publisher's beat.
  clock.every(50 / 3, () => publisher.setVehicle(drive.stateAt(clock.now() - startedAt, state)))

  const frames: Frame[] = []
  const frameMs = 1000 / (options.frameRate ?? 60)
  clock.every(frameMs, () => {
    const seen: RemoteVehicle | undefined = receiver.sample()[0]
    if (seen === undefined) return
    const truth = drive.stateAt(clock.now() - startedAt)
    const shown = structuredClone(seen.state) as VehicleState
    const tail = tailOf(shown)
    const trueTail = tailOf(truth)
    frames.push({
      atMs: clock.now() - startedAt,
      error: Math.hypot(shown.x - truth.x, shown.y - truth.y, shown.z - truth.z),
      tailError: Math.hypot(tail.x - trueTail.x, tail.z - trueTail.z),
      shown,
      truth,
      vehicle: { ageMs: seen.ageMs, opacity: seen.opacity },
    })
  })
  clock.advance(drive.durationMs)
  publisher.close()
  return {
    frames,
    receiver,
    packetsPerSecond: (packets * 1000) / drive.durationMs,
    bytesPerPacket: bytes / packets,
  }
}

/** The `share` quantile of `values`. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** Estimates the clock offset as a link does: the echo with the least round trip of late is believed. */
class OffsetEstimate {
  readonly #options: PathOptions
  readonly #random: RandomSource
  readonly #recent: { roundTrip: number; offset: number }[] = []

  constructor(options: PathOptions, random: RandomSource) {
    this.#options = options
    this.#random = random
  }

  get value(): number | undefined {
    let best: { roundTrip: number; offset: number } | undefined
    for (const echo of this.#recent) if (best === undefined || echo.roundTrip < best.roundTrip) best = echo
    return best?.offset
  }

  observe(driverAhead: number): void {
    const leg = (): number => this.#options.delayMs + this.#options.jitterMs * (2 * this.#random.next() - 1)
    const there = leg()
    const back = leg()
    this.#recent.push({ roundTrip: there + back, offset: -driverAhead + (there - back) / 2 })
    if (this.#recent.length > 100) this.#recent.shift()
  }
}
