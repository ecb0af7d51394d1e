import { ConvoyError, type Cancel, type Clock } from '../core/index.ts'
import type { VehicleState } from '../protocol/index.ts'
import { statePayloadBytes } from '../rtc/index.ts'
import { ownVehicleIndex, PayloadBuffers, vehicleIndices } from './codec/index.ts'
import { defaultUpdateRate, maxUpdateRate, minUpdateRate, publishSlots, slotOrder } from './constants.ts'
import type { InterestPolicy } from './interest/interest.ts'
import type { SendBudget } from './interest/sendBudget.ts'
import { PublishedVehicle, type SentSample } from './publishedVehicle.ts'
import { VehicleFeed, type StateRecipient } from './vehicleFeed.ts'
import type { Receipt } from './vehicleReceiver.ts'

/** Share of a slot by which it may be served early: timers fire a little early on some platforms. */
const earliness = 0.25

/**
 * Told of the member's own vehicle each time that it is sent to anybody, once for all who are served at that moment.
 * The sample is valid during the call only: an object, since a number handed over may cost an allocation.
 */
export type PublishObserver = (sample: Readonly<SentSample>) => void

/** The same, once for each recipient. */
export type RecipientObserver = (recipient: StateRecipient, sample: Readonly<SentSample>) => void

/** What {@link VehiclePublisher} takes. */
export interface PublisherOptions {
  clock: Clock
  /** See `incarnationTag`. */
  tag: number
  /** Ticks per second, 1…30 (default 20): the most updates that a recipient gets. */
  updateRate?: number
  /** What matters to whom (default: everything, closely). */
  interest?: InterestPolicy<StateRecipient>
}

/**
 * Sends this member's vehicles to every recipient: at most one datagram per recipient and tick, when the recipient's
 * picture of a vehicle is about to be wrong, and a few times a second in any case; recipients spread over the
 * tick. docs/protocol/05-vehicle.md [VEH-30] to [VEH-39]. Allocates nothing per update.
 */
export class VehiclePublisher {
  readonly #clock: Clock
  readonly #options: PublisherOptions
  readonly #buffers = new PayloadBuffers(statePayloadBytes)
  readonly #own = new PublishedVehicle(ownVehicleIndex)
  /** By index. */
  readonly #vehicles: PublishedVehicle[] = [this.#own]
  readonly #feeds = new Map<StateRecipient, VehicleFeed>()
  readonly #slots: VehicleFeed[][] = Array.from({ length: publishSlots }, () => [])
  readonly #tickMs: number
  readonly #slotMs: number
  readonly #startedAt: number
  readonly #stopTimer: Cancel
  /** Number of the newest slot served, counted since the start. */
  #lastSlot = 0
  #tag: number
  #closed = false

  /** Datagrams handed to recipients. */
  updatesSent = 0
  /** Datagrams that recipients skipped. */
  updatesSkipped = 0
  /** Who is told of what is sent of the own vehicle; this is the hot path, so one at a time. */
  observer: PublishObserver | undefined
  /** Who is told of it for each recipient that it is sent to. */
  recipientObserver: RecipientObserver | undefined

  /** @throws ConvoyError `invalid-argument` when the rate is out of range. */
  constructor(options: PublisherOptions) {
    const rate = options.updateRate ?? defaultUpdateRate
    if (!(rate >= minUpdateRate && rate <= maxUpdateRate)) {
      throw new ConvoyError(
        'invalid-argument',
        `updateRate must be ${minUpdateRate} to ${maxUpdateRate} per second.`,
      )
    }
    this.#options = options
    this.#tag = options.tag & 0xffff
    this.#clock = options.clock
    this.#tickMs = 1000 / rate
    this.#slotMs = this.#tickMs / publishSlots
    this.#startedAt = this.#clock.now()
    this.#stopTimer = this.#clock.every(this.#slotMs, () => this.#serveDueSlots())
  }

  /**
   * Sets the vehicle that this member drives: copied now, sent when it is due with `sampledAt` as its time, so that receivers
   * predict from when it was true and not from when it left. Null hides the vehicle.
   * @param sampledAt - when the state was true, on the publisher's clock, ms; by default, and at the latest, now.
   * @throws ConvoyError `invalid-vehicle` naming the field that is not finite or out of range; `invalid-argument` for
   * a time that is not finite.
   */
  setVehicle(state: VehicleState | null, sampledAt?: number): void {
    this.#set(this.#own, state, sampledAt)
  }

