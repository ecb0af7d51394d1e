import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import { emptyVehicleState } from '../../lib/protocol/index.ts'
import {
  emptyRoutePose,
  generatedDrive,
  planRoute,
  routeCities,
  ScriptedDriver,
} from '../../lib/testing/drives/index.ts'

const turns = (difference: number): number => difference - Math.round(difference)

describe('routes', () => {
  it('start at their first city and come past their other ones', () => {
    const route = planRoute('calais-brussels-berlin')
    const pose = emptyRoutePose()
    route.poseAt(0, pose)
    expect(Math.hypot(pose.x + 30_243, pose.z + 4_986)).toBeLessThan(1_000)
    for (const [x, z] of [
      [-21_853, -2_960],
      [10_343, -9_904],
    ] as const) {
      let nearest = Infinity
      for (let distance = 0; distance < route.length; distance += 50) {
        route.poseAt(distance, pose)
        nearest = Math.min(nearest, Math.hypot(pose.x - x, pose.z - z))
      }
      expect(nearest).toBeLessThan(500)
    }
  })

  it('close into a loop to the millimetre', () => {
    const route = planRoute('calais-berlin')
    const [start, end] = [
      route.poseAt(0, emptyRoutePose()),
      route.poseAt(route.length - 1e-6, emptyRoutePose()),
    ]
    expect(Math.hypot(start.x - end.x, start.y - end.y, start.z - end.z)).toBeLessThan(0.001)
    expect(turns(start.heading - end.heading)).toBeCloseTo(0, 9)
  })

  it('can be planned between any two cities, and bend no tighter than a truck can take at speed', () => {
    const pose = emptyRoutePose()
    for (const from of routeCities) {
      for (const to of routeCities) {
        if (from === to) continue
        const route = planRoute(`${from}-${to}`)
        for (let distance = 0; distance < route.length; distance += 20) {
          route.poseAt(distance, pose)
          if (Math.abs(pose.curvature) > 1 / 299 || Math.abs(pose.pitch) > 0.04 / 6) {
            expect.fail(`${from}-${to} at ${distance} m: curvature ${pose.curvature}, pitch ${pose.pitch}`)
          }
        }
      }
    }
  })

  it('can touch cities in any order, also back and forth', () => {
    const random = seededRandom(4)
    for (let round = 0; round < 50; round++) {
      const names: string[] = []
      while (names.length < 4) {
        const name = routeCities[Math.floor(random.next() * routeCities.length)] ?? 'calais'
        if (names.at(-1) !== name) names.push(name)
      }
      expect(planRoute(names.join('-'), round).length).toBeGreaterThan(2_000)
    }
  })

  it('keep position, heading and height consistent with their derivatives everywhere', () => {
    const route = planRoute('brussels-antwerp')
    const [a, middle, b] = [emptyRoutePose(), emptyRoutePose(), emptyRoutePose()]
    const step = 1
    for (let distance = -100; distance < route.length + 100; distance += step) {
      route.poseAt(distance, a)
      route.poseAt(distance + step / 2, middle)
      route.poseAt(distance + step, b)
      const angle = middle.heading * 2 * Math.PI
      const off = Math.hypot(b.x - a.x + Math.sin(angle) * step, b.z - a.z + Math.cos(angle) * step)
      const bend = turns(b.heading - a.heading) * 2 * Math.PI - middle.curvature * step
      const climb = b.y - a.y - Math.tan(middle.pitch * 2 * Math.PI) * step
      if (off > 1e-5 || Math.abs(bend) > 1e-5 || Math.abs(climb) > 1e-5) {
        expect.fail(`at ${distance} m: ${off} m, ${bend} rad, ${climb} m`)
      }
    }
  })

  it('are the same for the same seed and differ between seeds', () => {
    const place = (seed: number) => planRoute('calais-berlin', seed).poseAt(20_000, emptyRoutePose())
    expect(place(5)).toEqual(place(5))
    expect(place(5)).not.toEqual(place(6))
  })

  it.each([
    ['calais', /two cities/],
    ['calais-atlantis', /"atlantis".*berlin/],
    ['calais-calais', /twice in a row/],
    ['', /not a known city/],
    ['calais-constructor', /not a known city/],
  ])('refuse "%s", saying what to name instead', (text, message) => {
    expect(() => planRoute(text)).toThrow(message)
  })
})

