import { vehicleFlags, type VehicleState } from '../../lib/protocol/index.ts'
import { stepSeconds, type Truck } from './truck.ts'

/** Milliseconds between two rows, and how many steps of a truck that is: nothing bends by a micrometre in between. */
const rowMs = 5
const stepsPerRow = Math.round(rowMs / 1000 / stepSeconds)

/** What a row holds, in this order, then yaw, pitch and roll of each trailer. */
const columns = [
  'x',
  'y',
  'z',
  'heading',
  'pitch',
  'roll',
  'velocityX',
  'velocityY',
  'velocityZ',
  'acceleration',
  'yawRate',
  'steering',
] as const
const trailerColumns = 3
/** Where heading is among them: the one that wraps. */
const headingColumn = 3

/** Radians of steering at which the wheel is all the way round, and metres between a tractor's axles. */
const fullLock = 0.7
const truckWheelbase = 3.7

/** m/s² at which a pedal is all the way down, and what the engine holds against: drag and rolling resistance. */
const fullThrottle = 2.5
const fullBrake = 7
const coasting = -0.15

/** m/s² from which the brake lights are on. */
const brakeLightsFrom = -0.4

/** m/s below which a truck stands. */
const standing = 0.05

/** A twelve-speed box: speed per gear, m/s, and revolutions within it. */
const speedPerGear = 2
const gears = 12
const idleRpm = 600
const lowRpm = 1_000
const rpmPerSpeedInGear = 300

/** The truth about one truck: its state at any time, the same in every process that makes it from the same seed. */
export class Course {
  readonly name: string
  readonly durationMs: number
  readonly #rows: Float64Array
  readonly #width: number
  /** Flags that the driver sets, per row. */
  readonly #flags: Uint16Array
  readonly #trailers: number

  /** @internal Use {@link CourseRecorder}. */
  constructor(name: string, rows: Float64Array, flags: Uint16Array, trailers: number) {
    this.name = name
    this.#rows = rows
    this.#flags = flags
    this.#trailers = trailers
    this.#width = columns.length + trailerColumns * trailers
    // Both ends need a neighbour further out.
    this.durationMs = (flags.length - 3) * rowMs
  }

  /** Fills `out` with the true state at `timeMs`, 0 to {@link durationMs}; beyond, with that end's. Allocates nothing. */
  stateAt(timeMs: number, out: VehicleState): VehicleState {
    const within = Math.max(0, Math.min(this.durationMs, timeMs)) / rowMs
    const before = Math.min(Math.floor(within), this.#flags.length - 4)
    const share = within - before
    // The first row is the outer neighbour of the start.
    const row = (before + 1) * this.#width
    for (let column = 0; column < columns.length; column++) {
      out[columns[column] as (typeof columns)[number]] = this.#between(row + column, share)
    }
    const heading = this.#between(row + headingColumn, share)
    out.heading = heading - Math.floor(heading)
    out.trailerCount = this.#trailers
    for (let index = 0; index < this.#trailers; index++) {
      const trailer = out.trailers[index]
      if (trailer === undefined) continue
      const column = row + columns.length + index * trailerColumns
      trailer.yaw = this.#between(column, share)
      trailer.pitch = this.#between(column + 1, share)
      trailer.roll = this.#between(column + 2, share)
    }
    fillControls(this.#flags[before + 1] ?? 0, out)
    return out
  }

  /** A Catmull–Rom spline: through every row, with a continuous rate. */
  #between(index: number, t: number): number {
    const rows = this.#rows
    const a = rows[index - this.#width] ?? 0
    const b = rows[index] ?? 0
    const c = rows[index + this.#width] ?? 0
    const d = rows[index + 2 * this.#width] ?? 0
    return b + (t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))) / 2
  }
}

/** Watches a truck drive and makes a {@link Course} of it. */
export class CourseRecorder {
  readonly #truck: Truck
  readonly #rows: number[] = []
  readonly #flags: number[] = []
  #steps = 0

  constructor(truck: Truck) {
    this.#truck = truck
  }

  /** Seconds driven so far. */
  get seconds(): number {
    return this.#steps * stepSeconds
  }

  /**
   * Takes one step of the truck.
   * @param flags - what the driver has switched on.
   */
  step(acceleration: number, curvature: number, flags = 0): void {
    if (this.#steps % stepsPerRow === 0) this.#record(flags)
    this.#truck.step(acceleration, curvature)
    this.#steps++
  }

  finish(name: string): Course {
    return new Course(
      name,
      Float64Array.from(this.#rows),
      Uint16Array.from(this.#flags),
      this.#truck.trailers.length,
    )
  }

  #record(flags: number): void {
    const truck = this.#truck
    const { right, up, back } = truck.velocity()
    this.#rows.push(
      truck.x,
      truck.y,
      truck.z,
      turns(truck.heading),
      turns(truck.pitch),
      turns(truck.roll),
      right,
      up,
      back,
      truck.acceleration,
      truck.yawRate,
      Math.atan(truckWheelbase * truck.curvature) / fullLock,
    )
    for (const [index, trailer] of truck.trailers.entries()) {
      const { pitch, roll } = truck.trailerTilt(index)
      this.#rows.push(turns(trailer.yaw), turns(pitch), turns(roll))
    }
    this.#flags.push(flags)
  }
}

function turns(radians: number): number {
  return radians / (2 * Math.PI)
}

/** Pedals, lights and gears, from the motion they belong to. */
function fillControls(flags: number, out: VehicleState): void {
  const speed = -out.velocityZ
  const stands = Math.abs(speed) < standing
  const reverses = speed < -standing
  const pull = reverses ? -out.acceleration : out.acceleration
  out.steering = Math.max(-1, Math.min(1, out.steering))
  out.throttle = stands ? 0 : Math.min(1, Math.max(0, (pull - coasting) / fullThrottle))
  out.brake = stands ? 0.3 : Math.min(1, Math.max(0, (coasting - pull) / fullBrake))
  out.flags = flags | vehicleFlags.engineOn | vehicleFlags.lowBeam
  if (stands || pull < brakeLightsFrom) out.flags |= vehicleFlags.brakeLights
  if (reverses) out.flags |= vehicleFlags.reverseLights
  out.gear = stands ? 0 : reverses ? -1 : Math.min(gears, 1 + Math.floor(speed / speedPerGear))
  out.rpm =
    out.gear > 0
      ? lowRpm + (speed - (out.gear - 1) * speedPerGear) * rpmPerSpeedInGear
      : idleRpm + Math.abs(speed) * rpmPerSpeedInGear
}
