import type { Clock, Counters } from '../../core/index.ts'
import type { RecordMember } from '../../session/index.ts'
import type { Known } from '../codec/index.ts'
import { ClockSlew } from '../clockSlew.ts'
import type { SenderTimes } from '../playout.ts'
import { endFadeMs, trafficIndices, unclaimedMs } from './constants.ts'
import { spawnerOf } from './trafficId.ts'
import type { TrafficAssignment, TrafficClaim } from './trafficMessages.ts'
import { TrafficVehicle } from './trafficVehicle.ts'
import type { TrafficEnd } from './types.ts'

/** A vehicle that a member announced; `vehicle` while the member owns it. */
interface Claim extends TrafficClaim {
  vehicle: TrafficVehicle | undefined
}

/** What another member says of its traffic. */
interface Claimant {
  /** Whether it takes vehicles over. */
  accepts: boolean
  /** By index. */
  readonly claims: (Claim | undefined)[]
  /** From its clock to the local one: a vehicle's updates come by the clocks of one owner after another. */
  readonly offset: ClockSlew
}

/** A claim by somebody else than the owner that this member knows of. */
export interface RivalClaim {
  readonly vehicle: TrafficVehicle
  readonly number: number
}

/**
 * Which vehicles of traffic there are, whose they are, and under which index their updates come. A vehicle is its spawner's
 * until the arbiter gives it to somebody; what anybody else claims changes nothing ([TRF-3], [TRF-20]).
 */
export class TrafficTable {
  readonly #clock: Clock
  readonly #dropped: Counters
  readonly #ended: (vehicle: TrafficVehicle, reason: TrafficEnd) => void
  readonly #vehicles = new Map<number, TrafficVehicle>()
  readonly #claimants = new Map<string, Claimant>()
  readonly #sampled: TrafficVehicle[] = []
  readonly #times: SenderTimes = { sampledAt: 0, sentAt: 0 }

  /** @param ended - told of each vehicle that is no more. */
  constructor(clock: Clock, dropped: Counters, ended: (vehicle: TrafficVehicle, reason: TrafficEnd) => void) {
    this.#clock = clock
    this.#dropped = dropped
    this.#ended = ended
  }

  get vehicles(): IterableIterator<TrafficVehicle> {
    return this.#vehicles.values()
  }

  get isEmpty(): boolean {
    return this.#vehicles.size === 0
  }

  vehicle(id: number): TrafficVehicle | undefined {
    return this.#vehicles.get(id)
  }

  /** The vehicle that `ownerId` owns under this id. */
  owned(id: number, ownerId: string): TrafficVehicle | undefined {
    const vehicle = this.#vehicles.get(id)
    return vehicle?.ownerId === ownerId ? vehicle : undefined
  }

