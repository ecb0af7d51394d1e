import { emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import { ClockSlew } from './clockSlew.ts'
import { dequantise, isHidden, readRates, type Known } from './codec/index.ts'
import {
  cutDistance,
  fadeAfterMs,
  fadeInMs,
  fadeOutMs,
  maxAheadOfSendingMs,
  maxDelayMs,
  maxFullPredictionMs,
  maxRewindMs,
  minFullPredictionMs,
  slowDownMs,
  teleportAcceleration,
  teleportSlack,
  teleportTurn,
} from './constants.ts'
import { copyVehicleState, distanceBetween } from './copyVehicleState.ts'
import { Correction } from './correction.ts'
import { wrapHalfTurns } from './deterministicMath.ts'
import {
  addPose,
  clearTrailers,
  emptyPose,
  readPose,
  subtractPoses,
  translation,
  writePose,
  type Pose,
} from './pose.ts'
import { horizon, noRates, predictToHorizon, type MotionRates } from './prediction.ts'

/**
 * What became of an update: shown; the vehicle's `hidden` sign; a `repeat` of a sample already known; or
 * dropped: not newer, too long under way, or sampled in the future.
 */
export type PlayoutVerdict = 'shown' | 'hidden' | 'repeat' | 'stale' | 'late' | 'future'

/** Half the time over which rates of change are measured, ms: short beside a frame, long beside rounding. */
const rateStepMs = 2

/** What a {@link Playout} takes. */
export interface PlayoutOptions {
  /** Whether silence makes it fade (default true); else it stands where prediction ends. */
  fades?: boolean
}

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
  readonly #rates: MotionRates = { ...noRates }
  readonly #update: VehicleState = emptyVehicleState()
  readonly #predicted: VehicleState = emptyVehicleState()
  readonly #offset = new ClockSlew()
  readonly #correction = new Correction()
  // Scratch, filled anew by whoever uses it.
  readonly #pose: Pose = emptyPose()
  readonly #poseRate: Pose = emptyPose()
  readonly #shift: Pose = emptyPose()
  readonly #shiftRate: Pose = emptyPose()
  readonly #fadeAfterMs: number
  #started = false
  #sampledAt = 0
  /** Age up to which the newest sample is predicted in full, ms. */
  #fullMs = minFullPredictionMs
  #heardAt = -Infinity
  #placed = false
  #fadeFrom = 0
  #fadeSince = 0

  constructor({ fades = true }: PlayoutOptions = {}) {
    this.#fadeAfterMs = fades ? fadeAfterMs : Infinity
  }

  /**
   * Takes one update.
   * @param times - when it was sampled and sent, on the sender's clock, ms.
   * @param receivedAt - when it arrived, on the local clock, ms.
   * @param clockOffset - what to add to the sender's clock to get local time, ms; undefined while unknown.
   */
  receive(
    update: Known,
    times: Readonly<SenderTimes>,
    receivedAt: number,
    clockOffset: number | undefined,
  ): PlayoutVerdict {
    if (clockOffset !== undefined && receivedAt - (times.sentAt + clockOffset) > maxDelayMs) return 'late'
    if (times.sampledAt > times.sentAt + maxAheadOfSendingMs) return 'future'
    if (this.#started && times.sampledAt < this.#sampledAt) return 'stale'

    const wasShown = this.#isShown(receivedAt)
    const isRepeat = this.#placed && times.sampledAt === this.#sampledAt
    this.#fadeFrom = this.opacity(receivedAt)
    this.#fadeSince = receivedAt
    this.#started = true
    this.#heardAt = receivedAt
    if (isHidden(update.codes)) {
      this.#placed = false
      this.#sampledAt = times.sampledAt
      return 'hidden'
    }
    if (isRepeat) return 'repeat'
    dequantise(update.codes, this.#update)
    this.#adopt(update, times, receivedAt, clockOffset, wasShown)
    return 'shown'
  }

  /** Fills `into` with what to show at local time `now`; false when there is nothing to show. */
  sample(now: number, into: VehicleState): boolean {
    if (!this.#isShown(now)) return false
    this.#predictTo(now, 0, into)
    readPose(into, this.#pose)
    this.#correction.at(now, this.#shift)
    addPose(this.#pose, this.#shift)
    writePose(this.#pose, into)
    return true
  }

  /** When the newest sample was taken, on the sender's clock, ms. */
  get newestSampledAt(): number {
    return this.#sampledAt
  }

  /** Whether there was any update. */
  get hasHeard(): boolean {
    return this.#heardAt > -Infinity
  }

  /** How much of it to draw at `now`, 0…1. */
  opacity(now: number): number {
    if (!this.#placed) return 0
    const fadedIn = this.#fadeFrom + Math.max(0, now - this.#fadeSince) / fadeInMs
    const silence = now - this.#heardAt
    const fadedOut = 1 - (silence - this.#fadeAfterMs) / fadeOutMs
    return Math.max(0, Math.min(1, fadedIn, fadedOut))
  }

  /** Milliseconds between the newest sample and `now`. */
  ageMs(now: number): number {
    return now - (this.#sampledAt + this.#offset.at(now))
  }

  /** Takes any update next, whatever its time: the newest one is not to be believed. */
  forgetOrder(): void {
    this.#started = false
  }

  /** Forgets everything: another process drives from here on. */
  reset(): void {
    this.#started = false
    this.#sampledAt = 0
    this.#heardAt = -Infinity
    this.#placed = false
    this.#fadeFrom = 0
    this.#offset.reset()
    this.#correction.clear()
  }

  #isShown(now: number): boolean {
    return this.#placed && now - this.#heardAt < this.#fadeAfterMs + fadeOutMs
  }

  /** Makes `update` the newest sample, and what was shown beside it until now the correction. */
  #adopt(
    update: Known,
    times: Readonly<SenderTimes>,
    receivedAt: number,
    clockOffset: number | undefined,
    wasShown: boolean,
  ): void {
    const state = this.#update
    const blend = wasShown && !this.#isTeleport(state, times.sampledAt)
    if (blend) {
      this.#readPrediction(receivedAt, this.#shift, this.#shiftRate)
      this.#correction.addAt(receivedAt, this.#shift, this.#shiftRate)
    }
    const keptTrailers = Math.min(this.#newest.trailerCount, state.trailerCount)
    this.#offset.observe(clockOffset, times.sentAt, receivedAt)
    const gapMs = wasShown ? times.sampledAt - this.#sampledAt : 0
    this.#fullMs = Math.min(maxFullPredictionMs, Math.max(minFullPredictionMs, 2 * gapMs))
    this.#sampledAt = times.sampledAt
    this.#placed = true
    copyVehicleState(state, this.#newest)
    readRates(update, this.#rates)
    this.#correction.clear()
    if (!blend) return

    this.#readPrediction(receivedAt, this.#pose, this.#poseRate)
    subtractPoses(this.#shift, this.#pose, this.#shift)
    subtractPoses(this.#shiftRate, this.#poseRate, this.#shiftRate)
    if (translation(this.#shift) > cutDistance) return
    clearTrailers(this.#shift, keptTrailers)
    clearTrailers(this.#shiftRate, keptTrailers)
    this.#correction.start(this.#shift, this.#shiftRate, receivedAt, keptTrailers)
  }

  /** Whether no truck could have driven from the newest sample to `state`. */
  #isTeleport(state: Readonly<VehicleState>, sampledAt: number): boolean {
    const seconds = (sampledAt - this.#sampledAt) / 1000
    horizon.seconds = Math.min(seconds, 1)
    predictToHorizon(this.#newest, this.#predicted, this.#rates)
    const unforeseen = distanceBetween(state, this.#predicted)
    const turn = Math.abs(wrapHalfTurns(state.heading - this.#predicted.heading))
    const beyondHorizon = Math.max(0, seconds - 1) * Math.abs(this.#newest.velocityZ)
    const explained = teleportSlack + (teleportAcceleration * seconds * seconds) / 2 + beyondHorizon
    return unforeseen > explained || (turn > teleportTurn && seconds < 0.5)
  }

  /** Fills what is predicted for `now`, and its rate of change per second. */
  #readPrediction(now: number, pose: Pose, rate: Pose): void {
    this.#predictTo(now, -rateStepMs, this.#predicted)
    readPose(this.#predicted, pose)
    this.#predictTo(now, rateStepMs, this.#predicted)
    readPose(this.#predicted, rate)
    subtractPoses(rate, pose, rate)
    for (let index = 0; index < rate.length; index++) {
      rate[index] = ((rate[index] ?? 0) * 1000) / (2 * rateStepMs)
    }
    this.#predictTo(now, 0, this.#predicted)
    readPose(this.#predicted, pose)
  }

  /**
   * Predicts to `now` plus `byMs`: all the way at first, then ever less, then no further. The two are apart because
   * a sum handed to a function may cost an allocation.
   */
  #predictTo(now: number, byMs: number, into: VehicleState): void {
    const ageMs = Math.max(-maxRewindMs, now + byMs - this.#sampledAt - this.#offset.at(now))
    const beyondMs = Math.min(slowDownMs, Math.max(0, ageMs - this.#fullMs))
    const predictedMs = Math.min(ageMs, this.#fullMs) + beyondMs - (beyondMs * beyondMs) / (2 * slowDownMs)
    horizon.seconds = predictedMs / 1000
    predictToHorizon(this.#newest, into, this.#rates)
    if (beyondMs === 0) return
    // Wheels slow down with the truck.
    const pace = 1 - beyondMs / slowDownMs
    into.velocityX *= pace
    into.velocityY *= pace
    into.velocityZ *= pace
    into.yawRate *= pace
  }
}
