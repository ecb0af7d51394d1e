import { emptyVehicleState, type VehicleState } from '../../lib/protocol/index.ts'
import { wrapHalfTurns } from '../../lib/vehicle/index.ts'
import { contenderOf, type Baseline, type Viewer } from './contender.ts'
import { worldAcceleration, worldVelocity, type Vector } from './worldMotion.ts'

/*
 * Dead reckoning as in IEEE 1278.1, Distributed Interactive Simulation. The sender predicts as receivers do and sends an
 * Entity State PDU when that is wrong by more than a threshold in position or orientation, or has said nothing for the
 * heartbeat's 5 s. Model FPW (2) goes on with constant velocity and orientation, RVW (4) with constant acceleration and
 * rotation; world coordinates both. Trailers are articulated parts: an azimuth each, of which RVW is told the rate as
 * well. Timestamps are absolute, so a receiver knows the age of a PDU. It shows what it predicts as it is: the
 * standard leaves smoothing to whoever wants it.
 */

/** What is predicted, and from when a prediction is wrong. */
interface Settings {
  model: 'fpw' | 'rvw'
  /** Metres, and degrees of the truck's heading and of each trailer's. */
  metres: number
  degrees: number
}

/** The standard's defaults: DRA_POS_THRSH_DFLT, DRA_ORIENT_THRSH_DFLT and HBT_PDU_ENTITY_STATE. */
const defaultThreshold = { metres: 1, degrees: 3 }
const heartbeatMs = 5_000

/** Thresholds at which errors are of our order, 10 cm at both ends: 0.5° swings the tail of a semi-trailer by 10 cm. */
const closeThreshold = { metres: 0.1, degrees: 0.5 }

export const disFpw = contenderOf('dis-fpw', () => new DeadReckoning({ model: 'fpw', ...defaultThreshold }))
export const disRvw = contenderOf('dis-rvw', () => new DeadReckoning({ model: 'rvw', ...defaultThreshold }))
export const disFpwClose = contenderOf(
  'dis-fpw-10cm',
  () => new DeadReckoning({ model: 'fpw', ...closeThreshold }),
)
export const disRvwClose = contenderOf(
  'dis-rvw-10cm',
  () => new DeadReckoning({ model: 'rvw', ...closeThreshold }),
)

/** What a PDU says, as far as it is used here. */
interface Report {
  position: Vector
  velocity: Vector
  acceleration: Vector
  /** Turns. */
  heading: number
  pitch: number
  roll: number
  /** rad/s. */
  yawRate: number
  trailers: { yaw: number; pitch: number; yawRate: number }[]
}

/** Octets of a PDU, and of a variable parameter record. Where its fields lie. */
const pduBytes = 144
const recordBytes = 16
const offsets = {
  recordCount: 19,
  velocity: 36,
  position: 48,
  orientation: 72,
  model: 88,
  acceleration: 104,
  angularVelocity: 116,
} as const
const modelNumbers = { fpw: 2, rvw: 4 } as const

/** Where a record's type and value lie, and its types: an articulated part's azimuth, its rate, and its elevation. */
const recordType = 4
const recordValue = 8
const azimuth = 11
const azimuthRate = 12
const elevation = 13

