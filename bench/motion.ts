import { seededRandom } from '../lib/core/index.ts'
import { generatedDrive } from '../lib/testing/index.ts'
import { baselines, ours } from './baselines/index.ts'
import { quantile, type Benchmark, type Effort, type Figure } from './benchmark.ts'
import { doubleCourse, mixedCourse, recordedCourse, type Course } from './drives/index.ts'
import { scenarios, watch, type Watched } from './motion/watch.ts'

/**
 * How far from the truth remote trucks are shown, and for how many packets: on simulated networks, where a seed repeats
 * every figure. Errors are in three dimensions, at display time, 60 times a second, at the worse of front axle and tail of
 * the last trailer, over all courses together.
 */
const benchmark: Benchmark = {
  async run(effort) {
    const figures: Figure[] = []
    for (const scenario of scenarios) {
      const results = new Map<string, Summary>()
      for (const contender of [ours, ...baselines]) {
        const watched: Watched[] = []
        for (const course of coursesFor(effort)) {
          watched.push(await watch(contender, course, scenario, seed, effort.quick ? quickMs : undefined))
        }
        results.set(contender.name, summaryOf(watched))
      }
      figures.push(...figuresOf(scenario.name, results))
    }
    return figures
  },
}
export default benchmark

const seed = 1
const quickMs = 8_000

/** A recording (or one made up) on a generated road, everything that is hard, and a double trailer. */
export function coursesFor({ quick, drive }: Pick<Effort, 'quick' | 'drive'>): Course[] {
  const recorded = recordedCourse(drive ?? generatedDrive(seededRandom(seed)), seed)
  return quick ? [recorded] : [recorded, mixedCourse(seed), doubleCourse(seed)]
}

/** What is told of some courses together. */
export interface Summary {
  readonly errorP50Cm: number
  readonly errorP95Cm: number
  readonly errorP99Cm: number
  readonly worstStepCm: number
  readonly packetsPerSecond: number
  readonly payloadKbps: number
}

const units: Readonly<Record<keyof Summary, string>> = {
  errorP50Cm: 'cm',
  errorP95Cm: 'cm',
  errorP99Cm: 'cm',
  worstStepCm: 'cm',
  packetsPerSecond: '1/s',
  payloadKbps: 'kbps',
}

export function summaryOf(all: readonly Watched[]): Summary {
  const errors = all.flatMap(errorsOf)
  const sum = (value: (watched: Watched) => number): number => all.reduce((so, one) => so + value(one), 0)
  const seconds = sum((watched) => watched.seconds)
  return {
    errorP50Cm: 100 * quantile(errors, 0.5),
    errorP95Cm: 100 * quantile(errors, 0.95),
    errorP99Cm: 100 * quantile(errors, 0.99),
    worstStepCm:
      100 *
      quantile(
        all.flatMap(({ steps }) => steps),
        1,
      ),
    packetsPerSecond: sum(({ packets }) => packets) / seconds,
    payloadKbps: (8 * sum(({ bytes }) => bytes)) / 1000 / seconds,
  }
}

/** Metres, frame by frame: the worse of both ends. */
export function errorsOf({ front, rear }: Watched): number[] {
  return front.map((error, index) => Math.max(error, rear[index] ?? 0))
}

function figuresOf(scenario: string, results: ReadonlyMap<string, Summary>): Figure[] {
  return (Object.keys(units) as (keyof Summary)[]).map((name) => ({
    name,
    scenario,
    value: results.get(ours.name)?.[name] ?? NaN,
    unit: units[name],
    baselines: Object.fromEntries(
      baselines.map((baseline) => [baseline.name, results.get(baseline.name)?.[name] ?? NaN]),
    ),
  }))
}
