import { emptyVehicleState } from '../../../lib/protocol/index.ts'
import { DistanceInterest, Uplink } from '../../../lib/vehicle/index.ts'
import { closeInterest } from '../../../lib/vehicle/interest/interest.ts'

/** A program: prints how many bytes of heap judging a vehicle, and asking and using a budget, take per call. */

const calls = 100_000
const rounds = 3
const gc = globalThis.gc
if (gc === undefined) throw new Error('Run with --expose-gc.')

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

const viewer = { ...emptyVehicleState(), x: 0.5, y: 1.5, velocityZ: -20.5 }
const vehicle = { ...emptyVehicleState(), x: 3.5, y: 1.5, velocityZ: -20.25 }
const policy = new DistanceInterest({
  isFollower: () => false,
  vehicleOf: () => viewer,
  followedBy: () => viewer,
})
let former = closeInterest
const judge = bytesPerCall((index) => {
  vehicle.z = (index % 3_000) + 0.5
  former = policy.of(undefined, index % 2, vehicle, former)
})

const signs = { rttMs: 50.5, lossOut: 0.05, queueOutMs: 20.5, datagramsBacklogged: 0, datagramsSent: 1_000 }
const budget = new Uplink().open({ quality: () => signs })
const spend = bytesPerCall((index) => {
  if (budget.left(index * 50.5, 'near') > 0) budget.spend(30)
})

process.stdout.write(JSON.stringify({ judge, spend }))
