import { maxCanonicalBytes, writeCanonical } from '../../../lib/vehicle/forwarding/canonicalUpdate.ts'
import { SampleLog } from '../../../lib/vehicle/forwarding/sampleLog.ts'
import { OwnVehicleEncoder, VehiclePublisher, VehicleReceiver } from '../../../lib/vehicle/index.ts'
import { SimulatedClock } from '../../../lib/testing/index.ts'
import { emptyVehicleState } from '../../../lib/protocol/index.ts'

/**
 * A program: prints how many bytes of heap each call of a hot path takes, from the heap in use before and after
 * 100,000 calls without a collection in between.
 */

const calls = 100_000
const rounds = 3
const gc = globalThis.gc
if (gc === undefined) throw new Error('Run with --expose-gc.')

const state = emptyVehicleState()
state.x = 100.5
state.y = 5.5
state.velocityZ = -20.5
state.yawRate = 0.05
state.trailerCount = 1
state.trailers[0].yaw = 0.01
state.trailers[0].pitch = -0.001
state.trailers[0].roll = 0.002
const clock = new SimulatedClock()
const encoder = new OwnVehicleEncoder(1)

/** The least of several rounds: what the compiler allocates in between isn't in each of them. */
function bytesPerCall(call: (index: number) => void): number {
  let index = 0
  let least = Infinity
  for (let round = 0; round <= rounds; round++) {
    gc?.()
    const before = process.memoryUsage().heapUsed
    for (const end = index + calls; index < end; index++) call(index)
    // The first round is for the compiler.
    if (round > 0) least = Math.min(least, (process.memoryUsage().heapUsed - before) / calls)
  }
  return least
}

const encode = bytesPerCall((index) => {
  state.z = -index / 100
  encoder.encode(index, index, state)
})

/** Milliseconds of the publisher's clock: in an array, since a number that changes is an object to some engines. */
const time = new Float64Array(1)
let tick = (): void => undefined
const publisher = new VehiclePublisher({
  // A clock whose only timer is called by hand: the simulated one allocates for each of its own.
  clock: {
    now: () => time[0] ?? 0,
    wallTime: () => 0,
    after: () => () => undefined,
    every: (_periodMs, callback) => {
      tick = callback
      return () => undefined
    },
  },
  tag: 1,
})
for (let count = 0; count < 8; count++) publisher.add({ sendState: () => true })
const publishOnce = (): void => {
  time[0] = (time[0] ?? 0) + 12.5
  state.z -= 0.1
  publisher.setVehicle(state)
  tick()
}
const publish = bytesPerCall(publishOnce)

// As it is while somebody wants digests: at every call a sample is noted.
const log = new SampleLog()
publisher.observer = (period, at, noted) => log.note(period, at, noted)
const publishNoted = bytesPerCall((index) => {
  publishOnce()
  if (index % 100 === 0) log.startAfter(-1)
})

const receiver = new VehicleReceiver(clock)
receiver.setMember('anna', 1)
const receive = bytesPerCall((index) => {
  state.z = -index * 2
  const payload = encoder.encode(index, index * 400, state)
  receiver.receive('anna', payload, index * 100, index * 100 + 50, 0)
})

// As it is while its vehicle is forwarded.
const canonical = new Uint8Array(maxCanonicalBytes)
let observedAt = 0
receiver.observer = (_memberId, update, { sampledAt }) => {
  writeCanonical(canonical, update.sequence, update.time, update.state)
  if (sampledAt > observedAt) observedAt = 1
}
const receiveObserved = bytesPerCall((call) => {
  const index = (rounds + 1) * calls + call
  state.z = -call * 2
  const payload = encoder.encode(index, index * 400, state)
  receiver.receive('anna', payload, index * 100, index * 100 + 50, 0)
})

const sample = bytesPerCall((index) => {
  receiver.sample(2 * (rounds + 1) * calls * 100 + (index % 1000))
})
if (receiver.sample(2 * (rounds + 1) * calls * 100).length !== 1 || receiver.dropped.total > 0)
  throw new Error('Nothing was received.')

process.stdout.write(JSON.stringify({ encode, publish, publishNoted, receive, receiveObserved, sample }))