describe('scripted drivers', () => {
  const route = planRoute('brussels-antwerp', 2)
  const drive = generatedDrive(seededRandom(2))

  it.each([0, 1])('move in lane %i as their velocity and yaw rate say', (lane) => {
    const driver = new ScriptedDriver(route, drive, { startOffset: 300, lane })
    const [a, middle, b] = [emptyVehicleState(), emptyVehicleState(), emptyVehicleState()]
    // One lap and more: every bend of the road, every stop of the drive.
    const stepMs = 50
    for (let time = 0; time < 600_000; time += stepMs) {
      driver.stateAt(time, a)
      driver.stateAt(time + stepMs / 2, middle)
      driver.stateAt(time + stepMs, b)
      const angle = middle.heading * 2 * Math.PI
      const forward = (-middle.velocityZ * stepMs) / 1_000
      const horizontal = forward * Math.cos(middle.pitch * 2 * Math.PI)
      const off = Math.hypot(
        b.x - a.x + Math.sin(angle) * horizontal,
        b.y - a.y - forward * Math.sin(middle.pitch * 2 * Math.PI),
        b.z - a.z + Math.cos(angle) * horizontal,
      )
      const bend = turns(b.heading - a.heading) * 2 * Math.PI - (middle.yawRate * stepMs) / 1_000
      const gain = -(b.velocityZ - a.velocityZ) - ((a.acceleration + b.acceleration) / 2) * (stepMs / 1_000)
      if (off > 0.002 || Math.abs(bend) > 1e-4 || Math.abs(gain) > 0.02) {
        expect.fail(`at ${time} ms: ${off} m, ${bend} rad, ${gain} m/s`)
      }
    }
  })

  it('pull a trailer whose axles only ever roll forwards', () => {
    const driver = new ScriptedDriver(route, drive)
    const [a, b] = [emptyVehicleState(), emptyVehicleState()]
    const axle = (state: typeof a) => {
      const angle = (state.heading + state.trailers[0].yaw) * 2 * Math.PI
      return { angle, x: state.x + Math.sin(angle) * 8, z: state.z + Math.cos(angle) * 8 }
    }
    let widest = 0
    for (let time = 0; time < 600_000; time += 50) {
      const [from, to] = [axle(driver.stateAt(time, a)), axle(driver.stateAt(time + 50, b))]
      const angle = (from.angle + to.angle) / 2
      // What the axle moved across its own wheels.
      const sideways = (to.x - from.x) * Math.cos(angle) - (to.z - from.z) * Math.sin(angle)
      if (Math.abs(sideways) > 0.001) expect.fail(`at ${time} ms: ${sideways} m`)
      widest = Math.max(widest, Math.abs(a.trailers[0].yaw))
    }
    // In a bend of 300 m radius the trailer stands at asin(8 / 300), 0.0042 turns.
    expect(widest).toBeGreaterThan(0.001)
    expect(widest).toBeLessThan(0.0045)
  })

  it('stay within what a vehicle state may hold', () => {
    const driver = new ScriptedDriver(route, drive, { lane: 1 })
    const state = emptyVehicleState()
    for (let time = -10_000; time < 300_000; time += 90) {
      driver.stateAt(time, state)
      const { trailers, ...numbers } = state
      for (const value of Object.values<number>({ ...numbers, ...trailers[0] })) {
        if (!Number.isFinite(value)) expect.fail(JSON.stringify(state))
      }
      if (state.heading < 0 || state.heading >= 1 || state.rpm > 3_175 || state.gear > 12) {
        expect.fail(JSON.stringify(state))
      }
    }
  })

  it('follow with the delay they are given', () => {
    const lead = new ScriptedDriver(route, drive, { startOffset: 40 })
    const follower = new ScriptedDriver(route, drive, { delayMs: 1_500 })
    expect(follower.distanceAt(60_000)).toBeCloseTo(lead.distanceAt(58_500) - 40, 9)
  })

  it('are a pure function of time', () => {
    const driver = new ScriptedDriver(route, drive)
    const first = structuredClone(driver.stateAt(12_345, emptyVehicleState()))
    driver.stateAt(99_999, emptyVehicleState())
    expect(driver.stateAt(12_345, emptyVehicleState())).toEqual(first)
    expect(
      new ScriptedDriver(planRoute('brussels-antwerp', 2), drive).stateAt(12_345, emptyVehicleState()),
    ).toEqual(first)
  })
})
