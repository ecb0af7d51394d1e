import { baselines, ours, type Contender } from '../baselines/index.ts'
import { mixedCourse, type Course } from '../drives/index.ts'
import { errorsOf, type Summary } from '../motion.ts'
import { watch, type Scenario } from '../motion/watch.ts'
import { Chart, colourOf, type Axis } from './svg.ts'

/** Part of the mixed course that is shown over time, s: motorway, hard braking, and away again. */
const shownFrom = 100
const shownTo = 160

/** Contenders of which a line over time says something that another doesn't. */
const shownOverTime = ['ours', 'json', 'colyseus', 'geckos', 'dis-rvw-10cm']

/** A line shows the worst frame of each part, s: more than the eye tells apart. */
const partSeconds = 0.25

/**
 * Bytes on the wire for a message of any size: WebRTC's own, its acknowledgement included, as the mesh benchmark counts
 * them; and those of a WebSocket over TLS, of which every second segment is acknowledged.
 */
const stateOverhead = 200
const streamOverhead = 104

const centimetres: Omit<Axis, 'label'> = {
  from: 0.1,
  to: 10_000,
  log: true,
  ticks: [
    { at: 0.1, text: '1 mm' },
    { at: 1, text: '1 cm' },
    { at: 10, text: '10 cm' },
    { at: 100, text: '1 m' },
    { at: 1_000, text: '10 m' },
    { at: 10_000, text: '100 m' },
  ],
}

/** Error over time: a minute of the mixed course. */
export async function errorOverTime(
  scenario: Scenario,
  seed: number,
  course = mixedCourse(seed),
): Promise<string> {
  const chart = new Chart(
    `Error over time, ${scenario.name}: motorway, hard braking, pulling away`,
    {
      label: 'seconds',
      from: shownFrom,
      to: shownTo,
      log: false,
      ticks: Array.from({ length: 7 }, (_, index) => ({
        at: shownFrom + index * 10,
        text: String(index * 10),
      })),
    },
    { label: 'error, worst of each ¼ s', ...centimetres },
  )
  const shown = [ours, ...baselines].filter(({ name }) => shownOverTime.includes(name))
  // Ours last, on top.
  for (const contender of [...shown].reverse()) {
    const line = await worstParts(contender, course, scenario, seed)
    chart.line(line, colourOf(contender.name), contender === ours ? 2.5 : 1.5)
  }
  chart.legend(shown.map(({ name }) => name))
  return chart.toString()
}

async function worstParts(
  contender: Contender,
  course: Course,
  scenario: Scenario,
  seed: number,
): Promise<[seconds: number, centimetres: number][]> {
  const watched = await watch(contender, course, scenario, seed, shownTo * 1000)
  const errors = errorsOf(watched)
  const worst = new Map<number, number>()
  for (const [index, timeMs] of watched.timesMs.entries()) {
    const part = Math.floor(timeMs / 1000 / partSeconds)
    worst.set(part, Math.max(worst.get(part) ?? 0, 100 * (errors[index] ?? 0)))
  }
  return [...worst]
    .map(([part, error]): [number, number] => [part * partSeconds, error])
    .filter(([seconds]) => seconds >= shownFrom && seconds <= shownTo)
}

/** One contender's place between bandwidth and error. */
export interface Standing extends Pick<Summary, 'errorP99Cm' | 'packetsPerSecond' | 'payloadKbps'> {
  readonly contender: string
  readonly scenario: string
}

/** Kilobits a second on the wire. */
export function wireKbps({ contender, packetsPerSecond, payloadKbps }: Standing): number {
  const overhead =
    baselines.find(({ name }) => name === contender)?.reliable === true ? streamOverhead : stateOverhead
  return payloadKbps + (packetsPerSecond * overhead * 8) / 1000
}

/** Error against bandwidth: all contenders in all scenarios. */
export function errorAgainstBandwidth(standings: readonly Standing[]): string {
  const chart = new Chart(
    'Error against bandwidth: less of both is better',
    {
      label: 'kbps on the wire, to one other member',
      from: 0.5,
      to: 300,
      log: true,
      ticks: [1, 3, 10, 30, 100, 300].map((at) => ({ at, text: String(at) })),
    },
    { label: 'error, 99th percentile', ...centimetres },
  )
  const scenarios = [...new Set(standings.map(({ scenario }) => scenario))]
  for (const standing of standings) {
    const isFirst = standing.scenario === scenarios[0]
    const place = [wireKbps(standing), standing.errorP99Cm] as const
    chart.dot(place, colourOf(standing.contender), isFirst)
    // MessagePack is as far off as JSON, for less: its name goes where JSON's is not.
    if (isFirst) chart.note(place, standing.contender, standing.contender === 'msgpack' ? 'left' : 'right')
  }
  for (const [index, scenario] of scenarios.entries()) {
    const place = [60, index === 0 ? 0.45 : 0.2] as const
    chart.dot(place, '#808080', index === 0)
    chart.note(place, scenario)
  }
  return chart.toString()
}
