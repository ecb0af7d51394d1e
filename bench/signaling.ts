import { fork } from 'node:child_process'
import { median, quantile, type Benchmark, type Figure } from './benchmark.ts'
import { Child } from './processes/child.ts'
import {
  contenders,
  type Contender,
  type FromLoad,
  type FromServer,
  type ToLoad,
  type ToServer,
} from './signaling/messages.ts'

/**
 * Our signaling service with every limit and check on, beside PeerServer, y-webrtc's server and the least that a relay over `ws`
 * can do. Each runs in a process of its own, one at a time, and so does the one that plays its clients.
 */
const benchmark: Benchmark = {
  async run({ quick }) {
    const effort = quick ? quickEffort : fullEffort
    const rounds = new Map<Contender, Round[]>(contenders.map((contender) => [contender, []]))
    for (let round = 0; round < effort.rounds; round++) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(round + turn) % contenders.length] ?? 'ours'
        const measured = await measure(contender, effort)
        rounds.get(contender)?.push(measured)
        process.stderr.write(`${contender}, ${round + 1} of ${effort.rounds}: ${JSON.stringify(measured)}\n`)
      }
    }
    return figuresOf(effort, rounds)
  },
}
export default benchmark

/** Messages of a pair in a row: a host answers a joiner with about that many. */
const burstMessages = 16

interface Effort {
  rounds: number
  /** Whether one server does for relaying and holding, though the former leaves the latter a heap to clean up. */
  oneServer: boolean
  /** Idle connections, and how many are open before the memory of the others is counted: the first ones pay for code. */
  connections: number
  warmUpConnections: number
  pairs: number
  floodMs: number
  /** What all of them carry with a processor to spare. */
  pacePerSecond: number
  paceMs: number
}

/** Below 20,000 files at once, which is what a process gets on many machines. */
const fullEffort: Effort = {
  rounds: 5,
  oneServer: false,
  connections: 10_000,
  warmUpConnections: 500,
  pairs: 500,
  floodMs: 3_000,
  pacePerSecond: 2_000,
  paceMs: 4_000,
}

const quickEffort: Effort = {
  rounds: 1,
  oneServer: true,
  connections: 100,
  warmUpConnections: 20,
  pairs: 10,
  floodMs: 200,
  pacePerSecond: 500,
  paceMs: 400,
}

interface Round {
  connectionsHeld: number
  heapPerConnection: number
  residentPerConnection: number
  relaysPerSecond: number
  cpuPerRelayUs: number
  singleRelaysPerSecond: number
  singleCpuPerRelayUs: number
  relayP50Ms: number
  relayP99Ms: number
}

const programs: Readonly<Record<Contender, string>> = {
  ours: 'ours',
  ws: 'ws',
  peer: 'peer',
  'y-webrtc': 'yWebrtc',
}

async function measure(contender: Contender, effort: Effort): Promise<Round> {
  if (effort.oneServer) {
    return withServer(contender, async (server, load) => ({
      ...(await relay(server, load, effort)),
      ...(await hold(server, load, effort)),
    }))
  }
  const relaying = await withServer(contender, (server, load) => relay(server, load, effort))
  const holding = await withServer(contender, (server, load) => hold(server, load, effort))
  return { ...holding, ...relaying }
}

type Server = Child<ToServer, FromServer>
type Load = Child<ToLoad, FromLoad>

async function withServer<Result>(
  contender: Contender,
  use: (server: Server, load: Load) => Promise<Result>,
): Promise<Result> {
  const program = new URL(`./signaling/servers/${programs[contender]}.ts`, import.meta.url)
  const serverProcess = fork(program, { execArgv: [...process.execArgv, '--expose-gc'] })
  const server: Server = new Child(`The server of ${contender}`, serverProcess)
  const load: Load = new Child('The load', fork(new URL('./signaling/load.ts', import.meta.url)))
  try {
    const { port } = await server.hear('listening')
    await load.ask({ type: 'start', contender, port }, 'started')
    return await use(server, load)
  } finally {
    load.end()
    server.end()
  }
}

