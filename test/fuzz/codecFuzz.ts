import { seededRandom, toHex, type RandomSource } from '../../lib/core/index.ts'
import { emptyVehicleState, type VehicleState } from '../../lib/protocol/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import {
  emptyCodes,
  OutgoingVehicles,
  PayloadBuffers,
  quantise,
  vehicleRanges,
  VehicleReceiver,
} from '../../lib/vehicle/index.ts'

/** What a run of {@link fuzzCodec} found. */
export interface FuzzReport {
  inputs: number
  /** Updates that were taken, of valid inputs and of those that were damaged all the same. */
  taken: number
  dropped: Readonly<Record<string, number>>
}

/** One input and what went wrong with it; the same seed leads there again. */
export class FuzzFailure extends Error {
  constructor(seed: number, input: number, payload: Uint8Array, cause: unknown) {
    super(`Seed ${seed}, input ${input}, ${toHex(payload)}: ${String(cause)}`, { cause })
    this.name = 'FuzzFailure'
  }
}

const tag = 0xf022
const member = 'anna'
const capacity = 1_131

/** Metres beyond its range that a position may be predicted to: what any speed claimed comes to before it slows to a halt. */
const predictedMetres = 500

/**
 * Feeds a receiver payloads that are valid, damaged or made up, among updates of vehicles that drive: flipped bits, cut and spliced
 * bytes, wrong numbers, noise. What is damaged and taken all the same becomes a baseline, as it would. After each input, what
 * is shown has to be finite and within range.
 * @param inputs - how many.
 * @throws FuzzFailure for the first input that breaks a promise.
 */
export function fuzzCodec(inputs: number, seed: number): FuzzReport {
  const fuzz = new CodecFuzz(seed)
  for (let input = 0; input < inputs; input++) fuzz.step(input)
  return fuzz.report(inputs)
}

/** A sender, a receiver, and what comes in between. */
class CodecFuzz {
  readonly #seed: number
  readonly #random: RandomSource
  readonly #receiver = new VehicleReceiver(new SimulatedClock())
  readonly #vehicles = [0, 1, 2, 7].map((index) => ({ index, state: emptyVehicleState() }))
  readonly #codes = emptyCodes()
  readonly #outgoing: OutgoingVehicles
  readonly #payload = new Uint8Array(capacity + 20)
  readonly #previous = new Uint8Array(capacity)
  #previousLength = 0
  #length = 0
  #sequence = -1
  #acknowledged = -1
  #now = 1_000_000