  ownedBy(ownerId: string): TrafficVehicle[] {
    return [...this.#vehicles.values()].filter((vehicle) => vehicle.ownerId === ownerId)
  }

  /** Whether a member takes vehicles over. */
  accepts(memberId: string): boolean {
    return this.#claimants.get(memberId)?.accepts ?? false
  }

  setAccepts(memberId: string, accepts: boolean): void {
    this.#claimantOf(memberId).accepts = accepts
  }

  /** Adds a vehicle that this member owns. */
  add(vehicle: TrafficVehicle): void {
    this.#vehicles.set(vehicle.id, vehicle)
  }

  /** Takes all that a member says it owns, in place of what it said before. */
  list(member: RecordMember, accepts: boolean, claims: readonly TrafficClaim[]): void {
    this.unlink(member.id)
    this.setAccepts(member.id, accepts)
    for (const claim of claims) this.claim(member, claim)
    // Of those that were given to it, it may not have heard yet.
    for (const vehicle of this.ownedBy(member.id)) {
      if (vehicle.index === undefined && vehicle.number === 0) this.#end(vehicle, 'owner')
    }
  }

  /** Takes what a member says it owns. */
  claim(member: RecordMember, claim: TrafficClaim): void {
    const { id, index, number } = claim
    const { claims } = this.#claimantOf(member.id)
    const present = claims[index]
    if (present?.id === id && present.number === number) return
    if (claims.some((each) => each !== undefined && (each.index === index) !== (each.id === id))) {
      return this.#dropped.addFrom(member.id, 'traffic-index-taken')
    }
    const isSpawner = spawnerOf(id) === member.joinedAt
    const vehicle =
      this.#vehicles.get(id) ?? (isSpawner && number === 0 ? this.#found(member, claim) : undefined)
    const isOwner = vehicle?.ownerId === member.id && !vehicle.orphaned
    // It may have been given to it by a word that is still on its way.
    if (!isOwner && (number === 0 || number < (vehicle?.number ?? 0)))
      return this.#dropped.addFrom(member.id, 'traffic-foreign')
    claims[index] = { ...claim, vehicle: isOwner ? vehicle : undefined }
    if (isOwner) vehicle.index = index
  }

  /**
   * Takes the arbiter's word on whose a vehicle is.
   * @returns the vehicle, and who owned it; undefined where the word is not newer than what is known.
   */
  assign(
    assignment: TrafficAssignment,
  ): { vehicle: TrafficVehicle; formerId: string | undefined } | undefined {
    const { id, number, owner, model } = assignment
    let vehicle = this.#vehicles.get(id)
    if (vehicle !== undefined && number <= vehicle.number) return undefined
    const formerId = vehicle?.ownerId
    if (vehicle === undefined) {
      vehicle = new TrafficVehicle(id, model, owner, number, this.#clock.now())
      this.#vehicles.set(id, vehicle)
    }
    this.#unlinkVehicle(vehicle)
    vehicle.ownerId = owner
    vehicle.number = number
    vehicle.orphaned = false
    vehicle.endedAt = Infinity
    vehicle.claimedAt = this.#clock.now()
    const claim = this.#claimants.get(owner)?.claims.find((each) => each?.id === id)
    if (claim !== undefined) {
      claim.vehicle = vehicle
      vehicle.index = claim.index
    }
    return { vehicle, formerId }
  }

  /** Removes what a member says is no more; `isArbiter` where it may say so of any. */
  remove(memberId: string, id: number, isArbiter: boolean): void {
    const vehicle = this.#vehicles.get(id)
    const claims = this.#claimants.get(memberId)?.claims
    const place = claims?.findIndex((each) => each?.id === id) ?? -1
    if (vehicle?.ownerId === memberId && !vehicle.orphaned) this.#end(vehicle, 'owner')
    else if (isArbiter && vehicle !== undefined) this.abandon(vehicle)
    else if (place < 0) this.#dropped.addFrom(memberId, 'traffic-foreign')
    if (place >= 0) claims?.splice(place, 1, undefined)
  }

  /** Removes a vehicle at once. */
  delete(vehicle: TrafficVehicle): void {
    this.#unlinkVehicle(vehicle)
    this.#vehicles.delete(vehicle.id)
  }

  /** Nobody takes the vehicle over: it fades. */
  abandon(vehicle: TrafficVehicle): void {
    if (vehicle.endedAt === Infinity) vehicle.endedAt = this.#clock.now()
  }

  /** Removes everything. */
  clear(reason: TrafficEnd): void {
    for (const vehicle of [...this.#vehicles.values()]) this.#end(vehicle, reason)
    for (const { claims } of this.#claimants.values()) claims.fill(undefined)
  }

  /** The link with a member is gone, and with it what it announced there. Its vehicles wait to be announced again. */
  unlink(memberId: string): void {
    const claimant = this.#claimants.get(memberId)
    if (claimant === undefined) return
    for (const claim of claimant.claims) if (claim?.vehicle !== undefined) this.#unlinkVehicle(claim.vehicle)
    claimant.claims.fill(undefined)
    claimant.offset.reset()
  }

  /** A member left the session. Its vehicles wait for the arbiter. */
  forget(memberId: string): void {
    this.unlink(memberId)
    this.#claimants.delete(memberId)
    for (const vehicle of this.ownedBy(memberId)) vehicle.orphaned = true
  }

  /** Removes what has faded away, and lets fade what nobody announces any more. */
  prune(selfId: string): void {
    const now = this.#clock.now()
    for (const vehicle of [...this.#vehicles.values()]) {
      if (vehicle.ownerId === selfId || vehicle.index !== undefined) vehicle.claimedAt = now
      else if (now - vehicle.claimedAt > unclaimedMs) this.abandon(vehicle)
      if (now - vehicle.endedAt > endFadeMs) this.#end(vehicle, 'abandoned')
    }
  }

  /** Claims that others made by a word that this member does not know of ([TRF-23]). */
  rivals(): RivalClaim[] {
    const rivals: RivalClaim[] = []
    for (const { claims } of this.#claimants.values()) {
      for (const claim of claims) {
        const vehicle = claim === undefined ? undefined : this.#vehicles.get(claim.id)
        if (claim === undefined || vehicle === undefined || claim.vehicle !== undefined) continue
        if (claim.number >= vehicle.number) rivals.push({ vehicle, number: claim.number })
      }
    }
    return rivals
  }

  /** Takes an update; what is not its sender's to tell is dropped and counted. Allocates nothing. */
  receive(
    memberId: string,
    index: number,
    update: Known,
    times: Readonly<SenderTimes>,
    receivedAt: number,
    clockOffset: number | undefined,
  ): void {
    const claimant = this.#claimants.get(memberId)
    const claim = claimant?.claims[index]
    if (claimant === undefined || claim === undefined)
      return this.#dropped.addFrom(memberId, 'traffic-unannounced')
    const { vehicle } = claim
    if (vehicle === undefined) return this.#dropped.addFrom(memberId, 'traffic-not-owner')
    if (!vehicle.within) return this.#dropped.addFrom(memberId, 'traffic-over-limit')
    claimant.offset.observe(clockOffset, times.sentAt, receivedAt)
    const offset = claimant.offset.at(receivedAt)
    this.#times.sampledAt = times.sampledAt + offset
    this.#times.sentAt = times.sentAt + offset
    const verdict = vehicle.playout.receive(update, this.#times, receivedAt, 0)
    if (verdict === 'stale') this.#dropped.addFrom(memberId, 'traffic-stale')
    else if (verdict === 'late') this.#dropped.addFrom(memberId, 'traffic-late')
    else if (verdict === 'future') this.#dropped.addFrom(memberId, 'traffic-future')
  }

  /** Vehicles of others than `selfId` that are shown at `now`. Allocates nothing. */
  sample(selfId: string, now: number): readonly TrafficVehicle[] {
    let count = 0
    for (const vehicle of this.#vehicles.values()) {
      if (vehicle.ownerId !== selfId && vehicle.show(now)) this.#sampled[count++] = vehicle
    }
    this.#sampled.length = count
    return this.#sampled
  }

  /** A vehicle that its spawner announces for the first time. */
  #found(member: RecordMember, { id, model }: TrafficClaim): TrafficVehicle {
    const vehicle = new TrafficVehicle(id, model, member.id, 0, this.#clock.now())
    this.#vehicles.set(id, vehicle)
    return vehicle
  }

  #end(vehicle: TrafficVehicle, reason: TrafficEnd): void {
    this.delete(vehicle)
    this.#ended(vehicle, reason)
  }

  #unlinkVehicle(vehicle: TrafficVehicle): void {
    const claims = this.#claimants.get(vehicle.ownerId)?.claims
    const claim = vehicle.index === undefined ? undefined : claims?.[vehicle.index]
    if (claim?.vehicle === vehicle) claim.vehicle = undefined
    vehicle.index = undefined
  }

  #claimantOf(memberId: string): Claimant {
    let claimant = this.#claimants.get(memberId)
    if (claimant === undefined) {
      claimant = {
        accepts: false,
        claims: Array.from({ length: trafficIndices + 1 }),
        offset: new ClockSlew(),
      }
      this.#claimants.set(memberId, claimant)
    }
    return claimant
  }
}
