import { Counters, type Clock } from '../core/index.ts'
import { emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import { IncomingVehicles, ownVehicleIndex, type Known, type PayloadVerdict } from './codec/index.ts'
import { Playout, type PlayoutVerdict, type SenderTimes } from './playout.ts'
import type { RemoteVehicle, RemoteVehicles } from './remoteVehicles.ts'
import { unwrapSampleTime, wrapSampleTime } from './sampleTime.ts'

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

  /** Fills it with a member's vehicle at `now`; false when there is nothing to show. */
  show(memberId: string, playout: Playout, now: number): boolean {
    if (!playout.sample(now, this.state)) return false
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
  readonly shown: ShownVehicle
  /** Of the incarnation admitted. */
  tag: number
  /** Whether its updates stand on one that isn't known here. */
  lacksBaseline: boolean
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
        shown: new ShownVehicle(),
        tag,
        lacksBaseline: false,
      }
      this.#byMember.set(memberId, track)
      this.#tracks.push(track)
    } else if (known.tag !== tag) {
      known.tag = tag
      known.lacksBaseline = false
      known.incoming.clear()
      known.playout.reset()
    }
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
    this.#track = track
    this.#times.sentAt = sentAt
    this.#receivedAt = receivedAt
    this.#clockOffset = clockOffset
    incoming.forEach(this.#visit)
    if (verdict === 'baseline') track.lacksBaseline = true
    if (verdict === 'taken') track.lacksBaseline = false
    receipt.lacksBaseline = track.lacksBaseline
    receipt.wantsWhole = incoming.wantsWhole
    return receipt
  }

  sample(now: number = this.#clock.now()): readonly RemoteVehicle[] {
    let count = 0
    for (const { memberId, playout, shown } of this.#tracks) {
      if (shown.show(memberId, playout, now)) this.#sampled[count++] = shown
    }
    this.#sampled.length = count
    return this.#sampled
  }

  /**
   * The vehicle of one member at `now`, or undefined when it isn't shown. One object for all calls, which leaves what
   * `sample` handed out alone. Allocates nothing.
   */
  sampleOne(memberId: string, now: number = this.#clock.now()): RemoteVehicle | undefined {
    const playout = this.#byMember.get(memberId)?.playout
    return playout !== undefined && this.#one.show(memberId, playout, now) ? this.#one : undefined
  }

  #take(index: number, update: Known): void {
    const track = this.#track
    if (track === undefined) return
    this.#times.sampledAt = unwrapSampleTime(update.ticks, this.#times.sentAt)
    if (index !== ownVehicleIndex) {
      if (this.trafficHandler === undefined) return this.dropped.addFrom(track.memberId, 'vehicleUnsupported')
      return this.trafficHandler(
        track.memberId,
        index,
        update,
        this.#times,
        this.#receivedAt,
        this.#clockOffset,
      )
    }
    const verdict = track.playout.receive(update, this.#times, this.#receivedAt, this.#clockOffset)
    const drop = dropOfUpdate[verdict]
    if (drop === undefined) this.updatesReceived++
    else this.dropped.addFrom(track.memberId, drop)
  }
}
