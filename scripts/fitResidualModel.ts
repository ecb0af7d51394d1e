import { parseArgs } from 'node:util'
import {
  cruiseCourse,
  doubleCourse,
  manoeuvringCourse,
  mixedCourse,
  type Course,
} from '../bench/drives/index.ts'
import { wholeNumberIn } from '../examples/support/arguments.ts'
import { Progress } from '../examples/support/progress.ts'
import { runProgram } from '../examples/support/program.ts'
import { emptyVehicleState } from '../lib/protocol/index.ts'
import { codeMotion, emptyKnown, quantise, type Known, type SymbolCoder } from '../lib/vehicle/codec/index.ts'
import { columns, quantity, spanOf, steady, usual } from '../lib/vehicle/codec/residualModel.ts'
import { residual } from '../lib/vehicle/codec/symbols.ts'

const usage = `node --conditions=openconvoy-source scripts/fitResidualModel.ts [--seed N] [--check N]

Fits the scales of lib/vehicle/codec/residualModel.ts to the courses of the benchmarks, so that updates told against baselines of every age take
the fewest bits, and prints them, with what they save on courses of another seed. The table is part of the protocol: changing it
takes a new version.

  --seed N   of the courses that it is fitted to (default 101)
  --check N  of the courses that it is judged by (default 202)
`

/** Milliseconds between updates, and how many updates back baselines are: every age that rates and round trips lead to. */
const schedules: readonly (readonly [everyMs: number, back: number])[] = [
  ...[1, 2, 3].flatMap((back) => [50, 100].map((everyMs) => [everyMs, back] as const)),
  ...[1, 2].flatMap((back) => [150, 200, 250].map((everyMs) => [everyMs, back] as const)),
  ...[400, 600, 900, 1_200, 1_700].map((everyMs) => [everyMs, 1] as const),
]
/** What the figures are about: ten updates a second, acknowledged within a round trip of 100 ms. */
const judgedBy = [100, 2] as const

const rounds = 4
/** Residuals kept of each quantity and span. */
const keptPerCell = 4_000

/** The order in which `codeMotion` tells them; those of a trailer repeat. */
const truckOrder: readonly (keyof typeof quantity)[] = [
  ...(['speed', 'acceleration', 'yawRate', 'heading', 'slip', 'pitch', 'roll', 'lift'] as const),
  ...(['place', 'place', 'height'] as const),
]
const trailerOrder = ['trailerYaw', 'trailerPitch', 'trailerRoll'] as const
const quantities = Object.keys(quantity).length

/** A residual as it was told: its distance from the prediction's nearest step, the prediction's own, and doubt. */
interface Sample {
  index: number
  off: number
  doubt: number
}

/** Writes nothing, but sees what is told. */
class Probe implements SymbolCoder {
  /** Bits that all residuals since the last reset are worth. */
  worth = 0
  #place = 0
  #column = 0
  readonly #seen: ((cell: number, sample: Sample) => void) | undefined

  constructor(seen?: (cell: number, sample: Sample) => void) {
    this.#seen = seen
  }

  /** Begins an update. */
  begin(ticks: number): void {
    this.#place = 0
    this.#column = spanOf(ticks)
  }

  residual(value: number): number {
    const { predicted, scale } = residual
    residual.distance = Math.abs(value - predicted)
    const name = truckOrder[this.#place] ?? trailerOrder[(this.#place - truckOrder.length) % 3]
    this.#place++
    if (name === undefined) return value
    const nearest = Math.floor(predicted + 0.5)
    const sample = { index: value - nearest, off: predicted - nearest, doubt: 1 }
    this.worth += bitsOf(sample, scale)
    const of = quantity[name]
    const cell = of * columns + this.#column
    const kept = steady[of] ?? 1
    if (kept < 1) sample.doubt = (scale / (usual[cell] ?? 1) - kept) / (1 - kept)
    this.#seen?.(cell, sample)
    return value
  }

  choice(yes: boolean): boolean {
    return yes
  }

  bits(value: number): number {
    return value
  }
}

await runProgram(main)

async function main(interrupted: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '101' },
      check: { type: 'string', default: '202' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) {
    console.log(usage)
    return true
  }
  const fitted = coursesOf(wholeNumberIn('seed', values.seed, 0, 2 ** 31))
  const judging = coursesOf(wholeNumberIn('check', values.check, 0, 2 ** 31))
  const before = judging.map((course) => meanBits(course))
  const progress = new Progress()
  for (let round = 0; round < rounds && !interrupted.aborted; round++) {
    progress.show(`round ${round + 1} of ${rounds}`)
    fit(samplesOf(fitted))
    await new Promise((resolve) => setImmediate(resolve))
  }
  progress.clear()
  if (interrupted.aborted) return false
  for (const [name, of] of Object.entries(quantity)) {
    const row = [...usual.subarray(of * columns, (of + 1) * columns)].map(rounded)
    console.log(`[${row.join(', ')}], // ${name}, steady ${rounded(steady[of] ?? 1)}`)
  }
  for (const [index, course] of judging.entries()) {
    const [was, is] = [before[index] ?? NaN, meanBits(course)]
    console.log(
      `${course.name}: ${was.toFixed(2)} bits of motion before, ${is.toFixed(2)} after (${((100 * (was - is)) / was).toFixed(1)} % less)`,
    )
  }
  return true
}

