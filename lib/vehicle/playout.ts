import { emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import type { VehicleUpdate } from './codec.ts'
import { ClockSlew } from './clockSlew.ts'
import {
  cutDistance,
  fadeAfterMs,
  fadeInMs,
  fadeOutMs,
  fullPredictionMs,
  maxDelayMs,
  maxFutureMs,
  sequenceMemoryMs,
  slowDownMs,
  teleportAcceleration,
  teleportSlack,
  teleportTurn,
} from './constants.ts'
import { copyVehicleState, distanceBetween, isPlaced } from './copyVehicleState.ts'
import { Correction } from './correction.ts'
import { wrapHalfTurns } from './deterministicMath.ts'
import {
  clearTrailers,
  emptyPose,
  readPose,
  subtractPoses,
  translation,
  writePose,
  type Pose,
} from './pose.ts'
import { predict } from './prediction.ts'

/**
 * What became of an update: shown; the vehicle's `hidden` sign; a `repeat` of a sample already known; or
 * dropped: not newer by sequence, too long under way, or sampled in the future.
 */
export type PlayoutVerdict = 'shown' | 'hidden' | 'repeat' | 'stale' | 'late' | 'future'

/** Half the time over which rates of change are measured, ms. */
const rateStepMs = 2

/** Two times on one clock, ms: when an update was sampled and when it was sent. */
export interface SenderTimes {
  sampledAt: number
  sentAt: number
}

/**
 * Turns the updates of one remote vehicle into smooth motion: shows the newest sample predicted to the present,
 * and lets what that prediction gets wrong fade out after each update. docs/protocol/05-vehicle.md [VEH-50] to [VEH-59].
 */
export class Playout {
  readonly #newest: VehicleState = emptyVehicleState()
  readonly #predicted: VehicleState = emptyVehicleState()
  readonly #offset = new ClockSlew()
  readonly #correction = new Correction()
  readonly #before: Pose = emptyPose()
  readonly #beforeRate: Pose = emptyPose()
  readonly #after: Pose = emptyPose()
  readonly #afterRate: Pose = emptyPose()
  readonly #left: Pose = emptyPose()
  #sequence = -1
  #sampledAt = 0
  #heardAt = -Infinity
  #placed = false
  #fadeFrom = 0
  #fadeSince = 0

  /**
   * Takes one update.
   * @param times - when it was sampled and sent, on the sender's clock, ms.
   * @param receivedAt - when it arrived, on the local clock, ms.
   * @param clockOffset - what to add to the sender's clock to get local time, ms; undefined while unknown.
   */
  receive(
    update: Readonly<VehicleUpdate>,
    times: Readonly<SenderTimes>,
    receivedAt: number,
    clockOffset: number | undefined,
  ): PlayoutVerdict {
    if (!this.#isNewer(update.sequence, receivedAt)) return 'stale'
    if (clockOffset !== undefined && receivedAt - (times.sentAt + clockOffset) > maxDelayMs) return 'late'
    if (clockOffset !== undefined && times.sampledAt + clockOffset > receivedAt + maxFutureMs) return 'future'
    if (this.#sequence >= 0 && times.sampledAt < this.#sampledAt) return 'stale'
    const visible = this.opacity(receivedAt) > 0
    const known = this.#placed && times.sampledAt === this.#sampledAt
    this.#fadeFrom = this.opacity(receivedAt)
    this.#fadeSince = receivedAt
    this.#sequence = update.sequence
    this.#heardAt = receivedAt
    if (!isPlaced(update.state)) {
      this.#placed = false
      this.#sampledAt = times.sampledAt
      return 'hidden'
    }
    if (known) {
      this.#offset.observe(clockOffset, times.sentAt, receivedAt)
      return 'repeat'
    }
    this.#adopt(update.state, times, receivedAt, clockOffset, visible)
    return 'shown'
  }

  /** Fills `into` with what to show at local time `now`; false when there is nothing to show. */
  sample(now: number, into: VehicleState): boolean {
    if (this.opacity(now) <= 0 && this.#fadeSince !== now) return false
    this.#predictTo(now, into)
    readPose(into, this.#after)
    this.#correction.at(now, this.#left)
    writePose(this.#after, this.#left, into)
    return true
  }

  /** How much of it to draw at `now`, 0…1. */
  opacity(now: number): number {
    if (!this.#placed) return 0
    const fadedIn = this.#fadeFrom + Math.max(0, now - this.#fadeSince) / fadeInMs
    const silence = now - this.#heardAt
    const fadedOut = 1 - (silence - fadeAfterMs) / fadeOutMs
    return Math.max(0, Math.min(1, fadedIn, fadedOut))
  }

  /** Milliseconds between the newest sample and `now`. */
  ageMs(now: number): number {
    return now - (this.#sampledAt + this.#offset.at(now))
  }

  /** Forgets everything: another process drives from here on. */
  reset(): void {
    this.#sequence = -1
    this.#sampledAt = 0
    this.#heardAt = -Infinity
    this.#placed = false
    this.#fadeFrom = 0
    this.#offset.reset()
    this.#correction.clear()
  }

  #isNewer(sequence: number, receivedAt: number): boolean {
    if (this.#sequence < 0 || receivedAt - this.#heardAt > sequenceMemoryMs) return true
    const ahead = (sequence - this.#sequence) & 0xffff
    return ahead > 0 && ahead < 0x8000
  }

  #adopt(
    state: Readonly<VehicleState>,
    times: Readonly<SenderTimes>,
    receivedAt: number,
    clockOffset: number | undefined,
    visible: boolean,
  ): void {
    const blend = visible && !this.#isTeleport(state, times.sampledAt)
    if (blend) this.#readMotion(receivedAt, this.#before, this.#beforeRate)
    const keptTrailers = Math.min(this.#newest.trailerCount, state.trailerCount)
    this.#offset.observe(clockOffset, times.sentAt, receivedAt)
    this.#sampledAt = times.sampledAt
    this.#placed = true
    copyVehicleState(state, this.#newest)
    this.#correction.clear()
    if (!blend) return
    this.#readMotion(receivedAt, this.#after, this.#afterRate)
    subtractPoses(this.#before, this.#after, this.#left)
    if (translation(this.#left) > cutDistance) return
    subtractPoses(this.#beforeRate, this.#afterRate, this.#beforeRate)
    clearTrailers(this.#left, keptTrailers)
    clearTrailers(this.#beforeRate, keptTrailers)
    this.#correction.start(this.#left, this.#beforeRate, receivedAt)
  }

  /** Whether no truck could have driven from the newest sample to `state`. */
  #isTeleport(state: Readonly<VehicleState>, sampledAt: number): boolean {
    const seconds = (sampledAt - this.#sampledAt) / 1000
    predict(this.#newest, Math.min(seconds, 1), this.#predicted)
    const unforeseen = distanceBetween(state, this.#predicted)
    const turn = Math.abs(wrapHalfTurns(state.heading - this.#predicted.heading))
    const beyondHorizon = Math.max(0, seconds - 1) * Math.abs(this.#newest.velocityZ)
    const explained = teleportSlack + (teleportAcceleration * seconds * seconds) / 2 + beyondHorizon
    return unforeseen > explained || (turn > teleportTurn && seconds < 0.5)
  }

  /** Fills what is shown at `now` and its rate of change per second. */
  #readMotion(now: number, pose: Pose, rate: Pose): void {
    this.#readShown(now - rateStepMs, this.#left)
    this.#readShown(now + rateStepMs, rate)
    subtractPoses(rate, this.#left, rate)
    for (let index = 0; index < rate.length; index++) rate[index] = ((rate[index] ?? 0) * 500) / rateStepMs
    this.#readShown(now, pose)
  }

  #readShown(now: number, pose: Pose): void {
    this.#predictTo(now, this.#predicted)
    readPose(this.#predicted, pose)
    this.#correction.at(now, this.#scratch)
    for (let index = 0; index < pose.length; index++)
      pose[index] = (pose[index] ?? 0) + (this.#scratch[index] ?? 0)
  }

  readonly #scratch: Pose = emptyPose()

  #predictTo(now: number, into: VehicleState): void {
    predict(this.#newest, predictionSeconds(this.ageMs(now)), into)
  }
}

/** How far to predict a sample of `ageMs`, s: all the way at first, then ever less, then no further. */
function predictionSeconds(ageMs: number): number {
  const beyond = Math.min(slowDownMs, Math.max(0, ageMs - fullPredictionMs))
  const full = Math.max(-maxFutureMs, Math.min(ageMs, fullPredictionMs))
  return (full + beyond - (beyond * beyond) / (2 * slowDownMs)) / 1000
}
