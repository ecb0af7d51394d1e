import type { VehicleState } from '../../protocol/index.ts'
import { ownVehicleIndex } from '../codec/index.ts'
import {
  boundStep,
  farBounds,
  farFastestMs,
  farSteadyMs,
  farYieldsBelow,
  middleBounds,
  middleFastestMs,
  middlePerMetre,
  middleSteadyMs,
  middleYieldsBelow,
  nearTrafficSteadyMs,
  nearTrafficYieldsBelow,
  seenPerMetre,
  trafficBounds,
  trafficPerMetre,
  trafficSteadyMs,
  trafficYieldsBelow,
} from './constants.ts'
import { emptyEncounter, readEncounter } from './encounter.ts'
import {
  closeInterest,
  noInterest,
  type Interest,
  type InterestPolicy,
  type InterestTier,
} from './interest.ts'
import { mattersMore, tierOf, trafficTierOf } from './tier.ts'

/** From where recipients look at the road. States handed out are valid until the next call. */
export interface Viewpoints<Recipient> {
  /** Whether the recipient follows this member, or shows it to others. */
  isFollower(recipient: Recipient): boolean
  /** The recipient's own vehicle; undefined while none is known. */
  vehicleOf(recipient: Recipient): Readonly<VehicleState> | undefined
  /** The vehicle of the member that the recipient follows, this one included; undefined while none is known. */
  followedBy(recipient: Recipient): Readonly<VehicleState> | undefined
}

/** Interests of one tier, by bound. */
type Ladder = readonly Interest[]

/** Interests with bounds from `least` to `most` metres, made once so that judging makes no object. */
function ladder(
  base: Omit<Interest, 'boundMetres'>,
  { least, most }: { least: number; most: number },
): Ladder {
  const steps: Interest[] = []
  for (let boundMetres = least; boundMetres < most * boundStep; boundMetres *= boundStep) {
    steps.push(Object.freeze({ ...base, boundMetres: Math.min(most, boundMetres) }))
  }
  return steps
}

/** What of a vehicle has been seen from some place: numbers in an object cost no allocation. */
interface Seen {
  tier: InterestTier
  distance: number
}

/** The step of `steps` with the widest bound up to `perMetre` of the distance, or the first. */
function stepOf(steps: Ladder, { distance }: Readonly<Seen>, perMetre: number): Interest {
  let place = 0
  while (place + 1 < steps.length && (steps[place + 1]?.boundMetres ?? Infinity) <= distance * perMetre)
    place++
  return steps[place] ?? closeInterest
}

/** Whoever is near, ahead or met soon is told of alike. */
const full = (tier: InterestTier): Ladder =>
  ladder({ ...closeInterest, tier }, { least: closeInterest.boundMetres, most: 0.5 })

const middle: Omit<Interest, 'boundMetres'> = {
  tier: 'middle',
  steadyMs: middleSteadyMs,
  fastestMs: middleFastestMs,
  yieldsBelow: middleYieldsBelow,
}

const trucks: Readonly<Record<InterestTier, Ladder>> = {
  followed: full('followed'),
  near: full('near'),
  ahead: full('ahead'),
  closing: full('closing'),
  middle: ladder(middle, middleBounds),
  far: ladder(
    { tier: 'far', steadyMs: farSteadyMs, fastestMs: farFastestMs, yieldsBelow: farYieldsBelow },
    farBounds,
  ),
  unseen: [noInterest],
}

const nearTraffic = ladder(
  { tier: 'near', steadyMs: nearTrafficSteadyMs, fastestMs: 0, yieldsBelow: nearTrafficYieldsBelow },
  trafficBounds,
)
const middleTraffic = ladder(
  { ...middle, steadyMs: trafficSteadyMs, yieldsBelow: trafficYieldsBelow },
  trafficBounds,
)

/** Distance that stands in for one that isn't known, m: of somebody who may look at anything. */
const unknownDistance = 300

/**
 * What matters to whom by where both are and how they move: docs/protocol/05b-interest.md [INT-1] to [INT-6].
 * Makes no object.
 */
export class DistanceInterest<Recipient> implements InterestPolicy<Recipient> {
  readonly #views: Viewpoints<Recipient>
  readonly #encounter = emptyEncounter()
  /** The best that any viewpoint has shown so far. */
  readonly #best: Seen = { tier: 'unseen', distance: 0.5 }

  constructor(views: Viewpoints<Recipient>) {
    this.#views = views
  }

  of(recipient: Recipient, index: number, state: Readonly<VehicleState>, former: Interest): Interest {
    const isTraffic = index !== ownVehicleIndex
    if (!isTraffic && this.#views.isFollower(recipient)) return trucks.followed[0] ?? closeInterest
    const best = this.#best
    best.tier = 'unseen'
    best.distance = Infinity
    this.#look(this.#views.vehicleOf(recipient), state, isTraffic, former)
    this.#look(this.#views.followedBy(recipient), state, isTraffic, former)
    if (best.distance === Infinity) {
      best.tier = 'middle'
      best.distance = unknownDistance
    }
    return isTraffic ? trafficInterest(best) : truckInterest(best)
  }

  #look(
    viewer: Readonly<VehicleState> | undefined,
    state: Readonly<VehicleState>,
    isTraffic: boolean,
    former: Interest,
  ): void {
    if (viewer === undefined) return
    readEncounter(viewer, state, this.#encounter)
    const tier = (isTraffic ? trafficTierOf : tierOf)(this.#encounter, former.tier)
    const best = this.#best
    if (mattersMore(tier, best.tier)) best.tier = tier
    if (this.#encounter.distance < best.distance) best.distance = this.#encounter.distance
  }
}

function truckInterest(seen: Readonly<Seen>): Interest {
  const isDistant = seen.tier === 'middle' || seen.tier === 'far'
  return stepOf(trucks[seen.tier], seen, isDistant ? middlePerMetre : seenPerMetre)
}

function trafficInterest(seen: Readonly<Seen>): Interest {
  if (seen.tier === 'unseen') return noInterest
  return stepOf(seen.tier === 'near' ? nearTraffic : middleTraffic, seen, trafficPerMetre)
}
