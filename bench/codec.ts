import { decode as decodeMsgpack, encode as encodeMsgpack } from '@msgpack/msgpack'
import { createSystemClock, RangeEncoder } from '../lib/core/index.ts'
import { emptyVehicleState, type TrailerState, type VehicleState } from '../lib/protocol/index.ts'
import { statePayloadBytes } from '../lib/rtc/index.ts'
import {
  codeMotion,
  dequantise,
  emptyKnown,
  IncomingVehicles,
  OutgoingVehicles,
  ownVehicleIndex,
  PayloadBuffers,
  quantise,
  startAnew,
  SymbolEncoder,
  type Known,
} from '../lib/vehicle/index.ts'
import { interleavedMedians, type Benchmark, type Effort, type Figure } from './benchmark.ts'
import { mixedCourse, type Course } from './drives/index.ts'
import { emptyEnds, endsOf } from './drives/points.ts'

/**
 * The vehicle codec beside what a program would use without it: JSON text or MessagePack, as bytes and back into an object.
 */
const benchmark: Benchmark = {
  nodeFlags: [
    '--expose-gc',
    // No garbage of a round is collected before it is counted.
    '--min-semi-space-size=128',
    '--max-semi-space-size=128',
    // Compiled at fixed moments: what is compiled late allocates more.
    '--no-concurrent-recompilation',
  ],
  run(effort) {
    return [
      ...precision('truck-trailer-10hz', 10, effort),
      ...precision('truck-trailer-20hz', 20, effort),
      speed(effort),
      heapGrowth(effort),
    ]
  },
}
export default benchmark

const seed = 1
const quickMs = 30_000

/** Round trip of the path, ms, and where in their own period acknowledgements go out: spread, since nothing ties the two together. */
const roundTripMs = 100
const phases = [0.125, 0.375, 0.625, 0.875]

/** What moves, and nothing else. */
type Kinematics = Pick<
  VehicleState,
  | 'x'
  | 'y'
  | 'z'
  | 'heading'
  | 'pitch'
  | 'roll'
  | 'velocityX'
  | 'velocityY'
  | 'velocityZ'
  | 'acceleration'
  | 'yawRate'
> & { trailers: TrailerState[] }

/** Bits of what moves: ours told against the baseline that acknowledgements leave, each update flushed to whole bytes. */
function precision(scenario: string, rate: number, effort: Effort): Figure[] {
  const course = mixedCourse(seed)
  const durationMs = effort.quick ? quickMs : course.durationMs
  const told = phases.map((phase) => ours(course, rate, phase, durationMs))
  const text = new TextEncoder()
  const sizes = { json: 0, msgpack: 0 }
  const count = Math.floor((durationMs * rate) / 1000)
  for (let index = 0; index < count; index++) {
    const moves = kinematicsOf(course.stateAt((index * 1000) / rate, emptyVehicleState()))
    sizes.json += (text.encode(JSON.stringify(moves)).length * 8) / count
    sizes.msgpack += (encodeMsgpack(moves).length * 8) / count
  }
  const exact = { json: 0, msgpack: 0 }
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length
  const figure = (name: string, value: number, unit: string, baselines: Record<string, number>): Figure => ({
    name,
    scenario,
    value,
    unit,
    baselines,
  })
  return [
    figure('bitsPerUpdate', mean(told.map(({ bits }) => bits)), 'bit', sizes),
    figure('maxErrorCm', Math.max(...told.map(({ front }) => front)) * 100, 'cm', exact),
    figure('maxRearErrorCm', Math.max(...told.map(({ rear }) => rear)) * 100, 'cm', exact),
  ]
}

/** Mean bits, and the largest distance from the truth in metres, of a course told at `rate`. */
function ours(
  course: Course,
  rate: number,
  phase: number,
  durationMs: number,
): { bits: number; front: number; rear: number } {
  const range = new RangeEncoder(new Uint8Array(statePayloadBytes))
  const coder = new SymbolEncoder(range)
  const periodMs = 1000 / rate
  const state = emptyVehicleState()
  const decoded = emptyVehicleState()
  const known: Known[] = []
  const ends = { true: emptyEnds(), told: emptyEnds() }
  let bits = 0
  let front = 0
  let rear = 0
  for (let index = 0; index * periodMs < durationMs; index++) {
    const now = index * periodMs
    course.stateAt(now, state)
    const update = emptyKnown()
    quantise(state, update.codes)
    const age = baselineAge(index, periodMs, phase)
    const base = known[index - age]
    range.reset()
    if (base === undefined) startAnew(update)
    else {
      codeMotion(coder, base, update, age * periodMs * ticksPerMs)
      bits += range.finish() * 8
    }
    known.push(update)
    dequantise(update.codes, decoded)
    endsOf(state, ends.true)
    endsOf(decoded, ends.told)
    const { true: truth, told } = ends
    front = Math.max(
      front,
      Math.hypot(told.frontX - truth.frontX, told.frontY - truth.frontY, told.frontZ - truth.frontZ),
    )
    rear = Math.max(
      rear,
      Math.hypot(told.rearX - truth.rearX, told.rearY - truth.rearY, told.rearZ - truth.rearZ),
    )
  }
  return { bits: bits / known.length, front, rear }
}

