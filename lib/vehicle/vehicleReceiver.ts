import { Counters, type Clock } from '../core/index.ts'
import { emptyVehicleState, vehicleFlags, type VehicleState } from '../protocol/index.ts'
import { IncomingVehicles, ownVehicleIndex, type Known, type PayloadVerdict } from './codec/index.ts'
import { maxDelayMs } from './constants.ts'
import { Playout, type PlayoutVerdict, type SenderTimes } from './playout.ts'
import type { RemoteVehicle, RemoteVehicles } from './remoteVehicles.ts'
import { unwrapSampleTime, wrapSampleTime } from './sampleTime.ts'
import { SenderTimeline } from './senderTimeline.ts'

/** Why an update was dropped on arrival. */
export type VehicleDrop =
  /** Cut short, too long, or with codes that no sender writes. */
  | 'vehicleMalformed'
  /** Told against an update that isn't known here: whole ones are asked for. */
  | 'vehicleBaselineMissing'
  /** From somebody who isn't a member, or no longer. */
  | 'vehicleUnknownMember'
  /** From another process of the member than the one admitted. */
  | 'vehicleForeignIncarnation'
  /** Older than what is known: reordered. */
  | 'vehicleStale'
  /** Too long under way. */
  | 'vehicleLate'
  /** Claims to have been sampled in the future. */
  | 'vehicleFuture'
  /** Of a vehicle other than the member's own, where nobody takes those. */
  | 'vehicleUnsupported'

const dropOfPayload: Readonly<Partial<Record<PayloadVerdict, VehicleDrop>>> = {
  malformed: 'vehicleMalformed',
  foreign: 'vehicleForeignIncarnation',
  baseline: 'vehicleBaselineMissing',
}

const dropOfUpdate: Readonly<Partial<Record<PlayoutVerdict, VehicleDrop>>> = {
  stale: 'vehicleStale',
  late: 'vehicleLate',
  future: 'vehicleFuture',
}

/** What follows from a payload for the payloads that go the other way. Reused: read it at once. */
export interface Receipt {
  /** Whether a baseline is lacking here, so that its sender has to be asked for whole updates. */
  readonly lacksBaseline: boolean
  /** Whether its sender asks for whole updates. */
  readonly wantsWhole: boolean
}

/**
 * Takes an update of a vehicle other than the one that the member drives. Update and times are valid during the call only.
 * @param times - when it was sampled and sent, on the sender's clock, ms.
 */
export type TrafficHandler = (
  memberId: string,
  index: number,
  update: Known,
  times: Readonly<SenderTimes>,
  receivedAt: number,
  clockOffset: number | undefined,
) => void

/** What `sample` hands out, filled anew each time. */
class ShownVehicle implements RemoteVehicle {
  readonly state: VehicleState = emptyVehicleState()
  memberId = ''
  ageMs = 0
  opacity = 0
  ghost = false

  /** Fills it with a member's vehicle at `now`; false when there is nothing to show. */
  show({ memberId, playout, ghost }: Track, ghostFlags: number, now: number): boolean {
    if (!playout.sample(now, this.state)) return false
    this.ghost = ghost || (this.state.flags & ghostFlags) !== 0
    if (this.ghost) this.state.flags |= vehicleFlags.ghost
    this.memberId = memberId
    this.ageMs = playout.ageMs(now)
    this.opacity = playout.opacity(now)
    return true
  }
}

/** One member's vehicle. */
interface Track {
  readonly memberId: string
  readonly incoming: IncomingVehicles
  readonly playout: Playout
  readonly timeline: SenderTimeline
  readonly shown: ShownVehicle
  /** Of the incarnation admitted. */
  tag: number
  /** Whether its updates stand on one that isn't known here. */
  lacksBaseline: boolean
  /** Id of the member through which the newest update came; undefined where it came on the member's own link. */
  via: string | undefined
  /** Whether it is one whatever its driver says. */
  ghost: boolean
  /** Since when updates are behind one that came through somebody else, local ms; Infinity while they are not. */
  overtakenSince: number
}

/**
 * Told of each update that was taken on a member's own link. Update and times are valid during the call only.
 * @param times - when it was sampled, and when it arrived, on the local clock, ms.
 */
export type VehicleObserver = (memberId: string, update: Known, times: Readonly<ObservedTimes>) => void

/** When an update that came on its member's own link was sampled and received; on the local clock, ms. */
export interface ObservedTimes {
  sampledAt: number
  receivedAt: number
}

/**
 * Told of each update of a vehicle that a member drives that was taken, whichever way it came. Update and times are valid
 * during the call only.
 */
export type VehicleRecorder = (
  memberId: string,
  update: Known,
  times: Readonly<Omit<ForwardedTimes, 'sentAt'>>,
  isForwarded: boolean,
) => void

/** When an update that came through another member was sampled, sent on and received; all on the local clock, ms. */
export interface ForwardedTimes {
  sampledAt: number
  sentAt: number
  receivedAt: number
}

