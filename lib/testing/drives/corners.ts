import type { RandomSource } from '../../core/index.ts'
import { cities, type City, type MapPoint } from './cities.ts'
import { bendOffset, cornerSpacing, sharpestTurn, turnaroundSide } from './constants.ts'

/**
 * The corners of a closed road through all `route` cities and back again: straight lines between them, which
 * {@link bendsOf} then rounds. Between cities it swerves a little, as `random` has it.
 */
export function cornersOf(route: readonly City[], random: RandomSource): MapPoint[] {
  const tour = [...route, ...route.slice(1, -1).reverse()]
  const corners: MapPoint[] = []
  for (const [index, city] of tour.entries()) {
    const before = cities[tour.at(index - 1) ?? city]
    const here = cities[city]
    const next = cities[tour[(index + 1) % tour.length] ?? city]
    const atCity = throughCity(before, here, next)
    corners.push(...atCity, ...swerves(atCity.at(-1) ?? here, next, random))
  }
  return corners
}

/** The corners at a city: the city itself, and where the road turns sharply, two more that lead it round a square. */
function throughCity(before: MapPoint, city: MapPoint, next: MapPoint): MapPoint[] {
  const inX = city.x - before.x
  const inZ = city.z - before.z
  const outX = next.x - city.x
  const outZ = next.z - city.z
  // Z points south, so a positive cross product here is a turn to the right.
  const turn = Math.atan2(inX * outZ - inZ * outX, inX * outX + inZ * outZ)
  if (Math.abs(turn) <= sharpestTurn) return [city]
  const length = Math.hypot(inX, inZ)
  const alongX = (inX / length) * turnaroundSide
  const alongZ = (inZ / length) * turnaroundSide
  const side = turn > 0 ? 1 : -1
  const beyond = { x: city.x + alongX, z: city.z + alongZ }
  return [city, beyond, { x: beyond.x - alongZ * side, z: beyond.z + alongX * side }]
}

/** Corners between two points, evenly spaced, alternating in no order to both sides of the straight way. */
function swerves(from: MapPoint, to: MapPoint, random: RandomSource): MapPoint[] {
  const dx = to.x - from.x
  const dz = to.z - from.z
  const length = Math.hypot(dx, dz)
  const pieces = Math.max(1, Math.round(length / cornerSpacing))
  const corners: MapPoint[] = []
  // The first and the last piece stay straight, so that swerves don't sharpen the turns at cities.
  for (let piece = 2; piece < pieces - 1; piece++) {
    const offset = (random.next() * 2 - 1) * bendOffset
    corners.push({
      x: from.x + (dx * piece) / pieces - (dz / length) * offset,
      z: from.z + (dz * piece) / pieces + (dx / length) * offset,
    })
  }
  return corners
}
