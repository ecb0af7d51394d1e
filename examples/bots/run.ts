import type { Clock } from 'openconvoy'
import { sleep } from '../../lib/core/index.ts'
import { Fleet, type FleetOptions } from './fleet.ts'
import { makeLocalBot, type BotRequest } from './makeLocalBot.ts'
import type { BotsOptions } from './options.ts'
import { ProcessBot } from './processBot.ts'
import { reportOf, type FleetReport } from './report.ts'
import type { Bot } from './bot.ts'

/** How often progress is shown while measuring. */
const progressMs = 500

/** Assembles the bots, measures for the time asked for, and takes them apart again. */
export async function runBots(
  options: BotsOptions,
  clock: Clock,
  signal: AbortSignal,
  tell: Pick<FleetOptions<Bot>, 'progress' | 'hosted'>,
): Promise<FleetReport> {
  const make = (request: BotRequest): Promise<Bot & { readonly invite: string }> =>
    options.processes ? ProcessBot.start(request, clock, signal) : makeLocalBot(request, clock, signal)
  const fleet = await Fleet.assemble({
    ...options,
    lobbyName: 'Bots',
    maxPlayers: options.count,
    makeBot: make,
    clock,
    signal,
    ...tell,
  })
  try {
    fleet.startMeasuring()
    const end = clock.now() + options.seconds * 1_000
    for (let left = end - clock.now(); left > 0; left = end - clock.now()) {
      tell.progress(`measuring, ${Math.ceil(left / 1_000)} s left`)
      await sleep(clock, Math.min(progressMs, left), signal)
    }
    const report = reportOf(fleet.bots, await fleet.snapshots(), fleet.problems)
    if (report.links === fleet.fullMesh || report.errors.length > 0) return report
    return { ...report, errors: [`${fleet.fullMesh - report.links} links broke while driving.`] }
  } finally {
    await fleet.close()
  }
}