/**
 * Takes the state payloads of all members and gives their vehicles at frame time. Bad input is dropped and
 * counted. Neither `receive` nor `sample` allocates.
 * @example
 * ```ts
 * const vehicles = new VehicleReceiver(clock)
 * vehicles.setMember(member.id, incarnationTag(incarnation))
 * link.onState((payload, sentAt, receivedAt) =>
 *   vehicles.receive(member.id, payload, sentAt, receivedAt, link.clockOffset),
 * )
 * for (const vehicle of vehicles.sample()) draw(vehicle.memberId, vehicle.state, vehicle.opacity)
 * ```
 */
export class VehicleReceiver implements RemoteVehicles {
  readonly #clock: Clock
  readonly #byMember = new Map<string, Track>()
  readonly #tracks: Track[] = []
  readonly #sampled: ShownVehicle[] = []
  readonly #one = new ShownVehicle()
  readonly #times: SenderTimes = { sampledAt: 0, sentAt: 0 }
  // An object, since a sum handed to a function may cost an allocation.
  readonly #observed: ObservedTimes = { sampledAt: 0, receivedAt: 0 }
  readonly #recorded = { sampledAt: 0, receivedAt: 0 }
  // What `receive` hands to the visitor, which is made once so that no update makes a closure.
  #track: Track | undefined
  #receivedAt = 0
  readonly #receipt = { lacksBaseline: false, wantsWhole: false }
  #clockOffset: number | undefined
  readonly #visit = (index: number, update: Known): void => this.#take(index, update)

  /** Who takes the updates of traffic; one at a time, since this is the hot path. */
  trafficHandler: TrafficHandler | undefined
  /** What was refused, by reason. */
  readonly dropped = new Counters<VehicleDrop>()
  /** Updates that were taken. */
  updatesReceived = 0
  /** Who is told of updates; this is the hot path, so one at a time. */
  observer: VehicleObserver | undefined
  /** Who keeps them, as evidence. */
  recorder: VehicleRecorder | undefined
  /** Flags that make a vehicle a ghost. */
  #ghostFlags: number = vehicleFlags.ghost

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Lets `memberId` in with the incarnation that was admitted. Another tag than before means another process:
   * nothing of the former one counts any more.
   */
  setMember(memberId: string, tag: number): void {
    const known = this.#byMember.get(memberId)
    if (known === undefined) {
      const track = {
        memberId,
        incoming: new IncomingVehicles(),
        playout: new Playout(),
        timeline: new SenderTimeline(),
        shown: new ShownVehicle(),
        tag,
        lacksBaseline: false,
        via: undefined,
        ghost: false,
        overtakenSince: Infinity,
      }
      this.#byMember.set(memberId, track)
      this.#tracks.push(track)
    } else if (known.tag !== tag) {
      known.tag = tag
      known.lacksBaseline = false
      known.incoming.clear()
      known.playout.reset()
      known.timeline.reset()
      known.via = undefined
    }
  }

  /** Shows a member's vehicle as a ghost whatever it says itself, or no longer. */
  setGhost(memberId: string, ghost: boolean): void {
    const track = this.#byMember.get(memberId)
    if (track !== undefined) track.ghost = ghost
  }

  /** Whether vehicles of paused games are ghosts, whatever they say themselves. */
  set pausedAreGhosts(are: boolean) {
    this.#ghostFlags = vehicleFlags.ghost | (are ? vehicleFlags.paused : 0)
  }

  /** Whether `memberId` has told of its vehicle, be it that it has none to show. */
  hasHeard(memberId: string): boolean {
    return this.#byMember.get(memberId)?.playout.hasHeard ?? false
  }

  /** Removes a member and its vehicle at once. */
  removeMember(memberId: string): void {
    const track = this.#byMember.get(memberId)
    if (track === undefined) return
    this.#byMember.delete(memberId)
    this.#tracks.splice(this.#tracks.indexOf(track), 1)
    this.dropped.forget(memberId)
  }

