import { articulationRunIn, articulationStep, trailerWheelbase } from './constants.ts'
import type { DriveRoute } from './route.ts'

/**
 * The angle of a semitrailer behind a truck that follows a route, for every place of the route. A trailer rolling
 * forwards turns by sin(angle) / wheelbase per metre (kinematic model of a hitched trailer with its kingpin over the
 * drive axle; Rouchon et al., "Flatness, motion planning and trailer systems", 1993), however fast it is pulled, so that
 * the angle is a matter of place and not of time.
 */
export class Articulation {
  readonly #yaws: Float64Array
  readonly #step: number
  readonly #length: number

  constructor(route: DriveRoute) {
    const steps = Math.ceil(route.length / articulationStep)
    this.#length = route.length
    this.#step = route.length / steps
    this.#yaws = new Float64Array(steps)
    let yaw = 0
    for (let index = -Math.ceil(articulationRunIn / this.#step); index < steps; index++) {
      if (index >= 0) this.#yaws[index] = yaw
      yaw = this.#next(route, index * this.#step, yaw)
    }
  }

  /** The trailer's yaw relative to the truck at `distance`, turns, counter-clockwise. */
  yawAt(distance: number): number {
    const place = (distance - Math.floor(distance / this.#length) * this.#length) / this.#step
    const index = Math.floor(place)
    const t = place - index
    const [a, b, c, d] = [this.#yaw(index - 1), this.#yaw(index), this.#yaw(index + 1), this.#yaw(index + 2)]
    // Catmull–Rom: through every grid value, with a continuous derivative.
    const radians = b + (t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))) / 2
    return radians / (2 * Math.PI)
  }

  #yaw(index: number): number {
    const count = this.#yaws.length
    return this.#yaws[((index % count) + count) % count] ?? 0
  }

  /** One step of the classic Runge–Kutta method. */
  #next(route: DriveRoute, distance: number, yaw: number): number {
    const step = this.#step
    const here = route.curvatureAt(distance)
    const middle = route.curvatureAt(distance + step / 2)
    const there = route.curvatureAt(distance + step)
    const slope = (curvature: number, angle: number): number =>
      -Math.sin(angle) / trailerWheelbase - curvature
    const k1 = slope(here, yaw)
    const k2 = slope(middle, yaw + (k1 * step) / 2)
    const k3 = slope(middle, yaw + (k2 * step) / 2)
    const k4 = slope(there, yaw + k3 * step)
    return yaw + ((k1 + 2 * k2 + 2 * k3 + k4) * step) / 6
  }
}