async function relay(server: Server, load: Load, effort: Effort) {
  await load.ask({ type: 'pair', pairs: effort.pairs }, 'paired', effort.pairs * 10)
  const { delaysMs } = await load.ask(
    { type: 'pace', perSecond: effort.pacePerSecond, ms: effort.paceMs },
    'paced',
    effort.paceMs,
  )
  const single = await flood(server, load, 1, effort.floodMs)
  const burst = await flood(server, load, burstMessages, effort.floodMs)
  return {
    relaysPerSecond: burst.relaysPerSecond,
    cpuPerRelayUs: burst.cpuPerRelayUs,
    singleRelaysPerSecond: single.relaysPerSecond,
    singleCpuPerRelayUs: single.cpuPerRelayUs,
    relayP50Ms: median(delaysMs),
    relayP99Ms: median(windowsOf(delaysMs).map((window) => quantile(window, 0.99))),
  }
}

/** Of so many messages each: whatever else the machine does for a moment befalls few of them. */
const windowMessages = 1_000

function windowsOf(delaysMs: readonly number[]): (readonly number[])[] {
  const count = Math.max(1, Math.floor(delaysMs.length / windowMessages))
  return Array.from({ length: count }, (_, index) =>
    delaysMs.slice(index * windowMessages, (index + 1) * windowMessages),
  )
}

async function flood(server: Server, load: Load, burst: number, floodMs: number) {
  const before = await server.ask({ type: 'measure' }, 'measured')
  const { relays, all, ms } = await load.ask({ type: 'flood', burst, ms: floodMs }, 'flooded', floodMs * 2)
  const after = await server.ask({ type: 'measure' }, 'measured')
  return {
    relaysPerSecond: relays / (ms / 1_000),
    cpuPerRelayUs: ((after.cpuMs - before.cpuMs) * 1_000) / all,
  }
}

async function hold(server: Server, load: Load, effort: Effort) {
  const { open: first } = await load.ask({ type: 'hold', count: effort.warmUpConnections }, 'holding', 10_000)
  const before = await server.ask({ type: 'measure' }, 'measured')
  const { open } = await load.ask(
    { type: 'hold', count: effort.connections - effort.warmUpConnections },
    'holding',
    effort.connections * 5,
  )
  const after = await server.ask({ type: 'measure' }, 'measured')
  return {
    connectionsHeld: open,
    heapPerConnection: (after.heap - before.heap) / (open - first),
    residentPerConnection: (after.resident - before.resident) / (open - first),
  }
}

function figuresOf(effort: Effort, rounds: ReadonlyMap<Contender, readonly Round[]>): Figure[] {
  const figure = (name: string, scenario: string, unit: string, of: keyof Round): Figure => {
    const middle = (contender: Contender): number =>
      median((rounds.get(contender) ?? []).map((round) => round[of]))
    const [ours, ...others] = contenders
    const baselines = Object.fromEntries(others.map((contender) => [contender, middle(contender)]))
    return { name, scenario, value: middle(ours), unit, baselines }
  }
  const bursts = `bursts of ${burstMessages}`
  return [
    figure('connectionsHeld', `${effort.connections} asked for`, 'connections', 'connectionsHeld'),
    figure('bytesPerConnection', 'heap and buffers', 'B', 'heapPerConnection'),
    figure('bytesPerConnection', 'resident', 'B', 'residentPerConnection'),
    figure('relaysPerSecond', bursts, '1/s', 'relaysPerSecond'),
    figure('relaysPerSecond', 'one at a time', '1/s', 'singleRelaysPerSecond'),
    figure('cpuPerRelayUs', bursts, 'µs', 'cpuPerRelayUs'),
    figure('cpuPerRelayUs', 'one at a time', 'µs', 'singleCpuPerRelayUs'),
    figure('relayP50Ms', `${effort.pacePerSecond} a second`, 'ms', 'relayP50Ms'),
    figure('relayP99Ms', `${effort.pacePerSecond} a second`, 'ms', 'relayP99Ms'),
  ]
}
