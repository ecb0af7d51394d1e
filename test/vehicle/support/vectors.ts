import { fromHex, seededRandom, toHex } from '../../../lib/core/index.ts'
import { emptyVehicleState, type VehicleState } from '../../../lib/protocol/index.ts'
import { TraceHash } from '../../../lib/testing/traceHash.ts'
import {
  dequantise,
  emptyCodes,
  OutgoingVehicles,
  PayloadBuffers,
  predict,
  quantise,
  readRates,
  type MotionRates,
} from '../../../lib/vehicle/index.ts'
import { IncomingVehicles } from '../../../lib/vehicle/codec/incoming.ts'

/** A state, and the codes that it is rounded to: [VEH-10], [VEH-19]. */
export interface RoundedVector {
  name: string
  state: VehicleState
  codes: number[]
}

/** Payloads over one link, in order. */
export interface StreamVector {
  name: string
  /** Of the sender's incarnation. */
  tag: number
  payloads: PayloadVector[]
}

/** One payload: what goes into it, and its bytes. */
export interface PayloadVector {
  /** Number in this stream, from 0, of the newest payload that the sender knows to have arrived, with all before it that weren't lost; −1 for none. */
  acknowledged: number
  /** Whether it never arrives. */
  lost: boolean
  /** When its datagram is sent, ¼ ms modulo 2^24. */
  sentTicks: number
  wantsWhole: boolean
  vehicles: { index: number; ticks: number; codes: number[] }[]
  /** The payload. */
  hex: string
}

/** A state, how its motion was changing, and where it is predicted to be. Numbers are exact. */
export interface PredictionVector {
  state: VehicleState
  rates: MotionRates
  seconds: number
  predicted: VehicleState
}

/** What test/vehicle/vectors.json holds. */
export interface Vectors {
  rounded: RoundedVector[]
  streams: StreamVector[]
  predictions: PredictionVector[]
  /** Of {@link longRun}. */
  longRun: string
}

/** Everything in which this engine and library differ from `vectors`, one line each; empty where they agree. */
export function differences(vectors: Vectors): string[] {
  return [
    ...vectors.rounded
      .filter((vector) => !isSame(codesOf(vector.state), vector.codes))
      .map(({ name }) => `rounded: ${name}`),
    ...vectors.streams.flatMap((stream) => streamDifferences(stream)),
    ...vectors.predictions
      .filter(
        ({ state, rates, seconds, predicted }) => !isSame(predictedOf(state, rates, seconds), predicted),
      )
      .map(({ seconds }, index) => `prediction ${index}: ${seconds} s`),
    ...(longRun() === vectors.longRun ? [] : ['long run']),
  ]
}

export function codesOf(state: VehicleState): number[] {
  const codes = emptyCodes()
  quantise(state, codes)
  return [...codes]
}

export function predictedOf(state: VehicleState, rates: MotionRates, seconds: number): VehicleState {
  const predicted = emptyVehicleState()
  predict(state, seconds, predicted, rates)
  // JSON knows no −0.
  return JSON.parse(JSON.stringify(predicted)) as VehicleState
}

/** The bytes of each payload of a stream, by its contents. */
export function encodedStream({ tag, payloads }: StreamVector): string[] {
  let acknowledged = -1
  const deliveries = {
    sentSequence: 0,
    hasArrived: (number: number) => number <= acknowledged && payloads[number]?.lost === false,
  }
  const outgoing = new OutgoingVehicles(deliveries, tag, new PayloadBuffers(1_131))
  return payloads.map((payload, number) => {
    acknowledged = payload.acknowledged
    outgoing.wantsWhole = payload.wantsWhole
    outgoing.begin()
    for (const { index, ticks, codes } of payload.vehicles) {
      outgoing.add(index, Int32Array.from(codes), ticks, payload.sentTicks)
    }
    const hex = toHex(outgoing.finish())
    outgoing.sent(number)
    return hex
  })
}

function streamDifferences(stream: StreamVector): string[] {
  const encoded = encodedStream(stream)
  const incoming = new IncomingVehicles()
  return stream.payloads.flatMap((payload, number) => {
    const where = `${stream.name}, payload ${number}`
    const found = encoded[number] === payload.hex ? [] : [`encoded: ${where}`]
    if (payload.lost) return found
    const verdict = incoming.open(fromHex(payload.hex), stream.tag, payload.sentTicks)
    const vehicles: PayloadVector['vehicles'] = []
    incoming.forEach((index, { ticks, codes }) => {
      vehicles.push({ index, ticks, codes: [...codes] })
    })
    const isAsSent =
      verdict === 'taken' && incoming.wantsWhole === payload.wantsWhole && isSame(vehicles, payload.vehicles)
    return isAsSent ? found : [...found, `decoded: ${where}`]
  })
}

/**
 * A hash over 3,000 payloads of two vehicles that drive wildly, and 3,000 predictions, bit for bit: what a few vectors would
 * not show. The inputs use only what all engines compute alike.
 */
export function longRun(): string {
  const random = seededRandom(4)
  const hash = new TraceHash()
  const between = (least: number, greatest: number): number => least + (greatest - least) * random.next()
  const states = [emptyVehicleState(), emptyVehicleState()]
  for (const state of states) Object.assign(state, { x: 100, velocityZ: -10, trailerCount: 3 })
  const predicted = emptyVehicleState()
  const shown = emptyVehicleState()
  const rates = { jerk: 0, yawAcceleration: 0, pitchRate: 0 }
  const codes = emptyCodes()
  let number = 0
  const deliveries = { sentSequence: 0, hasArrived: (asked: number) => asked < number - 2 }
  const outgoing = new OutgoingVehicles(deliveries, 1, new PayloadBuffers(1_131))
  for (let ticks = 0; number < 3_000; number++) {
    const seconds = Math.floor(between(10, 400)) / 1_000
    ticks = (ticks + seconds * 4_000) & 0xffffff
    outgoing.begin()
    for (const [index, state] of states.entries()) {
      Object.assign(rates, {
        jerk: between(-9, 9),
        yawAcceleration: between(-1, 1),
        pitchRate: between(-0.02, 0.02),
      })
      predict(state, seconds, predicted, rates)
      Object.assign(state, {
        x: predicted.x + between(-0.02, 0.02),
        y: predicted.y - state.y / 100,
        z: predicted.z,
        heading: predicted.heading,
        pitch: between(-0.03, 0.03),
        roll: between(-0.01, 0.01),
        velocityX: between(-0.3, 0.3),
        velocityZ: Math.max(-25, Math.min(5, predicted.velocityZ + between(-1, 1))),
        acceleration: between(-4, 2),
        yawRate: between(-0.3, 0.3),
        throttle: random.next(),
      })
      for (const [place, trailer] of state.trailers.entries()) {
        trailer.yaw = (predicted.trailers[place]?.yaw ?? 0) * 0.9 + between(-0.01, 0.01)
        trailer.pitch = between(-0.01, 0.01)
      }
      quantise(state, codes)
      const known = outgoing.add(index, codes, ticks, ticks)
      dequantise(known.codes, shown)
      readRates(known, rates)
      predict(shown, seconds, predicted, rates)
      for (const each of [predicted.x, predicted.y, predicted.z, predicted.heading]) hash.addNumber(each)
      for (const { yaw } of predicted.trailers) hash.addNumber(yaw)
      for (const doubt of known.doubts) hash.addNumber(doubt)
    }
    hash.addBytes(outgoing.finish())
    outgoing.sent(number)
  }
  return hash.toString()
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
