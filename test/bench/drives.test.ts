import { describe, expect, it } from 'vitest'
import {
  convoyOf,
  cruiseCourse,
  doubleCourse,
  manoeuvringCourse,
  mixedCourse,
  recordedCourse,
  type Course,
} from '../../bench/drives/index.ts'
import { seededRandom } from '../../lib/core/index.ts'
import { emptyVehicleState, type VehicleState } from '../../lib/protocol/index.ts'
import { type Drive, generatedDrive, parseDrive } from '../../lib/testing/index.ts'
import { validateVehicleState } from '../../lib/vehicle/index.ts'

/** One that changes its mind all the time, with the noise of a receiver. */
function recording(): Drive {
  const random = seededRandom(7)
  const rows = Array.from({ length: 600 }, (_, index) => {
    const speed = 10 + 8 * Math.sin(index / 40) + 0.04 * (random.next() - 0.5)
    return `${1_600_000_000 + index / 10},${speed.toFixed(2)}`
  })
  return parseDrive(['epoch,speed', ...rows].join('\n'))
}

const makers: Record<string, (seed: number) => Course> = {
  mixed: mixedCourse,
  double: doubleCourse,
  cruise: cruiseCourse,
  manoeuvring: manoeuvringCourse,
  recorded: (seed) => recordedCourse(recording(), seed),
  'made up': (seed) => recordedCourse(generatedDrive(seededRandom(seed)), seed),
}

/** Between two looks at a course: not a multiple of its rows, so that what lies between them shows too. */
const stepMs = 7

function statesOf(course: Course): VehicleState[] {
  const count = Math.floor(course.durationMs / stepMs)
  return Array.from({ length: count }, (_, index) => course.stateAt(index * stepMs, emptyVehicleState()))
}

/** Smallest and largest of something between each two states that follow each other. */
function rangeOf(
  states: readonly VehicleState[],
  value: (state: VehicleState, before: VehicleState) => number,
): { least: number; most: number } {
  let [least, most] = [Infinity, -Infinity]
  for (const [index, state] of states.slice(1).entries()) {
    const found = value(state, states[index] as VehicleState)
    least = Math.min(least, found)
    most = Math.max(most, found)
  }
  return { least, most }
}

const metresBetween = (a: VehicleState, b: VehicleState): number =>
  Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z)
const velocityOf = (state: VehicleState): number =>
  Math.hypot(state.velocityX, state.velocityY, state.velocityZ)
const wrapped = (turns: number): number => turns - Math.round(turns)

