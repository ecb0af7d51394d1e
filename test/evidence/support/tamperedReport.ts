import { concat, copyOf, seededRandom } from '../../../lib/core/index.ts'
import { openEnvelope, type Identity } from '../../../lib/identity/index.ts'
import { decodeMessage, encodeMessage } from '../../../lib/protocol/index.ts'
import { simulatedVerify, type SimulatedClock } from '../../../lib/testing/index.ts'
import { readReportFile, writeReport } from '../../../lib/evidence/reportFile.ts'
import { reportFileSchema, reportSchema, type ReportBody } from '../../../lib/evidence/reportSchema.ts'
import { reportBytes } from '../../../lib/evidence/constants.ts'
import type { SimulatedWorld } from '../../support/simulatedWorld.ts'

/** What the reporter of `file` signed. */
async function bodyOf(file: Uint8Array, clock: SimulatedClock): Promise<ReportBody> {
  const { report } = readReportFile(file)
  const opened = await openEnvelope(report, {
    purpose: 'report',
    clock,
    maxBytes: reportBytes,
    verify: simulatedVerify,
  })
  return decodeMessage(reportSchema, opened.body, reportBytes)
}

/** The report as a reporter that lies signs it: `change` alters what it says. */
export async function resigned(
  file: Uint8Array,
  world: SimulatedWorld,
  liar: Identity,
  change: (body: ReportBody) => ReportBody,
): Promise<Uint8Array> {
  const body = change(await bodyOf(file, world.clock))
  return writeReport(liar, body, { clock: world.clock, random: seededRandom(99) })
}

/** The file with the report's bytes altered by `change` after it was signed. */
export function rewritten(file: Uint8Array, change: (envelope: Uint8Array) => void): Uint8Array {
  const { report, appeal } = readReportFile(file)
  const altered = copyOf(report)
  change(altered)
  return concat(
    file.subarray(0, 9),
    encodeMessage(reportFileSchema, { report: altered, appeal }, reportBytes),
  )
}

/** Where the bytes of `part` are in `whole`. */
export function placeOf(part: Uint8Array, whole: Uint8Array): number {
  for (let place = 0; place + part.length <= whole.length; place++) {
    if (part.every((byte, index) => whole[place + index] === byte)) return place
  }
  throw new Error('It is not in there.')
}
