import { emptyRoutePose, type DriveRoute } from 'openconvoy/testing'
import { asphaltColor, markingColor } from './palette.ts'

/** Metres between points of the drawn line, and between those of a first search. */
const drawStep = 6
const searchStep = 40

/** Metres: two lanes, the convoy's on the right, with shoulders. */
export const laneWidth = 3.5
const roadWidth = 2 * laneWidth + 3

/** The route as something to draw, and to find one's place on. */
export class Road {
  readonly route: DriveRoute
  readonly #pose = emptyRoutePose()

  constructor(route: DriveRoute) {
    this.route = route
  }

  /**
   * Metres along the route of the place nearest to a point, looking up to `reach` metres around `near` or, without it,
   * everywhere.
   */
  locate(x: number, z: number, near?: number, reach = 3 * searchStep): number {
    if (near === undefined) return this.#nearest(x, z, 0, this.route.length, searchStep, true)
    return this.#nearest(x, z, near - reach, near + reach, searchStep / 2, true)
  }

  /** The point of the route `along` metres from its start; read it at once. */
  placeAt(along: number): { readonly x: number; readonly z: number } {
    return this.route.poseAt(along, this.#pose)
  }

  #nearest(x: number, z: number, from: number, to: number, step: number, refine: boolean): number {
    let [best, bestDistance] = [from, Infinity]
    for (let along = from; along <= to; along += step) {
      const pose = this.route.poseAt(along, this.#pose)
      const distance = Math.hypot(pose.x - x, pose.z - z)
      if (distance < bestDistance) [best, bestDistance] = [along, distance]
    }
    return refine ? this.#nearest(x, z, best - step, best + step, step / 20, false) : best
  }

  /** Draws `reach` metres of road in both directions from `along`, onto a context in metres. */
  draw(context: CanvasRenderingContext2D, along: number, reach: number): void {
    const line = new Path2D()
    const middle = new Path2D()
    const first = Math.floor((along - reach) / drawStep) * drawStep
    for (let at = first; at <= along + reach; at += drawStep) {
      const pose = this.route.poseAt(at, this.#pose)
      // The route's line is the middle of the right lane; the road's middle lies to its left.
      const angle = pose.heading * 2 * Math.PI
      const x = pose.x - (Math.cos(angle) * laneWidth) / 2
      const z = pose.z + (Math.sin(angle) * laneWidth) / 2
      line.lineTo(x, z)
      // Dashes stay where they are while the camera moves: each is a piece between two fixed points.
      if ((at / drawStep) % 2 === 0) middle.moveTo(x, z)
      else middle.lineTo(x, z)
    }
    context.lineJoin = 'round'
    stroke(context, line, markingColor, roadWidth)
    stroke(context, line, asphaltColor, roadWidth - 0.4)
    stroke(context, middle, markingColor, 0.2)
  }
}

function stroke(context: CanvasRenderingContext2D, path: Path2D, color: string, width: number): void {
  context.strokeStyle = color
  context.lineWidth = width
  context.stroke(path)
}