describe.each(Object.entries(makers))('the course "%s"', (name, make) => {
  const course = make(1)
  const states = statesOf(course)

  it('holds what an embedding program may hand in, placed from the start', () => {
    for (const state of states) validateVehicleState(state)
    expect(states[0]?.x).not.toBe(0)
  })

  it('moves as its velocity says, without a jump', () => {
    const off = rangeOf(
      states,
      (state, before) =>
        (metresBetween(state, before) * 1000) / stepMs - (velocityOf(state) + velocityOf(before)) / 2,
    )
    expect(off.least).toBeGreaterThan(-0.05)
    expect(off.most).toBeLessThan(0.05)
  })

  it('turns as its yaw rate says', () => {
    const off = rangeOf(
      states,
      (state, before) =>
        (wrapped(state.heading - before.heading) * 2 * Math.PI * 1000) / stepMs -
        (state.yawRate + before.yawRate) / 2,
    )
    expect(Math.max(-off.least, off.most)).toBeLessThan(0.005)
  })

  it('speeds up as its acceleration says, within what trucks can, and never in a jerk', () => {
    const off = rangeOf(
      states,
      (state, before) =>
        ((before.velocityZ - state.velocityZ) * 1000) / stepMs -
        (state.acceleration + before.acceleration) / 2,
    )
    // What the brakes hold at standstill, and the dive of the body.
    expect(Math.max(-off.least, off.most)).toBeLessThan(0.25)
    const acceleration = rangeOf(states, (state) => state.acceleration)
    expect(acceleration.least).toBeGreaterThan(-7.5)
    expect(acceleration.most).toBeLessThan(3)
    const jump = rangeOf(states, (state, before) => Math.abs(state.acceleration - before.acceleration))
    expect(jump.most).toBeLessThan(0.3)
    const speed = rangeOf(states, (state) => -state.velocityZ)
    expect(speed.least).toBeGreaterThan(-2)
    expect(speed.most).toBeLessThan(25)
  })

  it('takes bends as a load bears them, with a wheel that is turned and not thrown', () => {
    const sideways = rangeOf(states, (state) => state.yawRate * state.velocityZ)
    expect(Math.max(-sideways.least, sideways.most)).toBeLessThan(2.6)
    const steered = rangeOf(states, (state, before) => Math.abs(state.steering - before.steering))
    expect((steered.most * 1000) / stepMs).toBeLessThan(1)
  })

  it('pulls its trailers without folding up, and has none that it doesn’t say', () => {
    const count = name === 'double' ? 2 : 1
    const articulated = rangeOf(states, (state) =>
      Math.max(...state.trailers.map(({ yaw }) => Math.abs(yaw * 360))),
    )
    expect(articulated.most).toBeGreaterThan(1)
    expect(articulated.most).toBeLessThan(50)
    const others = states.filter(
      ({ trailerCount, trailers }) =>
        trailerCount !== count || trailers.slice(count).some(({ yaw, pitch, roll }) => yaw || pitch || roll),
    )
    expect(others).toEqual([])
  })

  it('leans out of bends, and up and down with the road', () => {
    const roll = rangeOf(states, (state) => state.roll * 360)
    expect(roll.most - roll.least).toBeGreaterThan(0.5)
    expect(Math.max(-roll.least, roll.most)).toBeLessThan(2)
    const pitch = rangeOf(states, (state) => state.pitch * 360)
    expect(pitch.most - pitch.least).toBeGreaterThan(1)
  })

  it('is the same again for the same seed, and another for another', () => {
    const [again, other] = [make(1), make(2)]
    for (const timeMs of [0, 1_234.5, course.durationMs / 2, course.durationMs]) {
      const state = course.stateAt(timeMs, emptyVehicleState())
      expect(again.stateAt(timeMs, emptyVehicleState())).toEqual(state)
    }
    const late = course.durationMs / 2
    expect(other.stateAt(late, emptyVehicleState())).not.toEqual(course.stateAt(late, emptyVehicleState()))
  })
})

describe('courses', () => {
  it('hold what they are named for: reversing, standing, braking as hard as it goes', () => {
    for (const course of [mixedCourse(1), manoeuvringCourse(1)]) {
      const states = statesOf(course)
      const speed = rangeOf(states, (state) => -state.velocityZ)
      expect(speed.least).toBeLessThan(-1)
      expect(rangeOf(states, (state) => state.acceleration).least).toBeLessThan(-5)
      expect(states.filter(({ velocityZ }) => velocityZ === 0).length).toBeGreaterThan(500)
    }
  })

  it('of a recording drives at its speed, to the noise of it', () => {
    const drive = recording()
    const moment = { distance: 0, speed: 0, acceleration: 0 }
    const state = emptyVehicleState()
    const course = recordedCourse(drive, 1)
    for (let timeMs = 1_000; timeMs < 59_000; timeMs += 500) {
      course.stateAt(timeMs, state)
      expect(Math.abs(-state.velocityZ - drive.momentAt(timeMs / 1000, moment).speed)).toBeLessThan(0.05)
    }
  })
})

describe.each(['cruise', 'manoeuvring'] as const)('a convoy on %s', (kind) => {
  const courses = convoyOf(8, kind, 1, 60)

  it('keeps its gaps: never closer than a truck is long, never out of sight', () => {
    const [state, ahead] = [emptyVehicleState(), emptyVehicleState()]
    for (const [index, course] of courses.slice(1).entries()) {
      for (let timeMs = 0; timeMs < 59_000; timeMs += 100) {
        const gap = metresBetween(
          course.stateAt(timeMs, state),
          courses[index]?.stateAt(timeMs, ahead) as VehicleState,
        )
        expect(gap).toBeGreaterThan(16.5)
        expect(gap).toBeLessThan(150)
      }
    }
  })

  it('is driven as a truck can be, to its last', () => {
    for (const course of courses) {
      const states = statesOf(course)
      const acceleration = rangeOf(states, (state) => state.acceleration)
      expect(acceleration.least).toBeGreaterThan(-8)
      expect(acceleration.most).toBeLessThan(3)
      const sideways = rangeOf(states, (state) => state.yawRate * state.velocityZ)
      expect(Math.max(-sideways.least, sideways.most)).toBeLessThan(3)
    }
  })
})
