import { seededRandom, type RandomSource } from '../../core/index.ts'
import { bendsOf, type RoadPlan } from './bends.ts'
import { cities, citiesOfRoute, type City } from './cities.ts'
import { bendCell } from './constants.ts'
import { cornersOf } from './corners.ts'
import { advance, type CurvePoint } from './curve.ts'
import { lastAtOrBefore } from './drive.ts'
import { type Hill, Hills } from './hills.ts'

/** A place on a {@link DriveRoute} and the way the road goes there. */
export interface RoutePose {
  /** World position, metres. */
  x: number
  y: number
  z: number
  /** Turns, 0…1, counter-clockwise, 0 = north. */
  heading: number
  /** Turns, positive uphill. */
  pitch: number
  /** 1/m on the map, positive to the left. */
  curvature: number
}

/** A pose to be filled by {@link DriveRoute.poseAt}. */
export function emptyRoutePose(): RoutePose {
  return { x: 0, y: 0, z: 0, heading: 0, pitch: 0, curvature: 0 }
}

/**
 * A road through cities of the game's map and back, as a closed curve: smooth bends of bounded curvature, mild hills. It
 * is made up (the game's road network is not in here), and only the cities are where the game has them.
 */
export class DriveRoute {
  /** The cities it was planned through. */
  readonly cities: readonly City[]
  /** Metres along the map until it repeats. */
  readonly length: number
  readonly #hills: Hills
  /** Per cell: where it starts, and how curvature goes within it. */
  readonly #starts: Float64Array
  readonly #cells: readonly Cell[]
  readonly #point: CurvePoint = { x: 0, z: 0, heading: 0 }
  readonly #hill: Hill = { height: 0, slope: 0 }

  constructor(route: readonly City[], random: RandomSource) {
    this.cities = [...route]
    const cells = cellsOf(bendsOf(cornersOf(route, random), random))
    const end = cells.at(-1)
    this.length = end === undefined ? 0 : end.start + end.length
    this.#cells = cells
    // One more than there are cells, since the search leaves room for an end.
    this.#starts = Float64Array.from([...cells.map((cell) => cell.start), this.length])
    this.#hills = new Hills(this.length, random)
  }

  /** Fills `out` with the pose `distance` metres along the map from the first city: any finite number. Allocates nothing. */
  poseAt(distance: number, out: RoutePose): RoutePose {
    const within = this.#within(distance)
    const cell = this.#cellAt(within)
    const along = within - cell.start
    const point = advance(cell, cell.curvature, cell.growth, along, this.#point)
    const hill = this.#hills.at(within, this.#hill)
    const turns = point.heading / (2 * Math.PI)
    out.x = point.x
    out.y = hill.height
    out.z = point.z
    out.heading = turns - Math.floor(turns)
    out.pitch = Math.atan(hill.slope) / (2 * Math.PI)
    out.curvature = cell.curvature + cell.growth * along
    return out
  }

  /** Curvature at `distance`, 1/m, positive to the left. */
  curvatureAt(distance: number): number {
    const within = this.#within(distance)
    const cell = this.#cellAt(within)
    return cell.curvature + cell.growth * (within - cell.start)
  }

  #within(distance: number): number {
    return distance - Math.floor(distance / this.length) * this.length
  }

  #cellAt(within: number): Cell {
    const cell = this.#cells[lastAtOrBefore(this.#starts, within)]
    if (cell === undefined) throw new RangeError('DriveRoute: distance is not finite')
    return cell
  }
}

/**
 * A route written as `calais-berlin`, or through further cities as `calais-brussels-berlin`. The same text and seed give
 * the same road in every process.
 * @throws ConvoyError `invalid-argument` for cities that are unknown (the message lists the known ones).
 */
export function planRoute(text: string, seed = 1): DriveRoute {
  return new DriveRoute(citiesOfRoute(text), seededRandom(seed))
}

/** Names of the cities {@link planRoute} knows. */
export const routeCities: readonly City[] = Object.keys(cities) as City[]

/** A piece of road with its start pose, curvature there and growth of curvature per metre. */
interface Cell extends Readonly<CurvePoint> {
  readonly start: number
  readonly length: number
  readonly curvature: number
  readonly growth: number
}

function cellsOf(plan: RoadPlan): Cell[] {
  const cells: Cell[] = []
  const point: CurvePoint = { ...plan.start }
  let start = 0
  for (const stretch of plan.stretches) {
    const isStraight = stretch.from === 0 && stretch.to === 0
    const pieces = isStraight ? 1 : Math.ceil(stretch.length / bendCell)
    const length = stretch.length / pieces
    const growth = (stretch.to - stretch.from) / stretch.length
    for (let piece = 0; piece < pieces; piece++) {
      const curvature = stretch.from + growth * piece * length
      cells.push({ start, length, x: point.x, z: point.z, heading: point.heading, curvature, growth })
      advance(point, curvature, growth, length, point)
      start += length
    }
  }
  return cells
}