/** How many updates back the newest acknowledged one is: it arrived, waited for the next datagram back, and that arrived. */
function baselineAge(index: number, periodMs: number, phase: number): number {
  for (let age = 1; ; age++) {
    const arrivedAt = (index - age) * periodMs + roundTripMs / 2
    const answeredAt = (Math.ceil(arrivedAt / periodMs - phase) + phase) * periodMs
    if (answeredAt + roundTripMs / 2 <= index * periodMs) return age
  }
}

function kinematicsOf(state: VehicleState): Kinematics {
  const { x, y, z, heading, pitch, roll, velocityX, velocityY, velocityZ, acceleration, yawRate } = state
  const trailers = state.trailers.slice(0, state.trailerCount)
  return { x, y, z, heading, pitch, roll, velocityX, velocityY, velocityZ, acceleration, yawRate, trailers }
}

/** Takes one state to bytes and back. */
type RoundTrip = (state: VehicleState) => VehicleState

/** All of it: quantised, told in a payload against a baseline two updates old, read, and made a state again. */
function ourRoundTrip(): RoundTrip {
  let sequence = 0
  let ticks = 0
  const outgoing = new OutgoingVehicles(
    { sentSequence: 0, hasArrived: (sent) => sent <= sequence - 2 },
    tag,
    new PayloadBuffers(statePayloadBytes),
  )
  const incoming = new IncomingVehicles()
  const { codes } = emptyKnown()
  const decoded = emptyVehicleState()
  const take = (_index: number, known: Known): void => dequantise(known.codes, decoded)
  return (state) => {
    sequence++
    ticks = (ticks + ticksPerUpdate) % 2 ** 24
    quantise(state, codes)
    outgoing.begin()
    outgoing.add(ownVehicleIndex, codes, ticks, ticks)
    const payload = outgoing.finish()
    outgoing.sent(sequence)
    if (incoming.open(payload, tag, ticks) !== 'taken') throw new Error('The payload was refused.')
    incoming.forEach(take)
    return decoded
  }
}

const tag = 1
/** Sample times count quarters of a millisecond; updates here come at 10 Hz. */
const ticksPerMs = 4
const ticksPerUpdate = 100 * ticksPerMs

const text = { encoder: new TextEncoder(), decoder: new TextDecoder() }
const contenders: Readonly<Record<'ours' | 'json' | 'msgpack', () => RoundTrip>> = {
  ours: ourRoundTrip,
  json: () => (state) =>
    JSON.parse(text.decoder.decode(text.encoder.encode(JSON.stringify(state)))) as VehicleState,
  msgpack: () => (state) => decodeMsgpack(encodeMsgpack(state)) as VehicleState,
}

/** States of a drive at 10 Hz, only what is in use. */
function drive(count: number): VehicleState[] {
  const course = mixedCourse(seed)
  return Array.from({ length: count }, (_, index) => {
    const state = course.stateAt((index * 100) % course.durationMs, emptyVehicleState())
    // The baselines need not carry trailers that aren't there; ours doesn't either.
    state.trailers = state.trailers.slice(0, state.trailerCount) as VehicleState['trailers']
    return state
  })
}

function speed(effort: Effort): Figure {
  const clock = createSystemClock()
  const states = drive(1_000)
  const roundMs = effort.quick ? 20 : 200
  const rateOf = (roundTrip: RoundTrip) => (): number => {
    const start = clock.now()
    let done = 0
    while (clock.now() - start < roundMs) {
      for (const state of states) roundTrip(state)
      done += states.length
    }
    return (done * 1000) / (clock.now() - start)
  }
  const medians = interleavedMedians(
    {
      ours: rateOf(contenders.ours()),
      json: rateOf(contenders.json()),
      msgpack: rateOf(contenders.msgpack()),
    },
    effort.quick ? 3 : 9,
  )
  return figureOf('encodeDecodePerSecond', '', '1/s', medians)
}

/** Bytes of heap that a million round trips take; the baselines' million is counted from a part of it. */
function heapGrowth(effort: Effort): Figure {
  const million = 1_000_000
  const states = drive(10_000)
  const growthOf = (roundTrip: RoundTrip, rounds: number) => (): number => {
    const run = (state: VehicleState): unknown => roundTrip(state)
    states.forEach(run)
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    // Not with for-of, whose iterator would be counted as well.
    for (let round = 0; round < rounds; round++) states.forEach(run)
    return ((process.memoryUsage().heapUsed - before) / rounds) * (million / states.length)
  }
  const medians = interleavedMedians(
    {
      ours: growthOf(contenders.ours(), effort.quick ? 2 : million / states.length),
      json: growthOf(contenders.json(), 1),
      msgpack: growthOf(contenders.msgpack(), 1),
    },
    3,
  )
  return figureOf('heapGrowthBytes', '1000000-updates', 'B', medians)
}

function figureOf(
  name: string,
  scenario: string,
  unit: string,
  { ours: value, ...baselines }: Record<'ours' | 'json' | 'msgpack', number>,
): Figure {
  return { name, scenario, value, unit, baselines }
}
