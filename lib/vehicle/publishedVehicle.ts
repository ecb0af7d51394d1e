import { emptyVehicleState, vehicleFlags, type VehicleState } from '../protocol/index.ts'
import { codeOf, differ, emptyCodes, quantise, type Codes } from './codec/index.ts'
import { controlsEveryMs, maxStampedAgeMs } from './constants.ts'
import { copyVehicleState } from './copyVehicleState.ts'
import { horizon, noRates, predictToHorizon } from './prediction.ts'
import { timeStepsPerMs, wrapSampleTime } from './sampleTime.ts'
import { validateVehicleState } from './validate.ts'

/** A sample as all recipients get it. */
export interface SentSample {
  readonly codes: Codes
  /** When it was sampled, ms. */
  readonly sampledAt: number
  /** The same in ¼ ms modulo 2^24. */
  readonly ticks: number
}

/**
 * A vehicle that this member publishes: the newest state that the embedding program gave, in the codes that all
 * recipients get alike.
 */
export class PublishedVehicle implements SentSample {
  readonly index: number
  readonly codes: Codes = emptyCodes()
  /** When it was sampled, ms. */
  sampledAt = 0
  /** The same in ¼ ms modulo 2^24. */
  ticks = 0
  /** Whether it is to be shown. */
  visible = false
  /** How often it was sent to anybody. */
  timesSent = 0
  readonly #state: VehicleState = emptyVehicleState()
  readonly #fresh: Codes = emptyCodes()
  #controlsAt = -Infinity
  /** The least time of the next sample, ms: after that of every one that was sent. */
  #notBefore = -Infinity
  #ghost = false

  constructor(index: number) {
    this.index = index
  }

  /**
   * Takes the state as true at `sampledAt` ms.
   * @throws ConvoyError `invalid-vehicle`.
   */
  set(state: Readonly<VehicleState>, sampledAt: number): void {
    validateVehicleState(state)
    copyVehicleState(state, this.#state)
    this.visible = true
    this.#stamp(sampledAt)
    quantise(state, this.#fresh)
    if (this.#ghost) this.#fresh[codeOf.flags] = (this.#fresh[codeOf.flags] ?? 0) | vehicleFlags.ghost
    this.#holdControls(sampledAt)
    this.codes.set(this.#fresh)
  }

  /** Publishes the vehicle as a ghost whatever its states say, or no longer, from `now` on. */
  setGhost(ghost: boolean, now: number): void {
    if (ghost === this.#ghost) return
    this.#ghost = ghost
    if (!this.visible) return
    // As a sample of its own, since what is sampled at the same time counts as the same.
    const present = emptyVehicleState()
    this.at({ now }, present)
    this.set(present, now)
  }

  /** Takes the vehicle away. */
  hide(at: number): void {
    this.visible = false
    this.codes.fill(0)
    this.#controlsAt = -Infinity
    this.#stamp(at)
  }

  /** Stamps a very old sample as younger, so that its time stays unambiguous; it is predicted no differently. */
  refresh(now: number): void {
    if (now - this.sampledAt > maxStampedAgeMs) this.#stamp(now - maxStampedAgeMs)
  }

  /** Notes that the sample was sent to somebody: its time is that of no other from now on, [FWD-5]. */
  noteSent(): void {
    this.timesSent++
    this.#notBefore = this.sampledAt + 1 / timeStepsPerMs
  }

  /** Fills `into` with where the vehicle is at `time.now`, as far as this member knows. */
  at(time: Readonly<{ now: number }>, into: VehicleState): void {
    horizon.seconds = Math.max(0, time.now - this.sampledAt) / 1_000
    predictToHorizon(this.#state, into, noRates)
  }

  /** Whether it stands. */
  get isParked(): boolean {
    return this.codes[codeOf.velocityZ] === 0
  }

  #stamp(sampledAt: number): void {
    this.sampledAt = Math.max(sampledAt, this.#notBefore)
    this.ticks = wrapSampleTime(this.sampledAt)
  }

  /**
   * Pedals, wheel and engine speed tremble all the time and nobody sees it: they are told a few times a second, or
   * along with a switch or gear that changes.
   */
  #holdControls(sampledAt: number): void {
    const fresh = this.#fresh
    const { codes } = this
    if (
      sampledAt - this.#controlsAt >= controlsEveryMs ||
      fresh[codeOf.flags] !== codes[codeOf.flags] ||
      fresh[codeOf.gear] !== codes[codeOf.gear]
    ) {
      if (differ(fresh, codes)) this.#controlsAt = sampledAt
      return
    }
    fresh[codeOf.steering] = codes[codeOf.steering] ?? 0
    fresh[codeOf.throttle] = codes[codeOf.throttle] ?? 0
    fresh[codeOf.brake] = codes[codeOf.brake] ?? 0
    fresh[codeOf.rpm] = codes[codeOf.rpm] ?? 0
  }
}
