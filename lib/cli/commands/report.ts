import { defineCommand } from 'citty'
import { readFile, stat } from 'node:fs/promises'
import { toHex } from '../../core/index.ts'
import { examineReport, replayReport, type ExaminedReport } from '../../evidence/index.ts'
import { describeReport, isAltered } from '../reportText.ts'
import { UsageError } from '../runProgram.ts'

/** Exit code where a part of the report contradicts what its author signed. */
const alteredCode = 3

/** Bytes of a file beyond which it is not even read: far more than a report has. */
const readableBytes = 16 * 1_048_576

const view = defineCommand({
  meta: {
    name: 'view',
    description:
      'Check every signature of a report, replay its clip and say what happened; ends with 3 where something was altered',
  },
  args: {
    file: { type: 'positional', description: 'File of the report', required: true },
    json: { type: 'boolean', default: false, description: 'Print everything as one line of JSON' },
  },
  async run({ args }) {
    const report = await examineReport(await read(args.file))
    const replay = replayReport(report)
    console.log(args.json ? JSON.stringify({ ...plain(report), replay }) : describeReport(report, replay))
    return isAltered(report) ? alteredCode : undefined
  },
})

/** `openconvoy report`: what moderators do with the files that members hand in. */
export const report = defineCommand({
  meta: { name: 'report', description: 'Look at reports that members handed in' },
  subCommands: { view },
})

async function read(file: string): Promise<Uint8Array> {
  try {
    if ((await stat(file)).size <= readableBytes) return await readFile(file)
  } catch (cause) {
    throw new UsageError(`"${file}" can't be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  throw new UsageError(`"${file}" is too large for a report.`)
}

/** The report with keys as text. */
function plain(report: ExaminedReport): object {
  const text = JSON.stringify(report, (_key, value: unknown) =>
    value instanceof Uint8Array ? toHex(value) : value,
  )
  return JSON.parse(text) as object
}
