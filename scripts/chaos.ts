import { parseArgs } from 'node:util'
import { choice, numberIn, wholeNumberIn } from '../examples/support/arguments.ts'
import { runProgram } from '../examples/support/program.ts'
import { describeReport } from '../test/chaos/report.ts'
import { runChaos } from '../test/chaos/run.ts'
import { whyNot } from '../test/nat/prerequisites.ts'

const usage = `npm run chaos -- [options]

Puts a convoy together, each member a process of its own over real WebRTC, and makes its life hard: kills processes and starts
them again, stops and continues them, cuts cables, blocks ports, splits the network, kills the signaling service. Then it stops,
and everybody left has to agree on everything within half a minute. See test/chaos/README.md.

  --peers N      members, 3 to 16 (8); one more is banned and tries to come back all the time
  --minutes M    how long, 0.1 to 600 (3)
  --seed N       of the faults, their order and their times (1)
  --engine NAME  datachannel or werift (datachannel)
  --loopback     all on this machine's own network, without cables to cut; the default where namespaces can't be made
  --json         one line of JSON on standard output, in the end
  --help
`

/** What a run takes besides its faults, ms: meeting, recovering, leaving. A machine in trouble shall not hold anybody up. */
const aroundMs = 180_000

await runProgram(main)

async function main(interrupted: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      peers: { type: 'string', default: '8' },
      minutes: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
      engine: { type: 'string', default: 'datachannel' },
      loopback: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return true
  }
  const peers = wholeNumberIn('peers', values.peers, 3, 16)
  const chaosMs = numberIn('minutes', values.minutes, 0.1, 600) * 60_000
  const seed = wholeNumberIn('seed', values.seed, 0, 2 ** 31 - 1)
  const engine = choice('engine', values.engine, ['datachannel', 'werift'])
  const withoutNetwork = values.loopback ? '--loopback was given' : await whyNot()
  const tooLong = AbortSignal.timeout(chaosMs + aroundMs)
  const report = await runChaos(
    { peers, chaosMs, seed, engine, withoutNetwork, progress: (text) => console.error(text) },
    AbortSignal.any([interrupted, tooLong]),
  )
  console.log(values.json ? JSON.stringify(report) : describeReport(report))
  return report.problems.length === 0
}
