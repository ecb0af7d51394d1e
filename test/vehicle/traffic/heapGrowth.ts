import { Counters } from '../../../lib/core/index.ts'
import { emptyVehicleState } from '../../../lib/protocol/index.ts'
import type { RecordMember } from '../../../lib/session/index.ts'
import { SimulatedClock } from '../../../lib/testing/index.ts'
import { codeOf, emptyKnown, Playout, quantise } from '../../../lib/vehicle/index.ts'
import { trafficId } from '../../../lib/vehicle/traffic/trafficId.ts'
import { TrafficTable } from '../../../lib/vehicle/traffic/trafficTable.ts'
import { stateWith } from '../support/states.ts'

/**
 * A program: prints how many bytes of heap a received update of traffic takes, and a sample of twenty vehicles; and what playout
 * alone takes for the same.
 */

const calls = 30_000
const vehicles = 20
const gc = globalThis.gc
if (gc === undefined) throw new Error('Run with --expose-gc.')

const dropped = new Counters()
const table = new TrafficTable(new SimulatedClock(), dropped, () => undefined)
const anna = { id: 'anna', joinedAt: 1 } as RecordMember
for (let index = 1; index <= vehicles; index++) {
  table.claim(anna, { id: trafficId(1, index), index, number: 0, model: '' })
}
for (const vehicle of table.vehicles) vehicle.within = true

function bytesPerCall(call: (index: number) => void): number {
  let index = 0
  let least = Infinity
  for (let round = 0; round <= 3; round++) {
    gc?.()
    const before = process.memoryUsage().heapUsed
    for (const end = index + calls; index < end; index++) call(index)
    // The first round is for the compiler.
    if (round > 0) least = Math.min(least, (process.memoryUsage().heapUsed - before) / calls)
  }
  return least
}

const known = emptyKnown()
quantise(stateWith({ x: 100.5, y: 5.5, velocityZ: -20.5, yawRate: 0.05 }), known.codes)
const times = { sampledAt: 0.5, sentAt: 0.5 }
const now = new Float64Array(1)
const prepare = (index: number): number => {
  const at = index * 10.5
  now[0] = at
  known.codes[codeOf.z] = -index * 26
  times.sampledAt = at
  times.sentAt = at
  return at
}
const receive = bytesPerCall((index) => {
  table.receive('anna', 1 + (index % vehicles), known, times, prepare(index), 20.5)
})
const sample = bytesPerCall((index) => {
  table.sample('ben', (now[0] ?? 0) + (index % 1_000))
})

const playouts = Array.from({ length: vehicles }, () => new Playout({ fades: false }))
const state = emptyVehicleState()
const playoutReceive = bytesPerCall((index) => {
  playouts[index % vehicles]?.receive(known, times, prepare(index), 20.5)
})
const playoutSample = bytesPerCall((index) => {
  for (const playout of playouts) playout.sample((now[0] ?? 0) + (index % 1_000), state)
})
if (table.sample('ben', now[0] ?? 0).length !== vehicles || dropped.total > 0) {
  throw new Error(`Not all was received: ${JSON.stringify(dropped.snapshot())}`)
}

process.stdout.write(JSON.stringify({ receive, sample, playoutReceive, playoutSample }))
