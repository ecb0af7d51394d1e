import { seededRandom } from '../../lib/core/index.ts'
import { CourseRecorder, type Course } from './course.ts'
import { cruising, manoeuvring, start } from './courses.ts'
import { drive, followSpeed } from './driver.ts'
import { hillsOf } from './hills.ts'
import { Manoeuvres } from './manoeuvres.ts'
import { stepSeconds, Truck, type SlopeAt } from './truck.ts'

/** m/s that all are at when it begins. */
const startSpeed = { cruise: 20, manoeuvring: 12 }

/** Metres of a truck with its trailer, and what stays free between two that stand. */
const truckLength = 16.5
const standingGap = 4

/**
 * How a driver follows: seconds behind the one in front, seconds of looking before reacting, m/s² of pulling and of
 * comfortable braking. (Intelligent driver model; Treiber, Hennecke and Helbing, 2000.)
 */
const headway = 1.6
const reaction = 0.4
const pull = 1.3
const comfort = 1.8
const hardest = 7.5
const followingJerk = 8

/** Sideways acceleration that bends are taken with, m/s², and deceleration ahead of them. */
const sideways = 2.2
const brakeForBends = 1.4

/** m/s: what nobody goes beyond, and what a bend never asks less than. */
const fastest = 24
const slowest = 3

/** Steps between two entries of what is remembered of the truck in front: 10 ms. */
const memoryStep = 10

/** From one truck passing a place to the next one, s: headway, and its own length at the slower of both starts. */
export const secondsBetween = 3.5

/**
 * A convoy of trucks on one road, the first course being that of the leader: each follower sees the one in front, with
 * a driver's delay, and takes the same bends. It begins rolling, on a straight that the last truck leaves after some
 * {@link secondsBetween} for each one ahead of it.
 * @param seconds - how much of it is needed.
 */
export function convoyOf(
  trucks: number,
  kind: 'cruise' | 'manoeuvring',
  seed: number,
  seconds: number,
): Course[] {
  const of = new Manoeuvres(seededRandom(seed))
  const script = kind === 'cruise' ? cruising(of) : manoeuvring(of, false)
  const slopeAt = hillsOf(seededRandom(seed + 1_000))
  const speed = startSpeed[kind]
  const leader = new WatchedTruck(start, slopeAt, speed)
  const courses = [drive(`${kind} 1`, leader, script, seconds)]
  const limits = new SpeedLimits(leader)
  let ahead = leader
  for (let number = 2; number <= trucks; number++) {
    const truck = new WatchedTruck(placeBehind(number - 1, speed), slopeAt, speed)
    courses.push(follow(`${kind} ${number}`, truck, ahead, leader, limits, seconds))
    ahead = truck
  }
  return courses
}

/** A truck that remembers where it was, how fast, and how it steered. */
class WatchedTruck extends Truck {
  readonly odometers: number[] = []
  readonly speeds: number[] = []
  readonly curvatures: number[] = []
  #steps = 0

  constructor(at: ConstructorParameters<typeof Truck>[0], slopeAt: SlopeAt, speed: number) {
    super(at, 1, slopeAt)
    this.speed = speed
  }

  override step(acceleration: number, curvature: number): void {
    super.step(acceleration, curvature)
    if (this.#steps++ % memoryStep !== 0) return
    this.odometers.push(this.odometer)
    this.speeds.push(this.speed)
    this.curvatures.push(this.curvature)
  }
}

/** How fast each metre of the leader's road may be driven, and how the road bends there. */
class SpeedLimits {
  readonly #limits: number[] = []
  readonly #curvatures: number[] = []

  constructor({ odometers, curvatures }: WatchedTruck) {
    let index = 0
    for (let metre = 0; metre <= (odometers.at(-1) ?? 0); metre++) {
      while ((odometers[index] ?? Infinity) < metre) index++
      this.#curvatures.push(curvatures[index] ?? 0)
      const bearable = Math.sqrt(sideways / (Math.abs(curvatures[index] ?? 0) + 1e-6))
      this.#limits.push(Math.min(fastest, Math.max(slowest, bearable)))
    }
    for (let metre = this.#limits.length - 2; metre >= 0; metre--) {
      const next = this.#limits[metre + 1] ?? fastest
      const approach = Math.sqrt(next * next + 2 * brakeForBends)
      this.#limits[metre] = Math.min(this.#limits[metre] ?? fastest, approach)
    }
  }

  at(metres: number): number {
    return metres < 0 ? fastest : between(this.#limits, metres)
  }

  curvatureAt(metres: number): number {
    return metres < 0 ? 0 : between(this.#curvatures, metres)
  }
}

function follow(
  name: string,
  truck: WatchedTruck,
  ahead: WatchedTruck,
  leader: WatchedTruck,
  limits: SpeedLimits,
  seconds: number,
): Course {
  const recorder = new CourseRecorder(truck)
  const steps = Math.min(Math.ceil(seconds / stepSeconds), (leader.speeds.length - 1) * memoryStep)
  for (let step = 0; step < steps; step++) {
    const seenAt = Math.max(0, step - reaction / stepSeconds) / memoryStep
    const gap = between(ahead.odometers, seenAt) - truck.odometer - truckLength
    const wish = wishFor(truck.speed, gap, between(ahead.speeds, seenAt), limits.at(truck.odometer))
    if (wish <= 0 && truck.speed < 0.05) truck.halt()
    const acceleration = truck.speed === 0 && wish <= 0.05 ? 0 : towards(truck, wish)
    recorder.step(acceleration, limits.curvatureAt(truck.odometer))
  }
  return recorder.finish(name)
}

/** The model's acceleration, m/s². */
function wishFor(speed: number, gap: number, speedAhead: number, limit: number): number {
  const closing = (speed * (speed - speedAhead)) / (2 * Math.sqrt(pull * comfort))
  const wanted = standingGap + Math.max(0, speed * headway + closing)
  const free = 1 - (speed / limit) ** 4
  return Math.max(-hardest, pull * (free - (wanted / Math.max(gap, 0.5)) ** 2))
}

/** Towards an acceleration, by pedals: a speed so far off that only the limits count. */
function towards(truck: Truck, acceleration: number): number {
  const size = Math.abs(acceleration)
  const speed = acceleration < 0 ? Math.max(0, truck.speed - 10) : truck.speed + 10
  return followSpeed(truck, speed, { pull: size * 2, brake: size, jerk: followingJerk })
}

/** As far as drivers keep away from each other at `speed`. */
function placeBehind(trucks: number, speed: number): typeof start {
  const metres = trucks * (truckLength + standingGap + speed * headway)
  return {
    ...start,
    x: start.x + Math.sin(start.heading) * metres,
    z: start.z + Math.cos(start.heading) * metres,
    odometer: -metres,
  }
}

/** Straight between two entries. */
function between(values: readonly number[], index: number): number {
  const before = Math.min(Math.floor(index), values.length - 1)
  const from = values[before] ?? 0
  return from + ((values[before + 1] ?? from) - from) * (index - before)
}
