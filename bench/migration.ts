import { setTimeout as sleep } from 'node:timers/promises'
import { createSystemClock, systemRandom } from '../lib/core/index.ts'
import { startSignaling } from '../signaling/index.ts'
import { quantile, type Benchmark, type Figure } from './benchmark.ts'
import { MortalConvoy } from './migration/convoy.ts'
import { machineNow } from './migration/machineClock.ts'
import type { WatchReport } from './migration/messages.ts'

/**
 * Hosts die by SIGKILL, in convoys of eight processes over real WebRTC (node-datachannel) on this machine. Who died comes back by
 * the same invite before the next host dies, so that there are always eight. Beside it, the same convoys while nobody dies.
 */
const benchmark: Benchmark = {
  async run({ quick }) {
    const effort = quick
      ? { name: '4', members: 4, kills: 2, killsPerConvoy: 2 }
      : { name: '8', members: 8, kills: 100, killsPerConvoy }
    const service = await startSignaling({ clock: createSystemClock(), random: systemRandom })
    const kills: Kill[] = []
    let convoy: MortalConvoy | undefined
    try {
      while (kills.length < effort.kills) {
        convoy = await MortalConvoy.found(service.url, effort.members)
        for (let number = 0; number < effort.killsPerConvoy && kills.length < effort.kills; number++) {
          kills.push(await killHost(convoy))
          process.stderr.write(`${kills.length} of ${effort.kills}: ${describe(kills.at(-1))}\n`)
        }
        convoy.end()
      }
      return figuresOf(effort.name, kills)
    } finally {
      convoy?.end()
      await service.close()
    }
  },
}
export default benchmark

/** A fresh convoy then, so that not all depends on how one of them began. */
const killsPerConvoy = 20

/** Of updates, ms: 20 ticks a second, the default. */
const updateMs = 50

/** How long the convoy is watched before a kill, and after one, ms: well beyond the time that a new host may take. */
const watchMs = 3_500

/** What one kill did. */
interface Kill {
  /** Until the last survivor followed a new host that can decide, ms; infinite where one did not. */
  newAuthorityMs: number
  /** Until the last one was told of a new host, ms. */
  hostChangedMs: number
  epochs: number
  vehiclesLost: number
  /** The longest that anybody waited for an update of a survivor, ms, and the same before the kill. */
  longestGapMs: number
  usualGapMs: number
}

async function killHost(convoy: MortalConvoy): Promise<Kill> {
  const { hostId, epoch } = await convoy.settled()
  const before = await convoy.watch(undefined, () => sleep(watchMs))
  let killedAt = 0
  const after = await convoy.watch(hostId, async () => {
    killedAt = machineNow()
    convoy.kill(hostId)
    await sleep(watchMs)
  })
  await convoy.revive()
  const latest = (of: (report: WatchReport) => number | null): number =>
    Math.max(...after.map((report) => (of(report) ?? Infinity) - killedAt))
  // The host's own vehicle is not watched after its death, so it must not count before.
  const survivors = before.map(({ gaps }) => gaps.filter(([memberId]) => memberId !== hostId))
  return {
    newAuthorityMs: latest(({ newAuthorityAt }) => newAuthorityAt),
    hostChangedMs: latest(({ hostChangedAt }) => hostChangedAt),
    epochs: Math.max(...after.map((report) => report.epoch)) - epoch,
    vehiclesLost: new Set(after.flatMap(({ lost }) => lost)).size,
    longestGapMs: longest(after.map(({ gaps }) => gaps)),
    usualGapMs: longest(survivors),
  }
}

function longest(gaps: readonly WatchReport['gaps'][]): number {
  return Math.max(...gaps.flat().map(([, ms]) => ms))
}

function describe(kill: Kill | undefined): string {
  if (kill === undefined) return ''
  const { newAuthorityMs, epochs, vehiclesLost, longestGapMs, usualGapMs } = kill
  return `new authority after ${newAuthorityMs.toFixed(0)} ms, ${epochs} epochs, ${vehiclesLost} vehicles lost, longest gap ${longestGapMs.toFixed(0)} ms (before: ${usualGapMs.toFixed(0)} ms)`
}

function figuresOf(scenario: string, kills: readonly Kill[]): Figure[] {
  const figure = (name: string, value: number, unit: string, baselines = {}): Figure => ({
    name,
    scenario,
    value,
    unit,
    baselines,
  })
  const longestOf = (of: (kill: Kill) => number): number => Math.max(...kills.map(of)) / updateMs
  const after = longestOf(({ longestGapMs }) => longestGapMs)
  const usual = longestOf(({ usualGapMs }) => usualGapMs)
  const epochs = kills.map((kill) => kill.epochs)
  const farthest = epochs.reduce(
    (worst, each) => (Math.abs(each - 1) > Math.abs(worst - 1) ? each : worst),
    1,
  )
  return [
    figure(
      'newAuthorityP99Ms',
      quantile(
        kills.map(({ newAuthorityMs }) => newAuthorityMs),
        0.99,
      ),
      'ms',
    ),
    figure(
      'hostChangedP99Ms',
      quantile(
        kills.map(({ hostChangedMs }) => hostChangedMs),
        0.99,
      ),
      'ms',
    ),
    figure('motionPauseUpdates', Math.max(0, after - usual), 'updates'),
    figure('longestGapUpdates', after, 'updates', { undisturbed: usual }),
    figure('epochsPerKill', farthest, 'epochs'),
    figure(
      'vehiclesLost',
      kills.reduce((sum, { vehiclesLost }) => sum + vehiclesLost, 0),
      'vehicles',
    ),
  ]
}
