import { createSystemClock } from '../lib/core/index.ts'
import { median, type Benchmark, type Effort, type Figure } from './benchmark.ts'
import type { Contender, EndResult, Load, NodeEngine } from './link/messages.ts'
import { Pair } from './link/pair.ts'

/**
 * Our link beside the bare engine under it, with the same two channels and the same payload: what numbering, timing and watching
 * cost. Two processes send to each other over many connections at once, as members of convoys do.
 */
const benchmark: Benchmark = {
  async run(effort) {
    return [...(await compareAtLast('werift', effort)), ...(await compareAtLast('datachannel', effort))]
  },
}
export default benchmark

/** How hard an engine is worked, each way. */
interface Settings {
  /** Payloads per second and connection that all four processes together carry with a processor to spare. */
  pacedRate: number
  /** Connections that keep two processors busy at {@link flatOutRate}. */
  flatOutConnections: number
}

const settings: Record<NodeEngine, Settings> = {
  werift: { pacedRate: 50, flatOutConnections: 24 },
  datachannel: { pacedRate: 100, flatOutConnections: 96 },
}

/** As many as a member has at most. */
const pacedConnections = 24

/** As fast as links accept, which is 300 a second, by a timer of whole milliseconds: the processor is what limits. */
const flatOutRate = 250

/** Rounds are short, hence many, since the machine's other work comes and goes: the median of their ratios counts. */
const measureMs = 800

/** Rounds are made until this long after the start, for each engine. */
const budgetMs = { paced: 18_000, whole: 38_000 } as const

const clock = createSystemClock()

type Contest = Record<Contender, Pair>
type Measured = Record<Contender, number>

/** Tries at opening bare engines: now and then libdatachannel fails a connection whose checks overtake the answer. */
const attempts = 4

/** A link would dial again; the bare engine under it has nobody who does. */
async function compareAtLast(engine: NodeEngine, effort: Effort): Promise<Figure[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await compare(engine, effort)
    } catch (error) {
      if (attempt === attempts) throw error
    }
  }
}

async function compare(engine: NodeEngine, effort: Effort): Promise<Figure[]> {
  const { pacedRate, flatOutConnections } = settings[engine]
  const pairs: Contest = { ours: new Pair('ours', engine), engine: new Pair('engine', engine) }
  const both = [pairs.ours, pairs.engine]
  const startedAt = clock.now()
  try {
    // One after the other: opening is heavy work.
    for (const pair of both) await pair.open(pacedConnections)
    // Compiled and grown to size by that.
    for (const pair of both) await pair.load(loadOf(flatOutRate, effort))
    const cpu = await rounds(
      () => paced(pairs, loadOf(pacedRate, effort)),
      startedAt + budgetMs.paced,
      effort,
    )
    for (const pair of both) await pair.open(flatOutConnections - pacedConnections)
    const throughput = await rounds(
      (round) => flatOut(pairs, loadOf(flatOutRate, effort), round),
      startedAt + budgetMs.whole,
      effort,
    )
    return [
      ...figuresOf(engine, ['cpuPerMessageRatio', 'cpuPerMessage', 'µs'], cpu),
      ...figuresOf(engine, ['throughputRatio', 'messagesPerSecond', '1/s'], throughput),
    ]
  } finally {
    for (const pair of both) pair.end()
  }
}

async function rounds(
  measure: (round: number) => Promise<Measured>,
  until: number,
  { quick }: Effort,
): Promise<Measured[]> {
  const measured: Measured[] = []
  do measured.push(await measure(measured.length))
  while (!quick && clock.now() < until)
  return measured
}

/** Microseconds of processor time per message. Both at the same time: whatever disturbs one disturbs the other as much. */
async function paced(pairs: Contest, load: Load): Promise<Measured> {
  const cpuPerMessage = async (pair: Pair): Promise<number> => {
    const { cpuMs, received } = total(await pair.load(load))
    return (1_000 * cpuMs) / received
  }
  const [ours, engine] = await Promise.all([cpuPerMessage(pairs.ours), cpuPerMessage(pairs.engine)])
  return { ours, engine }
}

/** Messages per second. In turn, the first one another each round; meanwhile the other's links send heartbeats only. */
async function flatOut(pairs: Contest, load: Load, round: number): Promise<Measured> {
  const measured: Measured = { ours: NaN, engine: NaN }
  for (const contender of round % 2 === 0 ? (['ours', 'engine'] as const) : (['engine', 'ours'] as const)) {
    const { received, elapsedMs } = total(await pairs[contender].load(load))
    measured[contender] = (1_000 * received) / elapsedMs
  }
  return measured
}

function loadOf(rate: number, { quick }: Effort): Load {
  // What is still under way when it ends has arrived before the next one begins.
  return quick
    ? { rate, warmUpMs: 100, measureMs: 200, settleMs: 100 }
    : { rate, warmUpMs: 100, measureMs, settleMs: 100 }
}

function total(ends: readonly EndResult[]): EndResult {
  const sum = (key: keyof EndResult): number => ends.reduce((so, end) => so + end[key], 0)
  return { received: sum('received'), cpuMs: sum('cpuMs'), elapsedMs: sum('elapsedMs') / ends.length }
}

/** The ratio, and beside it what it is made of. */
function figuresOf(
  scenario: NodeEngine,
  [ratioName, name, unit]: readonly [ratioName: string, name: string, unit: string],
  measured: readonly Measured[],
): Figure[] {
  const medianOf = (value: (round: Measured) => number): number => median(measured.map(value))
  return [
    {
      name: ratioName,
      scenario,
      value: medianOf(({ ours, engine }) => ours / engine),
      unit: '',
      baselines: { engine: 1 },
    },
    {
      name,
      scenario,
      value: medianOf(({ ours }) => ours),
      unit,
      baselines: { engine: medianOf(({ engine }) => engine) },
    },
  ]
}
