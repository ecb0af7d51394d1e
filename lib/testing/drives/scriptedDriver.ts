import { vehicleFlags, type VehicleState } from '../../protocol/index.ts'
import { Articulation } from './articulation.ts'
import { fullLock, laneWidth, trailerWheelbase, truckWheelbase } from './constants.ts'
import type { Drive, DriveMoment } from './drive.ts'
import { emptyRoutePose, type DriveRoute } from './route.ts'

/** Where and when a {@link ScriptedDriver} drives. */
export interface ScriptedDriverOptions {
  /** Metres along the route at time 0 of the drive (default 0). */
  startOffset?: number
  /** Lanes to the left of the route's line (default 0). */
  lane?: number
  /** Milliseconds by which this driver does everything later (default 0): a follower's reaction. */
  delayMs?: number
}

/** m/s² at which the foot is all the way down, and from which the brake lights are on. */
const fullThrottle = 2.5
const fullBrake = 6
const brakeLightsFrom = -0.4

/** m/s below which a truck counts as standing. */
const standing = 0.05

/** A twelve-speed box: the speed per gear, m/s, and the revolutions within it. */
const speedPerGear = 2
const gears = 12
const idleRpm = 600
const lowRpm = 1_000
const rpmPerSpeedInGear = 300

/**
 * Drives a truck with one trailer along a route at the speeds of a drive. Its state is a pure function of time: whoever
 * knows route, drive and options knows the truth at any moment, also in another process.
 */
export class ScriptedDriver {
  readonly route: DriveRoute
  readonly drive: Drive
  readonly #articulation: Articulation
  readonly #startOffset: number
  readonly #lateral: number
  readonly #delayMs: number
  readonly #moment: DriveMoment = { distance: 0, speed: 0, acceleration: 0 }
  readonly #pose = emptyRoutePose()
  readonly #behind = emptyRoutePose()

  constructor(route: DriveRoute, drive: Drive, options: ScriptedDriverOptions = {}) {
    this.route = route
    this.drive = drive
    this.#articulation = articulationOf(route)
    this.#startOffset = options.startOffset ?? 0
    this.#lateral = (options.lane ?? 0) * laneWidth
    this.#delayMs = options.delayMs ?? 0
  }

  /** Metres driven along the route `timeMs` after the start, counted from its first city. */
  distanceAt(timeMs: number): number {
    return this.#startOffset + this.drive.momentAt((timeMs - this.#delayMs) / 1_000, this.#moment).distance
  }

  /**
   * Fills `out` with the exact state `timeMs` milliseconds after the start: any finite number. The truck's reference
   * point is its drive axle, which moves straight ahead in the truck's own axes. Allocates nothing.
   */
  stateAt(timeMs: number, out: VehicleState): VehicleState {
    const distance = this.distanceAt(timeMs)
    const { speed: mapSpeed, acceleration } = this.#moment
    const pose = this.route.poseAt(distance, this.#pose)
    const angle = pose.heading * 2 * Math.PI
    // A lane beside the line is longer or shorter than it in bends.
    const stretch = 1 - pose.curvature * this.#lateral
    const climb = Math.cos(pose.pitch * 2 * Math.PI)
    const speed = (mapSpeed * stretch) / climb

    out.x = pose.x - Math.cos(angle) * this.#lateral
    out.y = pose.y
    out.z = pose.z + Math.sin(angle) * this.#lateral
    out.heading = pose.heading
    // Pitch is along the lane, whose length differs from the line's by under 2 %: too little to see.
    out.pitch = pose.pitch
    out.roll = 0
    out.velocityX = 0
    out.velocityY = 0
    out.velocityZ = -speed
    out.acceleration = (acceleration * stretch) / climb
    out.yawRate = pose.curvature * mapSpeed
    out.steering = Math.atan(truckWheelbase * pose.curvature) / fullLock
    this.#fillControls(speed, acceleration, out)
    this.#fillTrailer(distance, out)
    return out
  }

  #fillControls(speed: number, acceleration: number, out: VehicleState): void {
    const stands = speed < standing
    out.throttle = Math.min(1, Math.max(0, acceleration / fullThrottle))
    out.brake = stands ? 0.3 : Math.min(1, Math.max(0, -acceleration / fullBrake))
    out.flags = vehicleFlags.engineOn | vehicleFlags.lowBeam
    if (stands || acceleration < brakeLightsFrom) out.flags |= vehicleFlags.brakeLights
    const gear = stands ? 0 : Math.min(gears, 1 + Math.floor(speed / speedPerGear))
    out.gear = gear
    out.rpm = gear === 0 ? idleRpm : lowRpm + (speed - (gear - 1) * speedPerGear) * rpmPerSpeedInGear
  }

  #fillTrailer(distance: number, out: VehicleState): void {
    const behind = this.route.poseAt(distance - trailerWheelbase, this.#behind)
    const [trailer] = out.trailers
    out.trailerCount = 1
    trailer.yaw = this.#articulation.yawAt(distance)
    trailer.pitch = behind.pitch - out.pitch
    trailer.roll = 0
  }
}

const articulations = new WeakMap<DriveRoute, Articulation>()

/** The one table of trailer angles per route, shared by all its drivers. */
function articulationOf(route: DriveRoute): Articulation {
  let articulation = articulations.get(route)
  if (articulation === undefined) {
    articulation = new Articulation(route)
    articulations.set(route, articulation)
  }
  return articulation
}
