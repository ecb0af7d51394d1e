import { describe, expect, it } from 'vitest'
import { emptyVehicleState, vehicleFlags, type VehicleState } from '../../lib/protocol/index.ts'
import { predict } from '../../lib/vehicle/index.ts'
import { stateWith } from './support/states.ts'
import { eventfulDrive, TruthDrive } from './support/truckModel.ts'

function predicted(from: VehicleState, seconds: number): VehicleState {
  const into = emptyVehicleState()
  predict(from, seconds, into)
  return into
}

const position = ({ x, y, z }: VehicleState): number[] => [x, y, z]

function expectNear(actual: readonly number[], expected: readonly number[], tolerance = 1e-6): void {
  for (const [index, value] of expected.entries()) {
    expect(Math.abs((actual[index] ?? NaN) - value)).toBeLessThanOrEqual(tolerance)
  }
}

describe('prediction', () => {
  it.each([
    ['north', 0, [0, 0, -20]],
    ['west', 0.25, [-20, 0, 0]],
    ['south', 0.5, [0, 0, 20]],
    ['east', 0.75, [20, 0, 0]],
  ])('[VEH-42] drives %s at heading %d, with a negative velocityZ', (_name, heading, expected) => {
    expectNear(position(predicted(stateWith({ heading, velocityZ: -20 }), 1)), expected)
  })

  it.each([
    ['north', 0, [5, 0, 0]],
    ['west', 0.25, [0, 0, -5]],
  ])('[VEH-42] slides to the right of %s with a positive velocityX', (_name, heading, expected) => {
    expectNear(position(predicted(stateWith({ heading, velocityX: 5 }), 1)), expected)
  })

  it('[VEH-42] drives a full circle back to where it began, turning left', () => {
    // 10 m/s and 0.5 rad/s: a circle of 20 m radius whose centre is 20 m to the west of a truck heading north.
    let state = stateWith({ velocityZ: -10, yawRate: 0.5 })
    const lap = (2 * Math.PI) / 0.5
    for (let part = 1; part <= 16; part++) {
      state = predicted(state, lap / 16)
      expect(Math.hypot(state.x + 20, state.z)).toBeCloseTo(20, 4)
      if (part === 4) expectNear(position(state), [-20, 0, -20], 1e-3)
    }
    expectNear(position(state), [0, 0, 0], 1e-3)
    expect(Math.min(state.heading, 1 - state.heading)).toBeLessThan(1e-9)
  })

  it('[VEH-42] climbs where the road rises, with the truck along it', () => {
    const pitch = 0.05 / (2 * Math.PI)
    const state = predicted(stateWith({ velocityZ: -20, pitch }), 1)
    expectNear(position(state), [0, 20 * Math.sin(0.05), -20 * Math.cos(0.05)])
  })

  it('[VEH-42] stays on the road while the chassis dives on its springs', () => {
    // Level road: nose 1° down, so velocity in vehicle space has a part upwards that makes up for it.
    const dive = Math.PI / 180
    const state = stateWith({
      pitch: -dive / (2 * Math.PI),
      velocityZ: -20 * Math.cos(dive),
      velocityY: 20 * Math.sin(dive),
    })
    expectNear(position(predicted(state, 1)), [0, 0, -20])
  })

  it('[VEH-40] gains and loses speed', () => {
    expect(predicted(stateWith({ velocityZ: -10, acceleration: 2 }), 0.5)).toMatchObject({ velocityZ: -11 })
    expectNear(position(predicted(stateWith({ velocityZ: -10, acceleration: 2 }), 0.5)), [0, 0, -5.25])
    expectNear(position(predicted(stateWith({ velocityZ: -10, acceleration: -2 }), 0.5)), [0, 0, -4.75])
  })

  it.each([
    ['forwards', -2, -4],
    ['in reverse', 2, 4],
  ])('[VEH-41] ends braking %s at standstill', (_name, velocityZ, acceleration) => {
    const moving = stateWith({ velocityZ, acceleration, yawRate: 0.1, velocityX: 0.1 })
    const stopped = predicted(moving, 0.5)
    expect(Math.abs(stopped.z)).toBeCloseTo(0.5, 2)
    expect(predicted(moving, 1)).toEqual(stopped)
    expect(stopped).toMatchObject({ velocityX: 0, velocityZ: 0, acceleration: 0, yawRate: 0 })
  })

  it('[VEH-41] does not move a standing truck that rocks, but one whose driver steps on it', () => {
    const rocking = stateWith({ x: 5, acceleration: -0.8 })
    expect(predicted(rocking, 1).z).toBe(0)
    expect(predicted({ ...rocking, acceleration: 0.8, throttle: 0.5 }, 1).z).toBeCloseTo(-0.4)
  })

  it('[VEH-44] leaves a paused vehicle where it is', () => {
    const paused = stateWith({ x: 7, velocityZ: -20, yawRate: 0.1, flags: vehicleFlags.paused })
    expect(predicted(paused, 1)).toEqual(paused)
  })

  it('predicts back as well as forth', () => {
    const state = stateWith({ velocityZ: -15, yawRate: 0.2, velocityX: -0.4, trailerCount: 1, heading: 0.3 })
    state.trailers[0].yaw = -0.02
    const there = predicted(state, 0.1)
    const back = predicted(there, -0.1)
    expectNear(position(back), position(state), 1e-6)
    expect(back.heading).toBeCloseTo(state.heading, 9)
    expect(back.trailers[0].yaw).toBeCloseTo(state.trailers[0].yaw, 5)
  })

  it('[VEH-43] keeps trailers straight behind on a straight road', () => {
    const state = predicted(stateWith({ velocityZ: -20, trailerCount: 3 }), 0.5)
    expect(state.trailers.map((trailer) => trailer.yaw)).toEqual([0, 0, 0])
  })

  it('[VEH-43] lets a bent trailer straighten forwards and fold in reverse', () => {
    const bent = stateWith({ velocityZ: -5, trailerCount: 1 })
    bent.trailers[0].yaw = 0.05
    expect(predicted(bent, 0.5).trailers[0].yaw).toBeLessThan(0.05)
    expect(predicted({ ...bent, velocityZ: 5 }, 0.5).trailers[0].yaw).toBeGreaterThan(0.05)
  })

  it('[VEH-43] keeps the angle that a steady bend has', () => {
    // Circling long enough, every trailer's angle stands still.
    let state = stateWith({ velocityZ: -6, yawRate: 0.3, velocityX: -0.3 * 2.1, trailerCount: 3 })
    for (let step = 0; step < 300; step++) state = predicted(state, 0.1)
    const settled = predicted(state, 0.5)
    for (const [index, trailer] of state.trailers.entries()) {
      expect(trailer.yaw).toBeLessThan(-0.01)
      expect(settled.trailers[index]?.yaw).toBeCloseTo(trailer.yaw, 4)
    }
  })

  it.each([1, 2, 3])(
    '[VEH-40] foretells 200 ms of a real drive with %d trailers to 25 cm and 1°',
    (trailers) => {
      const drive = new TruthDrive(eventfulDrive(trailers), trailers)
      const into = emptyVehicleState()
      let worst = 0
      let worstYaw = 0
      for (let ms = 0; ms < drive.durationMs - 200; ms += 37) {
        predict(drive.stateAt(ms), 0.2, into)
        const truth = drive.stateAt(ms + 200)
        worst = Math.max(worst, Math.hypot(into.x - truth.x, into.y - truth.y, into.z - truth.z))
        for (const [index, trailer] of truth.trailers.entries()) {
          worstYaw = Math.max(worstYaw, Math.abs((into.trailers[index]?.yaw ?? NaN) - trailer.yaw) * 360)
        }
      }
      expect(worst * 100).toBeLessThan(25)
      // Turning the wheel as fast as the model can at full speed alone makes 0.03 · 24 · 0.2² / 2 rad = 0.8°.
      expect(worstYaw).toBeLessThan(1)
    },
  )

  it('reads nothing of what it is told to fill, and fills all of it', () => {
    const from = stateWith({ x: 1, velocityZ: -20, gear: 7, rpm: 1_000, trailerCount: 1 })
    const into = stateWith({ x: 99, y: 99, gear: -3, steering: 1, brake: 1, trailerCount: 3 })
    predict(from, 0.1, into)
    expect({ ...into, trailers: [] }).toEqual({ ...predicted(from, 0.1), trailers: [] })
  })
})
