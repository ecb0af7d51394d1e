import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../lib/core/index.ts'
import { emptyVehicleState, vehicleFlags, type VehicleState } from '../lib/protocol/index.ts'
import { vehicleRanges, type MotionRates } from '../lib/vehicle/index.ts'
import { eventfulDrive, TruthDrive } from '../test/vehicle/support/truckModel.ts'
import {
  codesOf,
  encodedStream,
  longRun,
  predictedOf,
  type PayloadVector,
  type PredictionVector,
  type RoundedVector,
  type StreamVector,
  type Vectors,
} from '../test/vehicle/support/vectors.ts'
import { repositoryRoot } from './run.ts'

/*
 * Writes test/vehicle/vectors.json: states, payloads and predictions that any implementation of docs/protocol/05-vehicle.md has to
 * agree with, bit for bit. Run it after a change of the protocol: `node --conditions=openconvoy-source scripts/codecVectors.ts`.
 */

const file = join(repositoryRoot, 'test', 'vehicle', 'vectors.json')
const random = seededRandom(1)

function stateWith(values: Partial<VehicleState>): VehicleState {
  return { ...emptyVehicleState(), ...values }
}

function within([least, greatest]: readonly [number, number]): number {
  return least + (greatest - least) * random.next()
}

/** Any state at all. */
function anyState(trailerCount: number): VehicleState {
  const state = emptyVehicleState()
  for (const [field, range] of Object.entries(vehicleRanges)) Object.assign(state, { [field]: within(range) })
  state.flags = Math.floor(state.flags) & 0x3fff
  state.gear = Math.round(state.gear)
  state.trailerCount = trailerCount
  for (let index = 0; index < trailerCount; index++) {
    const trailer = state.trailers[index]
    if (trailer !== undefined)
      Object.assign(trailer, { yaw: within([-1, 1]), pitch: within([-0.5, 0.5]), roll: within([-0.5, 0.5]) })
  }
  return state
}

function end(which: 0 | 1): VehicleState {
  const state = emptyVehicleState()
  for (const [field, range] of Object.entries(vehicleRanges)) Object.assign(state, { [field]: range[which] })
  for (const trailer of state.trailers)
    Object.assign(trailer, { yaw: which, pitch: which / 2, roll: which / 2 })
  return { ...state, flags: which * 0x3fff, trailerCount: 3 * which }
}

function rounded(): RoundedVector[] {
  const bend = stateWith({
    x: -30_243.11,
    y: 12.07,
    z: -4_986.4,
    heading: 0.1591,
    velocityZ: -20.02,
    yawRate: 0.071,
    trailerCount: 1,
  })
  bend.trailers[0].yaw = -0.0183
  const states: [string, VehicleState][] = [
    ['not placed', emptyVehicleState()],
    ['a truck with one trailer in a bend', bend],
    ['every field at its lower end', end(0)],
    ['every field at its upper end', end(1)],
    [
      'a heading that rounds up to a whole turn, and a roll of half a turn',
      stateWith({ x: 1, heading: 0.99999, roll: 0.5 }),
    ],
    [
      'halves, rounded up',
      stateWith({ x: 1.5 / 128, z: -1.5 / 128, pitch: -0.5 / 8_192, velocityZ: -0.5 / 64 }),
    ],
    ...[1, 2, 3].map((count): [string, VehicleState] => [
      `anything, with ${count} trailers`,
      anyState(count),
    ]),
  ]
  return states.map(([name, state]) => ({ name, state, codes: codesOf(state) }))
}

type Unencoded = Omit<PayloadVector, 'hex'>

function stream(name: string, tag: number, payloads: readonly Unencoded[]): StreamVector {
  const vector = { name, tag, payloads: payloads.map((payload) => ({ ...payload, hex: '' })) }
  for (const [number, hex] of encodedStream(vector).entries()) {
    const payload = vector.payloads[number]
    if (payload !== undefined) payload.hex = hex
  }
  return vector
}

function vehicle(index: number, ticks: number, state: VehicleState): PayloadVector['vehicles'][number] {
  return { index, ticks: ticks & 0xffffff, codes: codesOf(state) }
}

