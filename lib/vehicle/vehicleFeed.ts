import { emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import type { Deliveries } from '../rtc/index.ts'
import {
  codeOf,
  dequantise,
  OutgoingVehicles,
  ownVehicleIndex,
  readRates,
  type Codes,
  type Known,
  type PayloadBuffers,
} from './codec/index.ts'
import {
  askWholeEveryMs,
  hideEveryMs,
  hideRepeats,
  interestEveryMs,
  parkedEveryMs,
  repeatsAfterSurprise,
  soonShare,
} from './constants.ts'
import { slowestMs } from './interest/constants.ts'
import {
  closeInterest,
  trafficInterest,
  type Interest,
  type InterestPolicy,
  type InterestTier,
} from './interest/interest.ts'
import { underStrain, type SendBudget } from './interest/sendBudget.ts'
import { horizon, noRates, predictToHorizon, type MotionRates } from './prediction.ts'
import type { PublishedVehicle } from './publishedVehicle.ts'
import { wrapSampleTime } from './sampleTime.ts'
import { areApart } from './silhouette.ts'

/** Where a publisher's payloads go; a link is one. */
export interface StateRecipient {
  /** Sends now or never; false when it was skipped. The payload is valid during the call only. */
  sendState(payload: Uint8Array): boolean
  /** What became of the payloads sent. */
  readonly deliveries: Deliveries
}

/** What one recipient was last told of one vehicle. */
class Told {
  /** False before the first time. */
  ever = false
  readonly state: VehicleState = emptyVehicleState()
  readonly rates: MotionRates = { ...noRates }
  sampledAt = 0
  sentAt = -Infinity
  /** Times it is still told at the next tick although its picture is right: what surprised it may have been lost. */
  repeats = 0
  /** Times that it was told that the vehicle is hidden. */
  hides = 0
  interest: Interest
  interestAt = -Infinity

  constructor(index: number) {
    this.interest = index === ownVehicleIndex ? closeInterest : trafficInterest
  }
}

/** What one recipient is told of this member's vehicles, and when: [VEH-30] to [VEH-39]. */
export class VehicleFeed {
  readonly recipient: StateRecipient
  readonly #outgoing: OutgoingVehicles
  readonly #policy: InterestPolicy<StateRecipient> | undefined
  readonly #budget: SendBudget | undefined
  readonly #told: (Told | undefined)[] = []
  // Never emptied, since an array that is filled anew is an allocation.
  readonly #due: PublishedVehicle[] = []
  #dueCount = 0
  readonly #knowns: Known[] = []
  readonly #actual: VehicleState = emptyVehicleState()
  readonly #expected: VehicleState = emptyVehicleState()
  // In an object, since fractions handed from one method to the next may each be an object on the heap.
  readonly #time = { now: 0.5, tickMs: 0.5 }
  readonly #strained = { boundMetres: 0.5 }
  #askedAt = -Infinity
  /** Share of the budget's reserve that is left. */
  #left = 1

  constructor(
    recipient: StateRecipient,
    tag: number,
    buffers: PayloadBuffers,
    policy: InterestPolicy<StateRecipient> | undefined,
    budget: SendBudget | undefined,
  ) {
    this.recipient = recipient
    this.#outgoing = new OutgoingVehicles(recipient.deliveries, tag, buffers)
    this.#policy = policy
    this.#budget = budget
  }

  /** Whether this member lacks a baseline of the recipient's vehicles. */
  set wantsWhole(wants: boolean) {
    this.#outgoing.wantsWhole = wants
  }

  /** The recipient lacks baselines: tells it everything anew. */
  restart(): void {
    this.#outgoing.restart()
    for (const told of this.#told) if (told !== undefined) told.sentAt = -Infinity
  }

  /** Forgets a vehicle that is no more. */
  forget(index: number): void {
    this.#outgoing.forget(index)
    this.#told[index] = undefined
  }

  /**
   * Sends what is due at `now`, a tick being `tickMs`, in ascending order of index.
   * @returns whether it went out; undefined when nothing was due.
   */
  serve(vehicles: readonly PublishedVehicle[], now: number, tickMs: number): boolean | undefined {
    this.#time.now = now
    this.#time.tickMs = tickMs
    this.#left = this.#budget?.left(now, this.#ownTier(vehicles)) ?? 1
    if (!this.#choose(vehicles)) return undefined
    const sentTicks = wrapSampleTime(now)
    this.#outgoing.begin()
    let count = 0
    while (count < this.#dueCount && this.#outgoing.hasRoom) {
      const vehicle = this.#due[count]
      if (vehicle === undefined) break
      vehicle.refresh(now)
      this.#knowns[count++] = this.#outgoing.add(vehicle.index, vehicle.codes, vehicle.ticks, sentTicks)
    }
    const payload = this.#outgoing.finish()
    if (!this.recipient.sendState(payload)) return false
    this.#budget?.spend(payload.length)
    this.#outgoing.sent(this.recipient.deliveries.sentSequence)
    this.#askedAt = now
    for (let place = 0; place < count; place++) this.#note(this.#due[place], this.#knowns[place])
    return true
  }

  /** Fills `#due`. @returns whether there is a reason to send. */
  #choose(vehicles: readonly PublishedVehicle[]): boolean {
    const { now } = this.#time
    this.#dueCount = 0
    let reason = this.#outgoing.wantsWhole && now - this.#askedAt >= askWholeEveryMs
    for (const vehicle of vehicles) {
      const told = (this.#told[vehicle.index] ??= new Told(vehicle.index))
      const urgency = this.#urgency(vehicle, told)
      if (urgency === 'none') continue
      this.#due[this.#dueCount++] = vehicle
      if (urgency === 'now') reason = true
    }
    return reason
  }

  /** Whether `vehicle` has to be told now, may as well be told if anything is, or need not be. */
  #urgency(vehicle: PublishedVehicle, told: Told): 'now' | 'soon' | 'none' {
    const { now, tickMs } = this.#time
    // Timers fire a little early or late: half a tick belongs to the tick it is nearest to.
    const gap = now - told.sentAt + tickMs / 2
    if (!vehicle.visible) {
      // What a recipient never saw needs no hiding from it.
      return told.ever && told.hides < hideRepeats && gap >= hideEveryMs ? 'now' : 'none'
    }
    this.#weigh(vehicle, told)
    const { tier, boundMetres, steadyMs, fastestMs, yieldsBelow } = told.interest
    if (tier === 'unseen') return 'none'
    const parked = vehicle.isParked && told.state.velocityZ === 0
    const steady = parked ? Math.max(steadyMs, parkedEveryMs) : steadyMs
    const slowest = Math.max(steady, slowestMs)
    // Also the first time, and where the recipient has to be told anew.
    if (gap >= slowest) return 'now'
    if (this.#left <= 0 || gap < fastestMs || gap < tickMs) return 'none'
    if (switched(vehicle.codes, told.state)) return 'now'
    const strain = underStrain(this.#left, yieldsBelow)
    vehicle.at(this.#time, this.#actual)
    horizon.seconds = (now - told.sampledAt) / 1_000
    predictToHorizon(told.state, this.#expected, told.rates)
    this.#strained.boundMetres = boundMetres * strain
    if (areApart(this.#actual, this.#expected, this.#strained)) {
      told.repeats = repeatsAfterSurprise + 1
      return 'now'
    }
    if (told.repeats > 0) return 'now'
    const rest = Math.min(slowest, steady * strain)
    if (gap >= rest) return 'now'
    return gap >= rest * soonShare ? 'soon' : 'none'
  }

  #weigh(vehicle: PublishedVehicle, told: Told): void {
    const { now } = this.#time
    if (this.#policy === undefined || now - told.interestAt < interestEveryMs) return
    vehicle.at(this.#time, this.#actual)
    told.interest = this.#policy.of(this.recipient, vehicle.index, this.#actual, told.interest)
    told.interestAt = now
  }

  /** How this member's own vehicle matters to the recipient; undefined while it has none. */
  #ownTier(vehicles: readonly PublishedVehicle[]): InterestTier | undefined {
    return vehicles[0]?.visible === true ? this.#told[ownVehicleIndex]?.interest.tier : undefined
  }

  #note(vehicle: PublishedVehicle | undefined, known: Known | undefined): void {
    const told = this.#told[vehicle?.index ?? -1]
    if (vehicle === undefined || known === undefined || told === undefined) return
    if (told.repeats > 0) told.repeats--
    told.hides = vehicle.visible ? 0 : told.hides + 1
    told.ever = true
    vehicle.noteSent()
    told.sampledAt = vehicle.sampledAt
    told.sentAt = this.#time.now
    dequantise(known.codes, told.state)
    readRates(known, told.rates)
  }
}

/** Whether something changed that others see at once: lights, horn, trailers. */
function switched(codes: Codes, told: Readonly<VehicleState>): boolean {
  return codes[codeOf.flags] !== told.flags || codes[codeOf.trailerCount] !== told.trailerCount
}