  /**
   * Sets another vehicle of this member's, under an `index` of 1…127; null takes it away.
   * @throws as {@link VehiclePublisher.setVehicle}.
   */
  setTraffic(index: number, state: Readonly<VehicleState> | null, sampledAt?: number): void {
    if (!(Number.isInteger(index) && index > ownVehicleIndex && index < vehicleIndices)) {
      throw new ConvoyError('invalid-argument', `An index of traffic is 1 to ${vehicleIndices - 1}.`)
    }
    let vehicle = this.#vehicles.find((each) => each.index === index)
    if (vehicle === undefined) {
      if (state === null) return
      vehicle = new PublishedVehicle(index)
      this.#vehicles.push(vehicle)
      this.#vehicles.sort((a, b) => a.index - b.index)
    }
    this.#set(vehicle, state, sampledAt)
  }

  /** Goes on as another incarnation, whose links are added from now on: see `incarnationTag`. */
  set tag(tag: number) {
    this.#tag = tag & 0xffff
  }

  /** Forgets the vehicle under `index`; that it is gone is told some other way. */
  forgetTraffic(index: number): void {
    const place = this.#vehicles.findIndex((vehicle) => vehicle.index === index)
    if (index === ownVehicleIndex || place < 0) return
    this.#vehicles.splice(place, 1)
    for (const feed of this.#feeds.values()) feed.forget(index)
  }

  /** Publishes the vehicle that this member drives as a ghost whatever its states say, or no longer. */
  set ghost(ghost: boolean) {
    this.#own.setGhost(ghost, this.#clock.now())
  }

  /** Whether the member drives. */
  get active(): boolean {
    return this.#own.visible
  }

  /**
   * Adds a recipient, in the slot that has fewest. Adding it again does nothing.
   * @param budget - what it may be sent (default: whatever is due).
   */
  add(recipient: StateRecipient, budget?: SendBudget): void {
    if (this.#closed || this.#feeds.has(recipient)) return
    let emptiest = slotOrder[0] as number
    for (const slot of slotOrder) {
      if ((this.#slots[slot]?.length ?? 0) < (this.#slots[emptiest]?.length ?? 0)) emptiest = slot
    }
    const feed = new VehicleFeed(recipient, this.#tag, this.#buffers, this.#options.interest, budget)
    this.#feeds.set(recipient, feed)
    this.#slots[emptiest]?.push(feed)
  }

  /** Removes a recipient; nothing goes to it any more. */
  remove(recipient: StateRecipient): void {
    const feed = this.#feeds.get(recipient)
    if (feed === undefined) return
    this.#feeds.delete(recipient)
    for (const slot of this.#slots) {
      const index = slot.indexOf(feed)
      if (index >= 0) slot.splice(index, 1)
    }
  }

  /**
   * Takes what a payload of `recipient` said of baselines: asks it for whole updates as long as this side lacks one, and tells
   * it everything anew where it lacks one itself.
   */
  heard(recipient: StateRecipient, { lacksBaseline, wantsWhole }: Receipt): void {
    const feed = this.#feeds.get(recipient)
    if (feed === undefined) return
    feed.wantsWhole = lacksBaseline
    if (wantsWhole) feed.restart()
  }

  /** Stops. Idempotent. */
  close(): void {
    this.#closed = true
    this.#stopTimer()
    this.#feeds.clear()
    for (const slot of this.#slots) slot.length = 0
  }

  #set(vehicle: PublishedVehicle, state: Readonly<VehicleState> | null, sampledAt: number | undefined): void {
    if (sampledAt !== undefined && !Number.isFinite(sampledAt)) {
      throw new ConvoyError(
        'invalid-argument',
        'sampledAt must be a finite time on the clock of the publisher.',
      )
    }
    const now = this.#clock.now()
    if (state !== null) vehicle.set(state, sampledAt === undefined || sampledAt > now ? now : sampledAt)
    else if (vehicle.visible) vehicle.hide(now)
  }

  /** Serves every slot whose time has come: one on a punctual timer, each at most once after a late one. */
  #serveDueSlots(): void {
    const now = this.#clock.now()
    const newest = Math.floor((now - this.#startedAt) / this.#slotMs + earliness)
    const first = Math.max(this.#lastSlot + 1, newest - publishSlots + 1)
    this.#lastSlot = Math.max(newest, this.#lastSlot)
    for (let slot = first; slot <= newest; slot++) this.#serve(slot, now)
  }

  #serve(slot: number, now: number): void {
    const feeds = this.#slots[slot % publishSlots]
    if (feeds === undefined) return
    const { timesSent } = this.#own
    for (const feed of feeds) {
      const before = this.#own.timesSent
      const sent = feed.serve(this.#vehicles, now, this.#tickMs)
      if (this.#own.timesSent !== before) this.recipientObserver?.(feed.recipient, this.#own)
      if (sent === true) this.updatesSent++
      else if (sent === false) this.updatesSkipped++
    }
    if (this.#own.timesSent !== timesSent) this.observer?.(this.#own)
  }
}
