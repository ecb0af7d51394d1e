import { seededRandom } from '../../lib/core/index.ts'
import type { Course } from './course.ts'
import { drive, type Leg } from './driver.ts'
import { hillsOf } from './hills.ts'
import { Manoeuvres } from './manoeuvres.ts'
import { Truck } from './truck.ts'

/** Where courses begin: near Calais on the game's map, where coordinates are as large as players see them. */
export const start = { x: -30_243, y: 12, z: -4_986, heading: 5, odometer: 0 }

/** Everything there is, about ten minutes of it, with one trailer. */
export function mixedCourse(seed: number): Course {
  const of = new Manoeuvres(seededRandom(seed))
  return scripted('mixed', seed, 1, [...setOff, ...everything(of, true)])
}

/** The same for two trailers, without the dock: nobody reverses a double trailer round a corner. */
export function doubleCourse(seed: number): Course {
  const of = new Manoeuvres(seededRandom(seed))
  return scripted('double', seed, 2, [...setOff, ...everything(of, false)])
}

/** Motorway and country road, about five minutes, with one trailer. */
export function cruiseCourse(seed: number): Course {
  return scripted('cruise', seed, 1, [...setOff, ...cruising(new Manoeuvres(seededRandom(seed)))])
}

/** Town, roundabouts, hard braking, reversing: about five minutes of nothing steady, with one trailer. */
export function manoeuvringCourse(seed: number): Course {
  return scripted('manoeuvring', seed, 1, [
    ...setOff,
    ...manoeuvring(new Manoeuvres(seededRandom(seed)), true),
  ])
}

/** Pulling away from standstill, as every course begins. */
export const setOff: readonly Leg[] = [
  { until: { seconds: 1 }, speed: 0 },
  { until: 'speed', speed: 10, pull: 1.4 },
]

export function cruising(of: Manoeuvres): Leg[] {
  return [
    ...of.motorway(),
    ...of.motorway(),
    ...of.countryRoad(),
    ...of.motorway(),
    ...of.countryRoad(),
    ...of.motorway(),
  ]
}

/** @param reverses - whether it backs onto docks and parks as well. */
export function manoeuvring(of: Manoeuvres, reverses: boolean): Leg[] {
  const backwards = (): Leg[] => (reverses ? of.reversing() : of.stopAndGo())
  return [
    ...of.roundabout(),
    ...of.townCorner(),
    ...of.hardBraking(14),
    ...of.townCorner(),
    ...of.stopAndGo(),
    ...of.roundabout(),
    ...backwards(),
    ...of.hardBraking(18),
    ...of.townCorner(),
    ...of.roundabout(),
    ...backwards(),
  ]
}

function everything(of: Manoeuvres, reverses: boolean): Leg[] {
  return [
    ...of.motorway(),
    ...of.motorway(),
    ...of.hardBraking(22),
    ...of.countryRoad(),
    ...of.roundabout(),
    ...of.townCorner(),
    ...of.stopAndGo(),
    ...(reverses ? of.reversing() : []),
    ...of.roundabout(),
    ...of.parking(8),
    ...of.countryRoad(),
  ]
}

function scripted(name: string, seed: number, trailers: number, legs: readonly Leg[]): Course {
  // Not the luck of the manoeuvres: a change of one leaves the other as it was.
  return drive(name, new Truck(start, trailers, hillsOf(seededRandom(seed + 1_000))), legs)
}
