import { seededRandom } from '../lib/core/index.ts'
import { generatedDrive } from '../lib/testing/index.ts'
import type { Interest } from '../lib/vehicle/index.ts'
import { quantile, type Benchmark, type Effort, type Figure } from './benchmark.ts'
import { doubleCourse, mixedCourse, recordedCourse, type Course } from './drives/index.ts'
import { cheats, type Cheat } from './enforcement/cheats.ts'
import { honestDriving, planMishaps, usual } from './enforcement/honest.ts'
import { findingsOf, type Found } from './enforcement/watched.ts'

/**
 * How often honest players are taken for cheats, and how soon cheats are found, by one member that watches another over a
 * simulated network, where a seed repeats every figure. What honest players go through is in `enforcement/honest.ts`.
 */
const benchmark: Benchmark = {
  async run(effort) {
    const figures: Figure[] = []
    for (const [scenario, interest] of scenarios) {
      figures.push(...(await honestFigures(scenario, interest, effort)))
    }
    for (const cheat of cheats) figures.push(...(await cheatFigures(cheat, effort)))
    return figures
  },
}
export default benchmark

/** As trucks far off are followed: 05b-interest.md. */
const far: Interest = { tier: 'far', boundMetres: 4, steadyMs: 450, fastestMs: 300, yieldsBelow: 0.75 }

const scenarios: readonly (readonly [name: string, interest: Interest | undefined])[] = [
  ['honest-near', undefined],
  ['honest-far', far],
]

/** The limits that honest players keep, barely: their motorway is driven at 83 km/h, up and down hills. */
const rules = { speedLimit: 80, pingLimit: 400, afkTimeout: 120 }

/** Courses of about ten minutes in each scenario, and when cheats begin, ms. */
const courses = { usual: 300, quick: 3 }
/** Seeds up to here were looked at while thresholds were chosen: a figure counts on others only. */
const lookedAt = 1_000

const cheatsFrom = { usual: 40, quick: 2 }
const cheatingAt = 15_000
const cheatingForMs = 45_000

async function honestFigures(
  scenario: string,
  interest: Interest | undefined,
  { quick, drive }: Effort,
): Promise<Figure[]> {
  let hours = 0
  const alarms: Found[] = []
  const count = quick ? courses.quick : courses.usual
  for (let seed = lookedAt + 1; seed <= lookedAt + count; seed++) {
    const course = courseFor(seed, drive)
    const { durationMs } = course
    hours += durationMs / 3_600_000
    alarms.push(
      ...(await findingsOf({
        seed,
        conditions: usual,
        rules,
        driving: honestDriving(course, durationMs, seededRandom(10_000 + seed)),
        durationMs,
        plan: (plan) => planMishaps(plan, durationMs, seededRandom(20_000 + seed)),
        ...(interest === undefined ? {} : { interest }),
      })),
    )
  }
  return [
    { name: 'hoursDriven', scenario, value: hours, unit: 'h', baselines: {} },
    { name: 'alarmsPer100Hours', scenario, value: (100 * alarms.length) / hours, unit: '', baselines: {} },
  ]
}

/** A recording where there is one, on ever other roads; else everything that is hard, made-up drives, and double trailers. */
function courseFor(seed: number, drive: Effort['drive']): Course {
  if (drive !== undefined) return recordedCourse(drive, seed)
  const kinds = [mixedCourse, (s: number) => recordedCourse(generatedDrive(seededRandom(s)), s), doubleCourse]
  return (kinds[seed % kinds.length] ?? mixedCourse)(seed)
}

async function cheatFigures(cheat: Cheat, { quick }: Effort): Promise<Figure[]> {
  const { name, kind, driftPpm } = cheat
  const seconds: number[] = []
  let missed = 0
  for (let seed = 1; seed <= (quick ? cheatsFrom.quick : cheatsFrom.usual); seed++) {
    const from = cheatingAt + 37 * seed
    const found = await findingsOf({
      seed,
      conditions: { delayMs: 100, jitterMs: 40, lossPercent: 10 },
      rules,
      driving: cheat.driving(from),
      durationMs: from + cheatingForMs,
      ...(driftPpm === undefined ? {} : { driverDriftPpm: driftPpm }),
    })
    const first = found.find((each) => each.kind === kind)
    if (first === undefined) missed++
    // Who cheats from the start is found counting from there.
    else seconds.push((first.at - (driftPpm === undefined ? from : 0)) / 1_000)
  }
  const figure = (of: string, value: number, unit: string): Figure => ({
    name: of,
    scenario: name,
    value,
    unit,
    baselines: {},
  })
  return [
    figure('detectedAfterP50S', quantile(seconds, 0.5), 's'),
    figure('detectedAfterP99S', quantile(seconds, 0.99), 's'),
    figure('missedPercent', (100 * missed) / (missed + seconds.length), '%'),
  ]
}