/** Ten times a second, a round trip of 0.2 s, every seventh lost. */
function oneTruck(): StreamVector {
  const drive = new TruthDrive(eventfulDrive(2))
  const payloads = Array.from({ length: 40 }, (_, number): Unencoded => {
    const ms = 38_000 + number * 100
    const ticks = (2 ** 24 - 6_000 + number * 400) & 0xffffff
    return {
      acknowledged: number - 2,
      lost: number % 7 === 3,
      sentTicks: (ticks + 30) & 0xffffff,
      wantsWhole: false,
      vehicles: [vehicle(0, ticks, drive.stateAt(ms))],
    }
  })
  return stream(
    'a truck and trailer through bends, across the wrap of the clock, one in seven lost',
    0xc0de,
    payloads,
  )
}

/** Vehicles told at times of their own, three at most, one of which goes and comes. */
function severalVehicles(): StreamVector {
  const drives = [0, 2, 3].map((trailers) => new TruthDrive(eventfulDrive(5 + trailers), trailers))
  const payloads = Array.from({ length: 20 }, (_, number): Unencoded => {
    const ticks = 1_000 + number * 600
    const vehicles = drives.flatMap((drive, place) => {
      if (place > 0 && number % (place + 1) !== 0) return []
      const isHidden = place === 1 && number >= 8 && number < 14
      const state = isHidden ? emptyVehicleState() : drive.stateAt(20_000 + number * 150)
      return [vehicle([0, 1, 90][place] ?? 0, ticks - (place === 2 ? 37 : 0), state)]
    })
    return {
      acknowledged: number - 1,
      lost: number === 5,
      sentTicks: ticks + 9,
      wantsWhole: number === 3 || number === 19,
      vehicles,
    }
  })
  return stream('three vehicles, one hidden for a while', 0x0102, [
    ...payloads,
    { acknowledged: 19, lost: false, sentTicks: 14_000, wantsWhole: true, vehicles: [] },
  ])
}

/** Anything after anything: what prediction can't foretell is escaped. */
function extremes(): StreamVector {
  const gaps = [
    0, 1, 3, 4, 62, 63, 239, 240, 480, 680, 880, 1_280, 1_800, 2_600, 4_000, 6_000, 8_000, 8_001, 30_000,
  ]
  let ticks = 500_000
  const payloads = gaps.map((gap, number): Unencoded => {
    ticks += gap
    const state =
      number === 1
        ? anyState(3)
        : number % 6 === 5
          ? end(number % 4 === 1 ? 1 : 0)
          : anyState(number < 10 ? 3 : 1)
    return {
      acknowledged: number - 1,
      lost: false,
      sentTicks: ticks + (number % 5) * 1_500,
      wantsWhole: false,
      vehicles: [vehicle(0, ticks, state)],
    }
  })
  return stream('anything after anything, at every distance in time', 0xffff, payloads)
}

function predictions(): PredictionVector[] {
  const drive = new TruthDrive(eventfulDrive(9), 2)
  return Array.from({ length: 40 }, (_, index) => {
    const state = index < 30 ? drive.stateAt(3_000 + index * 2_777) : anyState(index % 4)
    const rates: MotionRates = {
      jerk: within([-8, 8]),
      yawAcceleration: within([-0.5, 0.5]),
      pitchRate: within([-0.02, 0.02]),
    }
    const seconds = [0, 0.0167, 0.1, 0.3, 0.5, 1, 2, -0.1][index % 8] ?? 0
    if (index % 5 === 0) state.flags |= vehicleFlags.paused
    return { state, rates, seconds, predicted: predictedOf(state, rates, seconds) }
  })
}

const vectors: Vectors = {
  rounded: rounded(),
  streams: [oneTruck(), severalVehicles(), extremes()],
  predictions: predictions(),
  longRun: longRun(),
}
/** Each vector on a line of its own: what changes shows. */
const lines = (all: readonly unknown[]): string => all.map((each) => JSON.stringify(each)).join(',\n')
const streams = vectors.streams.map(
  ({ name, tag, payloads }) =>
    `{"name":${JSON.stringify(name)},"tag":${tag},"payloads":[\n${lines(payloads)}]}`,
)
const text = `{"rounded":[\n${lines(vectors.rounded)}],
"streams":[\n${streams.join(',\n')}],
"predictions":[\n${lines(vectors.predictions)}],
"longRun":"${vectors.longRun}"}
`
const isNew = text !== readFileSync(file, 'utf8')
writeFileSync(file, text)
console.log(isNew ? 'Wrote test/vehicle/vectors.json.' : 'test/vehicle/vectors.json is as it was.')
