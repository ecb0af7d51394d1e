import { seededRandom, type RandomSource } from '../../lib/core/index.ts'
import type { Drive, DriveMoment } from '../../lib/testing/index.ts'
import { bend, road, straight, wanderAt, type Bend } from './bends.ts'
import { CourseRecorder, type Course } from './course.ts'
import { start } from './courses.ts'
import { hillsOf } from './hills.ts'
import { stepSeconds, Truck } from './truck.ts'

/** Seconds between the control points of the speed: those of a recording of 10 Hz. */
const knotSeconds = 0.1

/** Longest course, s. */
const longest = 900

/** Sideways acceleration that no bend of this road goes beyond, m/s²; mostly, bends are made for less. */
const sidewaysLimit = 2.5
const sidewaysUsual = 1.6

/** Metres: tightest and widest bends of the road. */
const tightestRadius = 14
const widestRadius = 900

/** Seconds that a driver takes to turn the wheel into a bend, at least, and metres of that at a walking pace. */
const transitionSeconds = 2.5
const shortestTransition = 7

/**
 * A truck that drives at the speeds of a recording, along a generated road with hills and with bends as tight as those
 * speeds allow.
 */
export function recordedCourse(drive: Drive, seed: number): Course {
  const speeds = new SmoothSpeed(drive)
  const bends = bendsFor(speeds, seededRandom(seed))
  const truck = new Truck(start, 1, hillsOf(seededRandom(seed + 1_000)))
  const recorder = new CourseRecorder(truck)
  truck.speed = speeds.at(0)
  for (let step = 0; step < speeds.seconds / stepSeconds; step++) {
    const speed = speeds.at((step + 1) * stepSeconds)
    const limit = sidewaysLimit / (truck.speed * truck.speed + 1e-6)
    const wish = bends.curvatureAt(truck.odometer) + wanderAt(truck.odometer)
    recorder.step((speed - truck.speed) / stepSeconds, Math.max(-limit, Math.min(limit, wish)))
  }
  return recorder.finish('recorded')
}

/**
 * The speed of a recording without its noise: satellite receivers measure speed to some centimetres per second, which
 * between samples of 10 Hz would be accelerations that no truck has. The samples are the control points of a uniform cubic
 * B-spline, so that speed is C², stays within its samples, and distance has a closed form (their sums, less ends).
 */
class SmoothSpeed {
  readonly seconds: number
  readonly #points: number[] = []

  constructor(drive: Drive) {
    const moment: DriveMoment = { distance: 0, speed: 0, acceleration: 0 }
    this.seconds = Math.min(longest, drive.period)
    // From one before the first to two after the last.
    for (let knot = -1; knot <= this.seconds / knotSeconds + 3; knot++) {
      this.#points.push(drive.momentAt(knot * knotSeconds, moment).speed)
    }
  }

  /** m/s. */
  at(seconds: number): number {
    const knot = Math.floor(seconds / knotSeconds)
    const t = seconds / knotSeconds - knot
    const rest = 1 - t
    const point = (index: number): number => this.#points[knot + index] ?? 0
    return (
      (point(0) * rest ** 3 +
        point(1) * (3 * t ** 3 - 6 * t * t + 4) +
        point(2) * (3 * rest ** 3 - 6 * rest * rest + 4) +
        point(3) * t ** 3) /
      6
    )
  }
}

/** Straights and bends in turn for as long as it takes, each bend made for the fastest that it is driven. */
function bendsFor(speeds: SmoothSpeed, random: RandomSource): Bend {
  const between = (from: number, to: number): number => from + (to - from) * random.next()
  const byMetre = fastestByMetre(speeds)
  const bends: Bend[] = []
  for (let metres = 0; metres < byMetre.length;) {
    const lead = straight(between(20, 150))
    metres += lead.length
    // As long as a bend of this kind gets at most.
    const speed = Math.max(1, ...byMetre.slice(Math.floor(metres), Math.floor(metres) + 250))
    const radius = Math.min(widestRadius, Math.max(tightestRadius, (speed * speed) / sidewaysUsual))
    const transition = Math.max(shortestTransition, speed * transitionSeconds)
    const degrees = Math.min(90, (180 * between(60, 180)) / (Math.PI * radius))
    const turn = bend(random.next() < 0.5 ? degrees : -degrees, radius, transition)
    metres += turn.length
    bends.push(lead, turn)
  }
  return road(...bends)
}

/** The fastest speed, m/s, on each metre of the way. */
function fastestByMetre(speeds: SmoothSpeed): number[] {
  const fastest: number[] = []
  let metres = 0
  for (let seconds = 0; seconds < speeds.seconds; seconds += knotSeconds) {
    const speed = speeds.at(seconds)
    const metre = Math.floor(metres)
    while (fastest.length <= metre) fastest.push(speed)
    fastest[metre] = Math.max(fastest[metre] ?? 0, speed)
    metres += speed * knotSeconds
  }
  return fastest
}
