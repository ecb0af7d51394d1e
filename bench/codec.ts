import { decode as decodeMsgpack, encode as encodeMsgpack } from '@msgpack/msgpack'
import { BitReader, BitWriter, createSystemClock, seededRandom } from '../lib/core/index.ts'
import { emptyVehicleState, type VehicleState } from '../lib/protocol/index.ts'
import { generatedDrive, planRoute, ScriptedDriver } from '../lib/testing/index.ts'
import { maxUpdateBits, readUpdate, writeUpdate, type VehicleUpdate } from '../lib/vehicle/index.ts'
import { interleavedMedians, type Benchmark, type Effort, type Figure } from './benchmark.ts'

/**
 * The vehicle codec beside what a program would use without it: the same update as JSON text or MessagePack, as bytes
 * and back into an object.
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
      heapGrowth(),
    ]
  },
}
export default benchmark

/** Encodes and decodes one update. */
interface Codec {
  /** Bytes it took. */
  size: number
  roundTrip(update: VehicleUpdate): VehicleUpdate
}

/** Metres ahead of a truck's reference point to its front axle: what the game reports of its tractors. */
const frontAxle = 1.64
/** Metres from the reference point back to the fifth wheel, and from there to the tail of a 13.6 m semi-trailer. */
const hitch = 2
const trailerTail = 12

/** Metres, in world axes. */
type Point = readonly [x: number, y: number, z: number]

function ours(): Codec {
  const buffer = new Uint8Array(Math.ceil(maxUpdateBits / 8))
  const writer = new BitWriter(buffer)
  const reader = new BitReader(buffer)
  const decoded: VehicleUpdate = { sequence: 0, time: 0, state: emptyVehicleState() }
  return {
    size: 0,
    roundTrip(update) {
      writer.reset()
      writeUpdate(writer, update.sequence, update.time, update.state)
      this.size = writer.position / 8
      reader.reset(buffer)
      if (!readUpdate(reader, decoded)) throw new Error('The update did not decode.')
      return decoded
    },
  }
}

function json(): Codec {
  const textEncoder = new TextEncoder()
  const textDecoder = new TextDecoder()
  return {
    size: 0,
    roundTrip(update) {
      const bytes = textEncoder.encode(JSON.stringify(update))
      this.size = bytes.length
      return JSON.parse(textDecoder.decode(bytes)) as VehicleUpdate
    },
  }
}

function msgpack(): Codec {
  return {
    size: 0,
    roundTrip(update) {
      const bytes = encodeMsgpack(update)
      this.size = bytes.length
      return decodeMsgpack(bytes) as VehicleUpdate
    },
  }
}

/** The updates of a generated drive from Calais to Berlin, one trailer behind, only what is in use. */
function drive(rate: number, count: number): VehicleUpdate[] {
  const driver = new ScriptedDriver(planRoute('calais-berlin'), generatedDrive(seededRandom(1)))
  return Array.from({ length: count }, (_, index) => {
    const state = driver.stateAt((index * 1000) / rate, emptyVehicleState())
    // The baselines need not carry trailers that aren't there; ours doesn't either.
    state.trailers = state.trailers.slice(0, state.trailerCount) as VehicleState['trailers']
    return { sequence: index, time: (index * 4000) / rate, state }
  })
}

function precision(scenario: string, rate: number, effort: Effort): Figure[] {
  const updates = drive(rate, (effort.quick ? 30 : 300) * rate)
  const measured = { ours: ours(), json: json(), msgpack: msgpack() }
  const figures = Object.entries(measured).map(([name, codec]) => {
    let bits = 0
    let error = 0
    let rearError = 0
    for (const update of updates) {
      const { state } = codec.roundTrip(update)
      bits += codec.size * 8
      error = Math.max(error, distance(frontOf(state), frontOf(update.state)))
      rearError = Math.max(rearError, distance(rearOf(state), rearOf(update.state)))
    }
    return [name, { bits: bits / updates.length, error: error * 100, rearError: rearError * 100 }] as const
  })
  const of = new Map(figures)
  const figure = (name: string, key: 'bits' | 'error' | 'rearError', unit: string): Figure => ({
    name,
    scenario,
    value: of.get('ours')?.[key] ?? NaN,
    unit,
    baselines: { json: of.get('json')?.[key] ?? NaN, msgpack: of.get('msgpack')?.[key] ?? NaN },
  })
  return [
    figure('bitsPerUpdate', 'bits', 'bit'),
    figure('maxErrorCm', 'error', 'cm'),
    figure('maxRearErrorCm', 'rearError', 'cm'),
  ]
}

function speed(effort: Effort): Figure {
  const clock = createSystemClock()
  const updates = drive(10, 1_000)
  const roundMs = effort.quick ? 20 : 200
  const rateOf = (codec: Codec) => (): number => {
    const start = clock.now()
    let done = 0
    while (clock.now() - start < roundMs) {
      for (const update of updates) codec.roundTrip(update)
      done += updates.length
    }
    return (done * 1000) / (clock.now() - start)
  }
  const medians = interleavedMedians(
    { ours: rateOf(ours()), json: rateOf(json()), msgpack: rateOf(msgpack()) },
    effort.quick ? 3 : 9,
  )
  return {
    name: 'encodeDecodePerSecond',
    scenario: '',
    value: medians.ours,
    unit: '1/s',
    baselines: { json: medians.json, msgpack: medians.msgpack },
  }
}

/** Bytes of heap that 10,000 round trips take. */
function heapGrowth(): Figure {
  const updates = drive(10, 10_000)
  const growthOf = (codec: Codec) => (): number => {
    const roundTrip = (update: VehicleUpdate): unknown => codec.roundTrip(update)
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    // Not with for-of, whose iterator would be counted as well.
    updates.forEach(roundTrip)
    return process.memoryUsage().heapUsed - before
  }
  const medians = interleavedMedians(
    { ours: growthOf(ours()), json: growthOf(json()), msgpack: growthOf(msgpack()) },
    7,
  )
  return {
    name: 'heapGrowthBytes',
    scenario: '10000-updates',
    value: medians.ours,
    unit: 'B',
    baselines: { json: medians.json, msgpack: medians.msgpack },
  }
}

function frontOf(state: VehicleState): Point {
  return along([state.x, state.y, state.z], state.heading, state.pitch, frontAxle)
}

function rearOf(state: VehicleState): Point {
  const coupling = along([state.x, state.y, state.z], state.heading, state.pitch, -hitch)
  const [trailer] = state.trailers
  return along(coupling, state.heading + trailer.yaw, state.pitch + trailer.pitch, -trailerTail)
}

/** The point `metres` ahead of `from` in the direction of heading and pitch, in turns. */
function along([x, y, z]: Point, heading: number, pitch: number, metres: number): Point {
  const turn = heading * 2 * Math.PI
  const rise = pitch * 2 * Math.PI
  const flat = metres * Math.cos(rise)
  return [x - flat * Math.sin(turn), y + metres * Math.sin(rise), z - flat * Math.cos(turn)]
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
}
