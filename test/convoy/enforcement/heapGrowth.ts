import { MemberWatch } from '../../../lib/convoy/enforcement/index.ts'
import { defaultRules, emptyVehicleState } from '../../../lib/protocol/index.ts'
import { codeOf, emptyCodes, quantise } from '../../../lib/vehicle/index.ts'

/** A program: prints how many bytes of heap holding an update against the rules takes. */

const calls = 100_000
const rounds = 3
const gc = globalThis.gc
if (gc === undefined) throw new Error('Run with --expose-gc.')

const findings: unknown[] = []
const watch = new MemberWatch('truck', 0, (finding) => findings.push(finding))
watch.setRules({ ...defaultRules, speedLimit: 80 }, 0)
const codes = emptyCodes()
quantise({ ...emptyVehicleState(), x: 100.5, y: 5.5, velocityZ: -20.5, velocityX: 0.25 }, codes)
const times = { sampledAt: 0, receivedAt: 0 }

/** Steadily north, with a speed that trembles. */
function note(index: number): void {
  codes[codeOf.z] = -Math.round(index * 131.2)
  codes[codeOf.velocityZ] = -1_312 - (index % 7)
  times.sampledAt = index * 50.25
  times.receivedAt = times.sampledAt + 60.5
  watch.note(codes, times)
}

let index = 0
let least = Infinity
for (let round = 0; round <= rounds; round++) {
  gc()
  const before = process.memoryUsage().heapUsed
  for (const end = index + calls; index < end; index++) note(index % 250_000)
  // The first round is for the compiler.
  if (round > 0) least = Math.min(least, (process.memoryUsage().heapUsed - before) / calls)
}
process.stdout.write(JSON.stringify({ note: least, findings: findings.length }))
