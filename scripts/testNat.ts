import { parseArgs } from 'node:util'
import { runProgram } from '../examples/support/program.ts'
import { Progress } from '../examples/support/progress.ts'
import { natCases, type NatCase } from '../test/nat/cases.ts'
import { Internet } from '../test/nat/internet.ts'
import { NetworkNamespaces } from '../test/nat/namespaces.ts'
import { whyNot } from '../test/nat/prerequisites.ts'
import { describeReport, reportOf, type NatReport } from '../test/nat/report.ts'
import { runCase, type NatResult } from '../test/nat/runCase.ts'
import { doctorCases, runDoctor } from '../test/nat/runDoctor.ts'
import { groupCase, runGroup } from '../test/nat/runGroup.ts'
import { Services } from '../test/nat/services.ts'
import { TurnProcess } from '../test/nat/turnProcess.ts'

const usage = `npm run test:nat -- [--only TEXT] [--json]

Connects two peers across real routers, made of Linux network namespaces and nftables: behind NAT of several kinds, over
IPv6 only, over a narrow path, with and without a TURN server (coturn), with relays only. The only STUN servers are those of our
signaling service and coturn. Needs root, iproute2 and nftables; where these are missing it says so and succeeds as skipped. Cases
with a relay need coturn as well, and are skipped by themselves.

  --only TEXT  only cases whose name or engines contain TEXT
  --json       print one line of JSON instead of a table
`

/** Everything together takes two to four minutes; a machine in trouble shall not hold anybody up. */
const limitMs = 480_000

/** Cases side by side that are busy: six processes, three of them at the same time. */
const busyAtOnce = 2

await runProgram(main)

async function main(interrupted: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  if (values.help === true) {
    console.log(usage)
    return true
  }
  const obstacle = await whyNot()
  if (obstacle !== undefined) {
    console.log(values.json === true ? JSON.stringify({ skipped: obstacle }) : `skipped: ${obstacle}`)
    return true
  }
  const { only = '' } = values
  const chosen = natCases().filter(({ name, engines }) => `${name} ${engines.join(' ')}`.includes(only))
  const noTurn = await TurnProcess.whyNot()
  const cases = chosen.filter(({ turn }) => turn === undefined || noTurn === undefined)
  const limited = AbortSignal.any([interrupted, AbortSignal.timeout(limitMs)])
  const skipped = noTurn === undefined ? undefined : { cases: chosen.length - cases.length, reason: noTurn }
  const report = { ...(await run(cases, only, noTurn === undefined, limited)), ...(skipped && { skipped }) }
  if (interrupted.aborted) return false
  console.log(values.json === true ? JSON.stringify(report) : describeReport(report))
  return report.failed === 0
}

async function run(
  cases: readonly NatCase[],
  only: string,
  withTurn: boolean,
  signal: AbortSignal,
): Promise<NatReport> {
  const namespaces = new NetworkNamespaces()
  const progress = new Progress()
  const removeAll = (): void => namespaces.removeAll()
  // Also where a second Ctrl-C ends the process on the spot.
  process.once('exit', removeAll)
  try {
    const internet = await Internet.create(namespaces)
    const services = await Services.start(internet.namespace, withTurn, signal)
    try {
      let done = 0
      const results = await runAll(cases, async (natCase) => {
        const result = await runCase(natCase, internet, signal)
        progress.show(`${++done} of ${cases.length} done`)
        return result
      })
      if (withTurn && groupCase.includes(only)) {
        for (const engine of ['datachannel', 'werift'] as const)
          results.push(await runGroup(engine, internet, signal))
      }
      const examined = doctorCases.filter(({ name }) => withTurn && name.includes(only))
      results.push(...(await Promise.all(examined.map((each) => runDoctor(each, internet, signal)))))
      return reportOf(results, await services.close())
    } finally {
      await services.close()
    }
  } finally {
    removeAll()
    process.off('exit', removeAll)
    progress.clear()
  }
}

/** Runs them all; gives the results in the order of the cases. */
async function runAll(
  cases: readonly NatCase[],
  runOne: (natCase: NatCase) => Promise<NatResult>,
): Promise<NatResult[]> {
  const results = new Map<NatCase, NatResult>()
  const inTurn = async (queue: NatCase[]): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results.set(next, await runOne(next))
  }
  // Those that end by a time-out mostly wait: all of them at once, beside the others.
  const waiting = cases.filter(({ expected }) => expected === 'link-failed').map((natCase) => [natCase])
  const busy = cases.filter(({ expected }) => expected !== 'link-failed')
  await Promise.all([...waiting, ...Array.from({ length: busyAtOnce }, () => busy)].map(inTurn))
  return cases.flatMap((natCase) => results.get(natCase) ?? [])
}