function coursesOf(seed: number): Course[] {
  return [mixedCourse(seed), doubleCourse(seed), cruiseCourse(seed), manoeuvringCourse(seed)]
}

/** Tells `course` on a schedule, `each` update after another. @returns how many. */
function tell(course: Course, [everyMs, back]: readonly [number, number], probe: Probe): number {
  const state = emptyVehicleState()
  const told: Known[] = []
  const ticks = back * everyMs * 4
  for (let ms = 0; ms < course.durationMs; ms += everyMs) {
    const update = emptyKnown()
    quantise(course.stateAt(ms, state), update.codes)
    const base = told.at(-back)
    if (base !== undefined) {
      probe.begin(ticks)
      codeMotion(probe, base, update, ticks)
    }
    told.push(update)
  }
  return told.length - back
}

function meanBits(course: Course): number {
  const probe = new Probe()
  const count = tell(course, judgedBy, probe)
  return probe.worth / count
}

/** Residuals by cell; of those with many, the same share of each course and moment. */
function samplesOf(courses: readonly Course[]): Sample[][] {
  const cells: Sample[][] = Array.from({ length: quantities * columns }, () => [])
  const counts = new Uint32Array(cells.length)
  const probe = new Probe((cell, sample) => {
    const samples = cells[cell]
    if (samples === undefined) return
    // A reservoir that needs no randomness: what is kept is replaced evenly.
    const count = counts[cell] ?? 0
    counts[cell] = count + 1
    if (count < keptPerCell) samples.push(sample)
    else if ((count * 0.6180339887) % 1 < keptPerCell / count)
      samples[Math.floor(((count * 0.7548776662) % 1) * keptPerCell)] = sample
  })
  for (const course of courses) for (const schedule of schedules) tell(course, schedule, probe)
  return cells
}

/** Moves every scale, then every steady share, to the best of its neighbours. */
function fit(cells: readonly Sample[][]): void {
  for (let of = 0; of < quantities; of++) {
    const kept = steady[of] ?? 1
    for (let column = 0; column < columns; column++) {
      const cell = of * columns + column
      const samples = cells[cell] ?? []
      if (samples.length < 100) continue
      const now = usual[cell] ?? 1
      const candidates = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((step) => Math.max(0.02, now * 2 ** (step / 4)))
      usual[cell] = best(candidates, (scale) => cost(samples, scale, kept))
    }
    const shares = [-0.05, 0, 0.05]
      .map((step) => kept + step)
      .filter((share) => share >= 0.05 && share <= 0.95)
    steady[of] = best(shares, (share) => {
      let bits = 0
      for (let cell = of * columns; cell < (of + 1) * columns; cell++)
        bits += cost(cells[cell] ?? [], usual[cell] ?? 1, share)
      return bits
    })
  }
}

function cost(samples: readonly Sample[], scale: number, kept: number): number {
  let bits = 0
  for (const sample of samples) bits += bitsOf(sample, scale * (kept + (1 - kept) * sample.doubt))
  return bits
}

function best(candidates: readonly number[], costOf: (candidate: number) => number): number {
  let found = candidates[0] ?? NaN
  let least = Infinity
  for (const candidate of candidates) {
    const bits = costOf(candidate)
    if (bits >= least) continue
    least = bits
    found = candidate
  }
  return found
}

/** What a residual is worth by [VEH-66], all parts given out. */
function bitsOf({ index, off }: Sample, scale: number): number {
  const share = below((index + 0.5 - off) / scale) - below((index - 0.5 - off) / scale)
  return -Math.log2(share * (1 - 65 / 65_536) + 1 / 65_536)
}

function below(t: number): number {
  const r = 1 / (4 + t * t)
  return 0.5 + t * (0.5 + r) * Math.sqrt(r)
}

function rounded(value: number): number {
  return Number(value.toPrecision(2))
}
