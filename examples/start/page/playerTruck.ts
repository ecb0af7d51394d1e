import { emptyVehicleState, vehicleFlags, type VehicleState } from 'openconvoy'
import { emptyRoutePose } from 'openconvoy/testing'
import { laneWidth, type Road } from './road.ts'

/** m/s² at full pedal, and rolling on. */
const pull = 2.2
const brake = 4
const drag = 0.15

/** m/s: 90 km/h, the limiter of European trucks. */
const topSpeed = 25

/** m/s sideways while changing lanes. */
const lateralSpeed = 1.6

/** From the kingpin to the trailer's axles, metres. */
const trailerWheelbase = 8

/** What the driver's keys do. */
export interface Pedals {
  accelerate: boolean
  brake: boolean
  /** 0 is the right lane, 1 the left one. */
  lane: number
  lights: boolean
}

/** The visitor's own truck: keys set speed and lane, the wheel follows the road by itself. */
export class PlayerTruck {
  readonly state: VehicleState = emptyVehicleState()
  readonly pedals: Pedals = { accelerate: false, brake: false, lane: 1, lights: true }
  readonly #road: Road
  readonly #pose = emptyRoutePose()
  #along: number
  #speed: number
  #offset: number
  #trailerHeading: number | undefined

  /** @param along - metres along the route. */
  constructor(road: Road, along: number, speed: number) {
    this.#road = road
    this.#along = along
    this.#speed = speed
    this.#offset = this.pedals.lane * laneWidth
    this.drive(0)
  }

  /** Drives on for `seconds` and gives the new state. */
  drive(seconds: number): VehicleState {
    const before = this.#speed
    this.#speed = Math.min(topSpeed, Math.max(0, before + this.#wantedAcceleration() * seconds))
    const acceleration = seconds > 0 ? (this.#speed - before) / seconds : 0
    const way = ((before + this.#speed) / 2) * seconds
    this.#along += way
    const sideways = this.#changeLane(seconds)
    const pose = this.#road.route.poseAt(this.#along, this.#pose)
    const slant = Math.atan2(sideways, Math.max(this.#speed, lateralSpeed))
    const roadAngle = pose.heading * 2 * Math.PI
    const { state } = this
    state.x = pose.x - Math.cos(roadAngle) * this.#offset
    state.y = pose.y
    state.z = pose.z + Math.sin(roadAngle) * this.#offset
    const heading = pose.heading + slant / (2 * Math.PI)
    state.heading = heading - Math.floor(heading)
    state.pitch = pose.pitch
    state.velocityZ = -Math.hypot(this.#speed, sideways)
    state.acceleration = acceleration
    state.yawRate = pose.curvature * this.#speed
    state.throttle = this.pedals.accelerate ? 1 : 0
    state.brake = this.pedals.brake ? 1 : 0
    state.gear = Math.min(12, Math.ceil(this.#speed / 2))
    state.rpm = 600 + (this.#speed % 2) * 400
    state.flags =
      vehicleFlags.engineOn |
      (this.pedals.lights ? vehicleFlags.lowBeam : 0) |
      (this.pedals.brake ? vehicleFlags.brakeLights : 0)
    this.#pullTrailer(way, heading * 2 * Math.PI)
    return state
  }

  #wantedAcceleration(): number {
    if (this.pedals.brake) return -brake
    return this.pedals.accelerate ? pull : -drag
  }

  /** Moves towards the wanted lane; the sideways speed it does so with, m/s to the left. */
  #changeLane(seconds: number): number {
    const missing = this.pedals.lane * laneWidth - this.#offset
    if (this.#speed < 1 || seconds === 0) return 0
    // Slower near the end, so that the truck straightens out.
    const speed = Math.sign(missing) * Math.min(lateralSpeed, Math.abs(missing) * 1.5)
    this.#offset += speed * seconds
    return speed
  }

  #pullTrailer(way: number, heading: number): void {
    const trailer = this.#trailerHeading ?? heading
    this.#trailerHeading = trailer + (Math.sin(heading - trailer) * way) / trailerWheelbase
    const yaw = (this.#trailerHeading - heading) / (2 * Math.PI)
    this.state.trailerCount = 1
    this.state.trailers[0].yaw = yaw - Math.round(yaw)
  }
}
