import { ConvoyError, type Cancel, type Clock } from '../core/index.ts'
import { emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import {
  defaultUpdateRate,
  hideRepeats,
  maxStampedAgeMs,
  maxUpdateRate,
  minUpdateRate,
  publishSlots,
  slotOrder,
} from './constants.ts'
import { copyVehicleState } from './copyVehicleState.ts'
import { wrapSampleTime } from './sampleTime.ts'
import { validateVehicleState } from './validate.ts'
import { OwnVehicleEncoder } from './vehiclesPayload.ts'

/** Share of a slot by which it may be served early: timers fire a little early on some platforms. */
const earliness = 0.25

/** Where a publisher's payloads go; a link is one. */
export interface StateRecipient {
  /** Sends now or never; false when it was skipped. The payload is valid during the call only. */
  sendState(payload: Uint8Array): boolean
}

/**
 * Told of each sample that is sent to anybody. The state is valid during the call only.
 * @param period - number of the period since the publisher started; the sequence of the update is it modulo 2^16.
 * @param time - when it was sampled, as in an update.
 */
export type PublishObserver = (period: number, time: number, state: Readonly<VehicleState>) => void

/** What {@link VehiclePublisher} takes. */
export interface PublisherOptions {
  clock: Clock
  /** See `incarnationTag`. */
  tag: number
  /** Updates per second to each recipient, 1…30 (default 10). */
  updateRate?: number
}

/**
 * Sends this member's vehicle to every recipient at a fixed cadence: one datagram per recipient and period,
 * recipients spread over the period. docs/protocol/05-vehicle.md [VEH-30] to [VEH-36]. Allocates nothing per update.
 */
export class VehiclePublisher {
  readonly #clock: Clock
  readonly #encoder: OwnVehicleEncoder
  readonly #state: VehicleState = emptyVehicleState()
  readonly #slots: StateRecipient[][] = Array.from({ length: publishSlots }, () => [])
  readonly #slotMs: number
  readonly #startedAt: number
  readonly #stopTimer: Cancel
  #sampledAt = 0
  /** Number of the newest slot served, counted since the start. */
  #lastSlot = 0
  /** Number of the last slot to serve: none before the first vehicle, no end while there is one. */
  #untilSlot = -1
  #closed = false

  /** Datagrams handed to recipients. */
  updatesSent = 0
  /** Datagrams that recipients skipped. */
  updatesSkipped = 0
  /** Who is told of what is sent; this is the hot path, so one at a time. */
  observer: PublishObserver | undefined

  /** @throws ConvoyError `invalid-argument` when the rate is out of range. */
  constructor(options: PublisherOptions) {
    const rate = options.updateRate ?? defaultUpdateRate
    if (!(rate >= minUpdateRate && rate <= maxUpdateRate)) {
      throw new ConvoyError(
        'invalid-argument',
        `updateRate must be ${minUpdateRate} to ${maxUpdateRate} per second.`,
      )
    }
    this.#clock = options.clock
    this.#encoder = new OwnVehicleEncoder(options.tag)
    this.#slotMs = 1000 / rate / publishSlots
    this.#startedAt = this.#clock.now()
    this.#stopTimer = this.#clock.every(this.#slotMs, () => this.#serveDueSlots())
  }

  /**
   * Sets the vehicle: copied now, sent at the next periods with `sampledAt` as its time, so that receivers
   * predict from when it was true and not from when it left. Null hides the vehicle.
   * @param sampledAt - when the state was true, on the publisher's clock, ms; by default, and at the latest, now.
   * @throws ConvoyError `invalid-vehicle` naming the field that is not finite or out of range; `invalid-argument` for
   * a time that is not finite.
   */
  setVehicle(state: VehicleState | null, sampledAt?: number): void {
    if (sampledAt !== undefined && !Number.isFinite(sampledAt)) {
      throw new ConvoyError(
        'invalid-argument',
        'sampledAt must be a finite time on the clock of the publisher.',
      )
    }
    const now = this.#clock.now()
    if (state === null) {
      this.#hide(now)
      return
    }
    validateVehicleState(state)
    copyVehicleState(state, this.#state)
    this.#sampledAt = sampledAt === undefined || sampledAt > now ? now : sampledAt
    this.#untilSlot = Infinity
  }

  /** Goes on as another incarnation: see `incarnationTag`. */
  set tag(tag: number) {
    this.#encoder.tag = tag
  }

  /** Whether a vehicle is set. */
  get active(): boolean {
    return this.#untilSlot === Infinity
  }

  /** Number of the period that goes on, counted since the start: all before it are over. */
  get period(): number {
    return Math.floor(this.#lastSlot / publishSlots)
  }

  /** Adds a recipient, in the slot that has fewest. Adding it again does nothing. */
  add(recipient: StateRecipient): void {
    if (this.#closed || this.#slots.some((slot) => slot.includes(recipient))) return
    let emptiest = slotOrder[0] as number
    for (const slot of slotOrder) {
      if ((this.#slots[slot]?.length ?? 0) < (this.#slots[emptiest]?.length ?? 0)) emptiest = slot
    }
    this.#slots[emptiest]?.push(recipient)
  }

  /** Removes a recipient; nothing goes to it any more. */
  remove(recipient: StateRecipient): void {
    for (const slot of this.#slots) {
      const index = slot.indexOf(recipient)
      if (index >= 0) slot.splice(index, 1)
    }
  }

  /** Stops. Idempotent. */
  close(): void {
    this.#closed = true
    this.#stopTimer()
    for (const slot of this.#slots) slot.length = 0
  }

  #hide(at: number): void {
    if (!this.active) return
    this.#state.x = 0
    this.#state.y = 0
    this.#state.z = 0
    this.#sampledAt = at
    this.#untilSlot = this.#lastSlot + hideRepeats * publishSlots
  }

  /** Serves every slot whose time has come: one on a punctual timer, each at most once after a late one. */
  #serveDueSlots(): void {
    const now = this.#clock.now()
    const newest = Math.floor((now - this.#startedAt) / this.#slotMs + earliness)
    const first = Math.max(this.#lastSlot + 1, newest - publishSlots + 1)
    this.#lastSlot = Math.max(newest, this.#lastSlot)
    for (let slot = first; slot <= Math.min(newest, this.#untilSlot); slot++) this.#serve(slot, now)
  }

  /** Sends to the recipients of slot number `slot`, counted since the start. */
  #serve(slot: number, now: number): void {
    const recipients = this.#slots[slot % publishSlots]
    if (recipients === undefined || recipients.length === 0) return
    // The sequence is the number of the period: the same for all, one more each time for each.
    const sequence = Math.floor(slot / publishSlots)
    const time = wrapSampleTime(Math.max(this.#sampledAt, now - maxStampedAgeMs))
    const payload = this.#encoder.encode(sequence % 0x10000, time, this.#state)
    for (const recipient of recipients) {
      if (recipient.sendState(payload)) this.updatesSent++
      else this.updatesSkipped++
    }
    this.observer?.(sequence, time, this.#state)
  }
}
