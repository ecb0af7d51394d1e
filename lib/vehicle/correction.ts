import { correctionStiffness, maxCorrectionSpeed } from './constants.ts'
import { emptyPose, measureSwing, poseLength, swing, type Pose } from './pose.ts'

/**
 * What is still shown beside the prediction after an update proved the former prediction wrong. It decays
 * like a critically damped spring, e(t) = (e₀ + (ė₀ + ω e₀) t) exp(−ω t), so that position and velocity on screen are
 * continuous; and it is a function of time alone, so that the frame rate doesn't matter.
 */
export class Correction {
  readonly #start: Pose = emptyPose()
  readonly #startRate: Pose = emptyPose()
  #startedAt = 0
  #stiffness = correctionStiffness

  /** Starts over from `offset` and its `rate` per second, at `now` ms, of a vehicle with `trailers`. Both are copied. */
  start(offset: Pose, rate: Pose, now: number, trailers: number): void {
    this.#start.set(offset)
    this.#startRate.set(rate)
    this.#startedAt = now
    // The spring's own speed peaks at e₀ ω / e (with ė₀ = 0).
    measureSwing(offset, trailers)
    this.#stiffness = Math.min(
      correctionStiffness,
      (maxCorrectionSpeed * Math.E) / Math.max(swing.metres, 1e-9),
    )
  }

  /** Nothing to correct: the prediction is shown as it is. */
  clear(): void {
    this.#start.fill(0)
    this.#startRate.fill(0)
  }

  /** Adds what is left at `now` ms, and its rate per second, to `pose` and `rate`. */
  addAt(now: number, pose: Pose, rate: Pose): void {
    const seconds = Math.max(0, now - this.#startedAt) / 1000
    const decay = Math.exp(-this.#stiffness * seconds)
    for (let index = 0; index < poseLength; index++) {
      const offset = this.#start[index] ?? 0
      const push = (this.#startRate[index] ?? 0) + this.#stiffness * offset
      pose[index] = (pose[index] ?? 0) + (offset + push * seconds) * decay
      rate[index] = (rate[index] ?? 0) + (push - this.#stiffness * (offset + push * seconds)) * decay
    }
  }

  /** Fills `into` with what is left at `now` ms. */
  at(now: number, into: Pose): void {
    const seconds = Math.max(0, now - this.#startedAt) / 1000
    const decay = Math.exp(-this.#stiffness * seconds)
    for (let index = 0; index < poseLength; index++) {
      const offset = this.#start[index] ?? 0
      const rate = this.#startRate[index] ?? 0
      into[index] = (offset + (rate + this.#stiffness * offset) * seconds) * decay
    }
  }
}
