import { SampleRing } from '../../../lib/evidence/sampleRing.ts'
import { maxCanonicalBytes, writeCanonical } from '../../../lib/vehicle/forwarding/canonicalUpdate.ts'
import { SampleLog } from '../../../lib/vehicle/forwarding/sampleLog.ts'
import {
  emptyCodes,
  OutgoingVehicles,
  PayloadBuffers,
  quantise,
  VehiclePublisher,
  VehicleReceiver,
} from '../../../lib/vehicle/index.ts'
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
const codes = emptyCodes()

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

const buffers = new PayloadBuffers(1_131)
const outgoing = new OutgoingVehicles(
  { sentSequence: 0, hasArrived: (sequence) => sequence <= arrived },
  1,
  buffers,
)
let arrived = -3
/** Tells the state as it is after `index` steps of 0.1 s, against what was told two steps before. */
function encodeNext(index: number): Uint8Array {
  state.z = 200_000 - index - (index % 7) / 100
  state.velocityZ = -10 - (index % 5) / 50
  quantise(state, codes)
  outgoing.begin()
  outgoing.add(0, codes, (index * 400) & 0xffffff, (index * 400) & 0xffffff)
  const payload = outgoing.finish()
  outgoing.sent(index)
  arrived = index - 2
  return payload
}
const encode = bytesPerCall(encodeNext)

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
for (let count = 0; count < 8; count++) {
  let sequence = -1
  const deliveries = {
    get sentSequence() {
      return sequence
    },
    hasArrived: (asked: number) => asked < sequence - 1,
  }
  publisher.add({
    deliveries,
    sendState: () => {
      sequence++
      return true
    },
  })
}
const publishOnce = (): void => {
  time[0] = (time[0] ?? 0) + 12.5
  // Now steady, now surprising.
  state.z -= (time[0] & 2_048) === 0 ? 0.25 : 0.2
  if (state.z < -200_000) state.z = 200_000
  publisher.setVehicle(state)
  tick()
}
const publish = bytesPerCall(publishOnce)

// As it is in a session: what is sent is noted, for forwarders and as evidence.
const log = new SampleLog()
const sentTimes = { sampledAt: 0.5, receivedAt: 0.5 }
const sentRing = new SampleRing()
publisher.observer = (sample) => log.note(sample)
publisher.recipientObserver = (_recipient, sample) => {
  sentTimes.sampledAt = sentTimes.receivedAt = sample.sampledAt
  sentRing.add(sample, sentTimes, false)
}
const publishNoted = bytesPerCall((index) => {
  publishOnce()
  if (index % 100 === 0) log.skip()
})

const receiver = new VehicleReceiver(new SimulatedClock())
receiver.setMember('anna', 1)
outgoing.restart()
const receive = bytesPerCall((index) => {
  receiver.receive('anna', encodeNext(index), index * 100, index * 100 + 50, 0)
})

// As it is while its vehicle is forwarded, and kept as evidence.
const canonical = new Uint8Array(maxCanonicalBytes)
let observedAt = 0
receiver.observer = (_memberId, update, { sampledAt }) => {
  writeCanonical(canonical, update.ticks, update.codes)
  if (sampledAt > observedAt) observedAt = 1
}
const ring = new SampleRing()
receiver.recorder = (_memberId, update, times, isForwarded) => ring.add(update, times, isForwarded)
const receiveObserved = bytesPerCall((call) => {
  const index = (rounds + 1) * calls + call
  receiver.receive('anna', encodeNext(index), index * 100, index * 100 + 50, 0)
})

const sample = bytesPerCall((index) => {
  receiver.sample(2 * (rounds + 1) * calls * 100 + (index % 1000))
})
if (receiver.sample(2 * (rounds + 1) * calls * 100).length !== 1 || receiver.dropped.total > 0)
  throw new Error('Nothing was received.')

process.stdout.write(JSON.stringify({ encode, publish, publishNoted, receive, receiveObserved, sample }))