  /**
   * Takes a state payload that arrived on the link of `memberId`. Never throws.
   * @param sentAt - when it was sent, on the sender's clock, ms; congruent to that clock modulo 2^22 ms.
   * @param receivedAt - when it arrived, on the local clock, ms.
   * @param clockOffset - the link's clock offset, ms; undefined while unknown.
   * @returns what the publisher has to know of it.
   */
  receive(
    memberId: string,
    payload: Uint8Array,
    sentAt: number,
    receivedAt: number,
    clockOffset: number | undefined,
  ): Receipt {
    const receipt = this.#receipt
    receipt.lacksBaseline = false
    receipt.wantsWhole = false
    const track = this.#byMember.get(memberId)
    if (track === undefined) {
      this.dropped.add('vehicleUnknownMember')
      return receipt
    }
    const { incoming } = track
    const verdict = incoming.open(payload, track.tag & 0xffff, wrapSampleTime(sentAt))
    const drop = dropOfPayload[verdict]
    if (drop !== undefined) this.dropped.addFrom(memberId, drop)
    // Only what the member wrote tells of its clock.
    const shift = verdict === 'taken' ? track.timeline.shiftFor(sentAt, receivedAt) : 0
    this.#track = track
    this.#times.sentAt = sentAt + shift
    this.#receivedAt = receivedAt
    this.#clockOffset = clockOffset === undefined ? undefined : clockOffset - shift
    incoming.forEach(this.#visit)
    if (verdict === 'baseline') track.lacksBaseline = true
    if (verdict === 'taken') track.lacksBaseline = false
    receipt.lacksBaseline = track.lacksBaseline
    receipt.wantsWhole = incoming.wantsWhole
    return receipt
  }

  /**
   * Takes an update of `memberId` that came through the member `via` ([FWD-8]). Never throws.
   * @returns whether it was taken; else it was counted.
   */
  receiveForwarded(
    memberId: string,
    via: string,
    update: Known,
    { sampledAt, sentAt, receivedAt }: Readonly<ForwardedTimes>,
  ): boolean {
    const track = this.#byMember.get(memberId)
    if (track === undefined) {
      this.dropped.add('vehicleUnknownMember')
      return false
    }
    // Playout counts on the clock of the driver, so that the next update on its own link fits in.
    const times = this.#times
    times.sampledAt = track.timeline.place(update.ticks, sampledAt)
    const offset = sampledAt - times.sampledAt
    times.sentAt = sentAt - offset
    return this.#offer(track, via, update, receivedAt, offset)
  }

  /** Takes any update of `memberId` next: the newest one turned out to be forged. */
  forgetOrder(memberId: string): void {
    this.#byMember.get(memberId)?.playout.forgetOrder()
  }

  sample(now: number = this.#clock.now()): readonly RemoteVehicle[] {
    let count = 0
    for (const track of this.#tracks) {
      if (track.shown.show(track, this.#ghostFlags, now)) this.#sampled[count++] = track.shown
    }
    this.#sampled.length = count
    return this.#sampled
  }

  /**
   * The vehicle of one member at `now`, or undefined when it isn't shown. One object for all calls, which leaves what
   * `sample` handed out alone. Allocates nothing.
   */
  sampleOne(memberId: string, now: number = this.#clock.now()): RemoteVehicle | undefined {
    const track = this.#byMember.get(memberId)
    return track !== undefined && this.#one.show(track, this.#ghostFlags, now) ? this.#one : undefined
  }

  #take(index: number, update: Known): void {
    const track = this.#track
    if (track === undefined) return
    const times = this.#times
    times.sampledAt = unwrapSampleTime(update.ticks, times.sentAt)
    if (index !== ownVehicleIndex) {
      if (this.trafficHandler === undefined) return this.dropped.addFrom(track.memberId, 'vehicleUnsupported')
      return this.trafficHandler(track.memberId, index, update, times, this.#receivedAt, this.#clockOffset)
    }
    if (!this.#offer(track, undefined, update, this.#receivedAt, this.#clockOffset)) return
    // Until the offset is known, it is taken to have come in no time.
    const offset = this.#clockOffset ?? this.#receivedAt - times.sentAt
    this.#observed.sampledAt = times.sampledAt + offset
    this.#observed.receivedAt = this.#receivedAt
    this.observer?.(track.memberId, update, this.#observed)
  }

  /** Hands an update over to playout. @returns whether it was taken; else it was counted. */
  #offer(
    track: Track,
    via: string | undefined,
    update: Known,
    receivedAt: number,
    clockOffset: number | undefined,
  ): boolean {
    let verdict = track.playout.receive(update, this.#times, receivedAt, clockOffset)
    if (verdict === 'stale' && this.#isOvertaken(track, via, receivedAt)) {
      track.playout.forgetOrder()
      verdict = track.playout.receive(update, this.#times, receivedAt, clockOffset)
    }
    const drop = dropOfUpdate[verdict]
    if (drop !== undefined) {
      // Who brought it answers for it.
      this.dropped.addFrom(via ?? track.memberId, drop)
      return false
    }
    this.updatesReceived++
    track.via = via
    track.overtakenSince = Infinity
    this.#record(track, update, receivedAt, clockOffset)
    return true
  }

  #record(track: Track, update: Known, receivedAt: number, clockOffset: number | undefined): void {
    if (this.recorder === undefined) return
    const { sampledAt, sentAt } = this.#times
    this.#recorded.sampledAt = sampledAt + (clockOffset ?? receivedAt - sentAt)
    this.#recorded.receivedAt = receivedAt
    this.recorder(track.memberId, update, this.#recorded, track.via !== undefined)
  }

  /**
   * Whether the time of an update that came through somebody else was made up ([FWD-8]): it lies ahead of the present, or has
   * kept others out for longer than one that only came a little faster could.
   */
  #isOvertaken(track: Track, via: string | undefined, receivedAt: number): boolean {
    if (track.via === undefined || track.via === via) return false
    // What was sent longer ago would have been too late.
    if (track.playout.newestSampledAt > this.#times.sentAt + maxDelayMs) return true
    track.overtakenSince = Math.min(track.overtakenSince, receivedAt)
    return receivedAt - track.overtakenSince > maxDelayMs
  }
}
