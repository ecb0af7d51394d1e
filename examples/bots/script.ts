import { readFileSync } from 'node:fs'
import { emptyVehicleState } from 'openconvoy'
import { generatedDrive, parseDrive, planRoute, ScriptedDriver, type Drive } from 'openconvoy/testing'
import { seededRandom } from '../../lib/core/index.ts'

/** What all bots of a run drive by. Plain data, so that each process can work out the truth about every bot. */
export interface ScriptPlan {
  readonly count: number
  readonly route: string
  /** Path of a recorded drive; a generated one where undefined. */
  readonly drive: string | undefined
  readonly seed: number
  /** When the bots set off, ms on the clock of {@link machineTime}. */
  readonly startedAt: number
}

/** Metres from one standing truck to the next: the length of truck and trailer, and some air. */
const standingGap = 22

/** A truck does what the one ahead does a little later: the gap grows with speed, to 44 m at 79 km/h. */
const followDelayMs = 1_000

/** The bots' drivers by bot number, 0 leading: the truth about where each bot is at any time. */
export class Script {
  readonly drivers: readonly ScriptedDriver[]
  readonly #startedAt: number
  readonly #state = emptyVehicleState()

  /** @throws ConvoyError `drive-malformed`, `invalid-argument`; Node's error when the drive can't be read. */
  constructor(plan: ScriptPlan) {
    const route = planRoute(plan.route, plan.seed)
    const drive = driveOf(plan)
    this.drivers = Array.from({ length: plan.count }, (_, index) => {
      const startOffset = (plan.count - 1 - index) * standingGap
      return new ScriptedDriver(route, drive, { startOffset, delayMs: index * followDelayMs })
    })
    this.#startedAt = plan.startedAt
  }

  /** How fast bot `index` goes at `now` of this process' monotonic clock, m/s. */
  speedOf(index: number, now: number): number | undefined {
    const state = this.drivers[index]?.stateAt(this.timeAt(now), this.#state)
    return state === undefined ? undefined : -state.velocityZ
  }

  /** The script's time at `now` of this process' monotonic clock, ms. */
  timeAt(now: number): number {
    return machineTime(now) - this.#startedAt
  }
}

/**
 * A reading of this process' monotonic clock on a clock that all processes of this machine share: each one's origin is
 * anchored in wall time once, at its start.
 */
export function machineTime(now: number): number {
  return performance.timeOrigin + now
}

function driveOf(plan: ScriptPlan): Drive {
  if (plan.drive === undefined) return generatedDrive(seededRandom(plan.seed))
  return parseDrive(readFileSync(plan.drive, 'utf8'))
}
