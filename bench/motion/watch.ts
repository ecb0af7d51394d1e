import { emptyVehicleState, type VehicleState } from '../../lib/protocol/index.ts'
import type { Contender, Participant } from '../baselines/index.ts'
import { emptyEnds, endsOf, type Course, type Ends } from '../drives/index.ts'
import { simulatedPair, type LinkedPeer } from '../simulated/pair.ts'

/** A network between the driver and who watches: one-way delay and jitter, loss per direction; jitter keeps the order. */
export interface Scenario {
  readonly name: string
  readonly delayMs: number
  readonly jitterMs: number
  readonly lossPercent: number
}

export const scenarios: readonly Scenario[] = [
  { name: 'rtt100-loss5', delayMs: 50, jitterMs: 20, lossPercent: 5 },
  { name: 'rtt200-loss10', delayMs: 100, jitterMs: 40, lossPercent: 10 },
]

/** What a watcher saw of a course, frame by frame. */
export interface Watched {
  /** Milliseconds into the course. */
  readonly timesMs: readonly number[]
  /** Metres between shown and true position at display time, at the front axle and at the tail of the last trailer. */
  readonly front: readonly number[]
  readonly rear: readonly number[]
  /** Metres by which the motion since the frame before differs from the true motion, at the worse of both. */
  readonly steps: readonly number[]
  readonly seconds: number
  /** What the driver sent: messages, and their bytes without any headers. */
  readonly packets: number
  readonly bytes: number
}

/** Both the game of the driver and the display of the watcher, at their own beat. */
const frameMs = 1000 / 60
const displayLagMs = 5

/** Milliseconds after a vehicle first appears in which it isn't looked at: clocks settle, and nobody is close by yet. */
const settleMs = 2_000

/** The watcher drives beside the truck it watches: metres to the east, as far as between two trucks of a convoy. */
const watcherDistance = 40

/** Clocks have origins and rates of their own; quartz is good for ±20 millionths. */
const driverSkew = { offsetMs: 1_234_567.8, driftPpm: 18 }
const watcherSkew = { offsetMs: -77_777.3, driftPpm: -12 }

/** Lets `contender` show a course over a simulated network. The same seed gives the same frames. */
export async function watch(
  contender: Contender,
  course: Course,
  { delayMs, jitterMs, lossPercent }: Scenario,
  seed: number,
  durationMs = course.durationMs,
): Promise<Watched> {
  const conditions = { delayMs, jitterMs, lossPercent }
  const pair = await simulatedPair({ seed, conditions, leftSkew: driverSkew, rightSkew: watcherSkew })
  const { clock, left, right } = pair
  const startedAt = clock.now()
  const driver = contender.join(left.peer.clock)
  const watcher = contender.join(right.peer.clock)
  driver.add('watcher', left.link)
  watcher.add('driver', right.link)

  const sentBefore = sentBy(driver, left)
  const state = emptyVehicleState()
  clock.every(frameMs, () => {
    driver.drive(course.stateAt(clock.now() - startedAt, state))
    state.x += watcherDistance
    watcher.drive(state)
  })
  const log = new FrameLog(course)
  clock.after(displayLagMs, () => clock.every(frameMs, () => log.look(watcher, clock.now() - startedAt)))
  for (let second = 1; second <= durationMs / 1000; second++) {
    clock.advance(1000)
    await clock.settle()
  }
  const sentAfter = sentBy(driver, left)

  driver.close()
  watcher.close()
  left.link.close()
  right.link.close()
  const { timesMs, front, rear, steps } = log
  return {
    timesMs,
    front,
    rear,
    steps,
    seconds: (clock.now() - startedAt) / 1000,
    packets: sentAfter.packets - sentBefore.packets,
    bytes: sentAfter.bytes - sentBefore.bytes,
  }
}

function sentBy(participant: Participant, { peer }: LinkedPeer): { packets: number; bytes: number } {
  const { datagramsSent, bytesSent } = peer.traffic
  return { ...(participant.sent ?? { packets: datagramsSent, bytes: bytesSent }) }
}

/** Compares what is shown with the truth. */
class FrameLog {
  readonly timesMs: number[] = []
  readonly front: number[] = []
  readonly rear: number[] = []
  readonly steps: number[] = []
  readonly #course: Course
  readonly #truth = emptyVehicleState()
  readonly #shown: VehicleState = emptyVehicleState()
  #ends = { shown: emptyEnds(), truth: emptyEnds() }
  #before = { shown: emptyEnds(), truth: emptyEnds() }
  #seenSince: number | undefined

  constructor(course: Course) {
    this.#course = course
  }

  look(watcher: Participant, timeMs: number): void {
    // One that is hidden meanwhile counts where it was seen last: as frozen.
    if (watcher.show('driver', this.#shown)) this.#seenSince ??= timeMs
    if (this.#seenSince === undefined) return
    ;[this.#ends, this.#before] = [this.#before, this.#ends]
    const { shown, truth } = this.#ends
    endsOf(this.#shown, shown)
    endsOf(this.#course.stateAt(timeMs, this.#truth), truth)
    if (timeMs - this.#seenSince < settleMs) return
    this.timesMs.push(timeMs)
    this.front.push(
      Math.hypot(shown.frontX - truth.frontX, shown.frontY - truth.frontY, shown.frontZ - truth.frontZ),
    )
    this.rear.push(
      Math.hypot(shown.rearX - truth.rearX, shown.rearY - truth.rearY, shown.rearZ - truth.rearZ),
    )
    this.steps.push(Math.max(this.#step('front'), this.#step('rear')))
  }

  #step(end: 'front' | 'rear'): number {
    const moved = (axis: 'X' | 'Y' | 'Z'): number => {
      const key: keyof Ends = `${end}${axis}`
      const { shown, truth } = this.#ends
      return shown[key] - this.#before.shown[key] - (truth[key] - this.#before.truth[key])
    }
    return Math.hypot(moved('X'), moved('Y'), moved('Z'))
  }
}