  constructor(seed: number) {
    this.#seed = seed
    this.#random = seededRandom(seed)
    const deliveries = { sentSequence: 0, hasArrived: (sequence: number) => sequence <= this.#acknowledged }
    this.#outgoing = new OutgoingVehicles(deliveries, tag, new PayloadBuffers(capacity))
    this.#receiver.setMember(member, tag)
  }

  step(input: number): void {
    this.#now += this.#below(120)
    this.#makeValid()
    if (this.#below(8) > 0) this.#damage()
    const payload = this.#payload.subarray(0, this.#length)
    try {
      const receipt = this.#receiver.receive(member, payload, this.#now, this.#now + 40, 0)
      if (receipt.lacksBaseline) this.#outgoing.restart()
      else if (this.#below(3) > 0) this.#acknowledged = this.#sequence
      this.#check()
    } catch (error) {
      throw new FuzzFailure(this.#seed, input, payload, error)
    }
  }

  report(inputs: number): FuzzReport {
    return { inputs, taken: this.#receiver.updatesReceived, dropped: this.#receiver.dropped.snapshot() }
  }

  #makeValid(): void {
    this.#previous.set(this.#payload.subarray(0, Math.min(this.#length, capacity)))
    this.#previousLength = Math.min(this.#length, capacity)
    const ticks = (Math.floor(this.#now * 4) - this.#below(200)) & 0xffffff
    this.#outgoing.begin()
    for (const { index, state } of this.#vehicles) {
      if (index > 0 && this.#below(3) > 0) continue
      this.#drive(state, index)
      quantise(state, this.#codes)
      this.#outgoing.add(index, this.#codes, ticks, Math.floor(this.#now * 4) & 0xffffff)
    }
    const payload = this.#outgoing.finish()
    this.#payload.set(payload)
    this.#length = payload.length
    this.#outgoing.sent(++this.#sequence)
  }

  #drive(state: VehicleState, index: number): void {
    if (this.#below(500) === 0) {
      // Somewhere else entirely, or nowhere.
      const isGone = this.#below(4) === 0
      for (const axis of ['x', 'y', 'z'] as const) state[axis] = isGone ? 0 : this.#within(axis)
      state.trailerCount = this.#below(4)
      state.gear = this.#below(32) - 16
    }
    state.velocityZ = Math.max(
      -64,
      Math.min(64, state.velocityZ + this.#random.next() - 0.5 - state.velocityZ / 100),
    )
    state.z = Math.max(-262_144, Math.min(262_144, state.z + state.velocityZ / 16))
    state.heading = (state.heading + this.#random.next() / 500) % 1
    state.acceleration = this.#random.next() - 0.5
    state.yawRate = this.#random.next() / 10
    state.trailers[0].yaw = this.#random.next() / 50
    state.flags = this.#below(20) === 0 ? this.#below(2 ** 14) : state.flags
    state.throttle = index / 10
  }

  /** Damages the payload in one to three ways. */
  #damage(): void {
    for (let count = 1 + this.#below(3); count > 0; count--) {
      switch (this.#below(9)) {
        case 0:
        case 1:
        case 2:
          this.#flip()
          break
        case 3:
          this.#length = this.#below(this.#length + 1)
          break
        case 4:
          this.#lengthen()
          break
        case 5:
          // Stands on something else than it says.
          this.#payload[3] = this.#below(256)
          break
        case 6:
          this.#splice()
          break
        case 7:
          this.#fill(4 + this.#below(4))
          break
        default:
          this.#length = this.#below(this.#below(6) === 0 ? capacity : 60)
          this.#fill(this.#below(20) === 0 ? 0 : 4)
      }
    }
  }

  #flip(): void {
    const start = this.#below(4) === 0 ? 0 : 4
    for (let count = 1 + this.#below(8); count > 0 && this.#length > start; count--) {
      const place = start + this.#below(this.#length - start)
      this.#payload[place] = (this.#payload[place] ?? 0) ^ (1 << this.#below(8))
    }
  }

  #lengthen(): void {
    const end = Math.min(this.#payload.length, this.#length + 1 + this.#below(12))
    for (; this.#length < end; this.#length++) this.#payload[this.#length] = this.#below(256)
  }

  /** The rest is that of the payload before. */
  #splice(): void {
    const place = 4 + this.#below(12)
    if (place >= this.#previousLength) return
    this.#payload.set(this.#previous.subarray(place, this.#previousLength), place)
    this.#length = this.#previousLength
  }

  /** Fills it with noise, zeros or ones, from `start` on. */
  #fill(start: number): void {
    const kind = this.#below(4)
    for (let place = start; place < this.#length; place++) {
      this.#payload[place] = kind === 0 ? 0 : kind === 1 ? 255 : this.#below(256)
    }
  }

  #check(): void {
    for (const laterMs of [41, 41 + this.#below(3_000)]) {
      const shown = this.#receiver.sampleOne(member, this.#now + laterMs)
      if (shown === undefined) continue
      const { state } = shown
      for (const axis of ['x', 'y', 'z'] as const) expectWithin(state, axis, predictedMetres)
      for (const angle of ['heading', 'pitch', 'roll', 'steering'] as const) expectWithin(state, angle, 0)
      for (const rest of ['velocityX', 'velocityY', 'velocityZ', 'yawRate', 'acceleration'] as const) {
        expectWithin(state, rest, 500)
      }
      for (const { yaw, pitch, roll } of state.trailers) {
        if (!(Math.abs(yaw) <= 0.5 && Math.abs(pitch) <= 0.5 && Math.abs(roll) <= 0.5)) {
          throw new RangeError(`A trailer is shown at yaw ${yaw}, pitch ${pitch}, roll ${roll}.`)
        }
      }
      if (!(shown.opacity >= 0 && shown.opacity <= 1))
        throw new RangeError(`Its opacity is ${shown.opacity}.`)
    }
  }

  #within(axis: 'x' | 'y' | 'z'): number {
    const [least, greatest] = vehicleRanges[axis]
    return least + (greatest - least) * this.#random.next()
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }
}

function expectWithin(state: Readonly<VehicleState>, field: keyof typeof vehicleRanges, slack: number): void {
  const [least, greatest] = vehicleRanges[field]
  const value = state[field]
  // Not with <, which would let NaN pass.
  if (!(value >= least - slack && value <= greatest + slack))
    throw new RangeError(`It is shown with ${field} ${value}.`)
}
