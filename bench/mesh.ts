import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { quantile, type Benchmark, type Figure } from './benchmark.ts'
import type { FromNetwork, MeshResult, MeshRun, ToNetwork } from './mesh/messages.ts'
import { Child } from './processes/child.ts'

/**
 * Whole convoys over real WebRTC (node-datachannel), a link between every two members, and everything on the wire counted at the
 * interface: ICE, DTLS, SCTP and its acknowledgements, UDP and IP. Beside it, the same mesh with JSON at 20 Hz on the
 * same links.
 *
 * Members are spread over two processes in a network namespace of their own (Linux, no root needed where user
 * namespaces are allowed).
 */
const benchmark: Benchmark = {
  async run({ quick }) {
    const network = startNetwork()
    try {
      const figures: Figure[] = []
      for (const scenario of quick ? quickScenarios : scenarios) {
        const measure = async (contender: MeshRun['contender']): Promise<Summary> => {
          const run = {
            contender,
            ...scenario,
            warmUpMs: quick ? 1_500 : warmUpMs,
            measureMs: quick ? 1_500 : measureMs[contender],
          }
          const takesMs = run.warmUpMs + run.measureMs + openingMs
          const { result } = await network.ask({ type: 'run', run }, 'ran', takesMs)
          return summaryOf(result, scenario.members)
        }
        const ours = await measure('ours')
        const json = await measure('json')
        figures.push(...figuresOf(scenario.name, ours, json))
      }
      return figures
    } finally {
      network.end()
    }
  },
}
export default benchmark

const scenarios = [
  { name: '8', members: 8, kind: 'cruise' },
  { name: '8-manoeuvring', members: 8, kind: 'manoeuvring' },
  { name: '16', members: 16, kind: 'cruise' },
  { name: '24', members: 24, kind: 'cruise' },
] as const
const quickScenarios = [{ name: '3', members: 3, kind: 'cruise' }] as const

/** Clocks settle, engines are compiled; then long enough to see each truck do something, where it does. */
const warmUpMs = 4_000
const measureMs = { ours: 12_000, json: 6_000 }

/** Longest that making the courses and 276 links may take, ms. */
const openingMs = 40_000

type Summary = Record<'kbpsUpPerPeer' | 'cpuPercentPerPeer' | 'errorP99Cm', number>

function summaryOf({ wireBytes, cpuMs, elapsedMs, errors }: MeshResult, members: number): Summary {
  return {
    kbpsUpPerPeer: (wireBytes * 8) / elapsedMs / members,
    cpuPercentPerPeer: (100 * cpuMs) / elapsedMs / members,
    errorP99Cm: 100 * quantile(errors, 0.99),
  }
}

function figuresOf(scenario: string, ours: Summary, json: Summary): Figure[] {
  const figure = (name: keyof Summary, unit: string): Figure => ({
    name,
    scenario,
    value: ours[name],
    unit,
    baselines: { json: json[name] },
  })
  return [figure('kbpsUpPerPeer', 'kbps'), figure('cpuPercentPerPeer', '%'), figure('errorP99Cm', 'cm')]
}

function startNetwork(): Child<ToNetwork, FromNetwork> {
  const program = fileURLToPath(new URL('./mesh/network.ts', import.meta.url))
  const command = ['--map-root-user', '--net', process.execPath, ...process.execArgv, program]
  return new Child(
    'Meshes are measured in a network namespace, which takes Linux with unshare, ip, veth and user namespaces; here it',
    spawn('unshare', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  )
}