class DeadReckoning implements Baseline {
  readonly #settings: Settings
  readonly #predicted = emptyVehicleState()
  #reported: Report | undefined
  #reportedAt = 0
  #before: { at: number; yaws: number[] } | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  encode(state: Readonly<VehicleState>, now: number): Uint8Array | undefined {
    const report = this.#reportOf(state, now)
    const silentMs = now - this.#reportedAt
    if (this.#reported !== undefined && silentMs < heartbeatMs) {
      extrapolate(this.#reported, this.#settings.model, silentMs / 1000, this.#predicted)
      if (!isWrong(this.#predicted, state, this.#settings)) return undefined
    }
    const bytes = encodePdu(report, this.#settings.model)
    // What receivers have is what crossed the wire.
    this.#reported = decodePdu(bytes)
    this.#reportedAt = now
    return bytes
  }

  viewer(): Viewer {
    return new ReckoningViewer(this.#settings.model)
  }

  #reportOf(state: Readonly<VehicleState>, now: number): Report {
    const trailers = state.trailers.slice(0, state.trailerCount)
    const before = this.#before
    this.#before = { at: now, yaws: trailers.map(({ yaw }) => yaw) }
    return {
      position: { x: state.x, y: state.y, z: state.z },
      velocity: worldVelocity(state),
      acceleration: worldAcceleration(state),
      heading: state.heading,
      pitch: state.pitch,
      roll: state.roll,
      yawRate: state.yawRate,
      trailers: trailers.map(({ yaw, pitch }, index) => {
        const yawBefore = before?.yaws[index]
        const seconds = before === undefined ? 0 : (now - before.at) / 1000
        return {
          yaw,
          pitch,
          yawRate: yawBefore === undefined || seconds === 0 ? 0 : (yaw - yawBefore) / seconds,
        }
      }),
    }
  }
}

class ReckoningViewer implements Viewer {
  readonly #model: Settings['model']
  #report: Report | undefined
  #sampledAt = -Infinity

  constructor(model: Settings['model']) {
    this.#model = model
  }

  receive(bytes: Uint8Array, sampledAt: number): void {
    if (sampledAt <= this.#sampledAt) return
    this.#sampledAt = sampledAt
    this.#report = decodePdu(bytes)
  }

  show(now: number, into: VehicleState): boolean {
    if (this.#report === undefined) return false
    extrapolate(this.#report, this.#model, Math.max(0, now - this.#sampledAt) / 1000, into)
    return true
  }
}

function extrapolate(report: Report, model: Settings['model'], seconds: number, into: VehicleState): void {
  const { position, velocity, acceleration } = report
  const half = model === 'rvw' ? (seconds * seconds) / 2 : 0
  const rotated = model === 'rvw' ? seconds : 0
  into.x = position.x + velocity.x * seconds + acceleration.x * half
  into.y = position.y + velocity.y * seconds + acceleration.y * half
  into.z = position.z + velocity.z * seconds + acceleration.z * half
  into.heading = report.heading + (report.yawRate * rotated) / (2 * Math.PI)
  into.pitch = report.pitch
  into.roll = report.roll
  into.trailerCount = report.trailers.length
  for (const [index, trailer] of report.trailers.entries()) {
    const shown = into.trailers[index]
    if (shown === undefined) break
    shown.yaw = trailer.yaw + trailer.yawRate * rotated
    shown.pitch = trailer.pitch
    shown.roll = 0
  }
}

function isWrong(
  predicted: VehicleState,
  truth: Readonly<VehicleState>,
  { metres, degrees }: Settings,
): boolean {
  const distance = Math.hypot(predicted.x - truth.x, predicted.y - truth.y, predicted.z - truth.z)
  let turned = Math.abs(wrapHalfTurns(predicted.heading - truth.heading))
  for (let index = 0; index < truth.trailerCount; index++) {
    const [shown, true_] = [predicted.trailers[index], truth.trailers[index]]
    turned = Math.max(turned, Math.abs(wrapHalfTurns((shown?.yaw ?? 0) - (true_?.yaw ?? 0))))
  }
  return distance > metres || turned * 360 > degrees
}

function encodePdu(report: Report, model: Settings['model']): Uint8Array {
  const records: [type: number, value: number][] = report.trailers.flatMap(({ yaw, pitch, yawRate }) => [
    [azimuth, yaw],
    [elevation, pitch],
    ...(model === 'rvw' ? [[azimuthRate, yawRate] as [number, number]] : []),
  ])
  const view = new DataView(new ArrayBuffer(pduBytes + records.length * recordBytes))
  view.setUint8(offsets.recordCount, records.length)
  view.setUint8(offsets.model, modelNumbers[model])
  writeFloats(view, offsets.velocity, report.velocity)
  writeFloats(view, offsets.acceleration, report.acceleration)
  writeFloats(view, offsets.orientation, { x: report.heading, y: report.pitch, z: report.roll })
  writeFloats(view, offsets.angularVelocity, { x: 0, y: report.yawRate, z: 0 })
  view.setFloat64(offsets.position, report.position.x)
  view.setFloat64(offsets.position + 8, report.position.y)
  view.setFloat64(offsets.position + 16, report.position.z)
  for (const [index, [type, value]] of records.entries()) {
    view.setUint32(pduBytes + index * recordBytes + recordType, type)
    view.setFloat32(pduBytes + index * recordBytes + recordValue, value)
  }
  return new Uint8Array(view.buffer)
}

function decodePdu(bytes: Uint8Array): Report {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const orientation = readFloats(view, offsets.orientation)
  const trailers: Report['trailers'] = []
  for (let index = 0; index < view.getUint8(offsets.recordCount); index++) {
    const type = view.getUint32(pduBytes + index * recordBytes + recordType)
    const value = view.getFloat32(pduBytes + index * recordBytes + recordValue)
    const last = trailers.at(-1)
    if (type === azimuth) trailers.push({ yaw: value, pitch: 0, yawRate: 0 })
    else if (last !== undefined && type === elevation) last.pitch = value
    else if (last !== undefined && type === azimuthRate) last.yawRate = value
  }
  return {
    position: {
      x: view.getFloat64(offsets.position),
      y: view.getFloat64(offsets.position + 8),
      z: view.getFloat64(offsets.position + 16),
    },
    velocity: readFloats(view, offsets.velocity),
    acceleration: readFloats(view, offsets.acceleration),
    heading: orientation.x,
    pitch: orientation.y,
    roll: orientation.z,
    yawRate: readFloats(view, offsets.angularVelocity).y,
    trailers,
  }
}

function writeFloats(view: DataView, offset: number, { x, y, z }: Vector): void {
  view.setFloat32(offset, x)
  view.setFloat32(offset + 4, y)
  view.setFloat32(offset + 8, z)
}

function readFloats(view: DataView, offset: number): Vector {
  return { x: view.getFloat32(offset), y: view.getFloat32(offset + 4), z: view.getFloat32(offset + 8) }
}
