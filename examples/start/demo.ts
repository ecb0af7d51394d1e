import type { Clock, Convoy, Member } from 'openconvoy'
import { Fleet, type RendezvousChoice } from '../bots/fleet.ts'
import type { LocalBot } from '../bots/localBot.ts'
import { makeLocalBot } from '../bots/makeLocalBot.ts'
import { reportOf } from '../bots/report.ts'
import { bundlePage } from './bundlePage.ts'
import type { StartOptions } from './options.ts'
import { isPageServed, PageServer } from './pageServer.ts'
import type { TableRow } from './table.ts'

/** The host and seven more; room for as many guests. */
const botCount = 8
const maxPlayers = 16

const route = 'calais-berlin'
const seed = 1
const lobbyName = 'Calais to Berlin'

/** What the demo came to; the line that --json prints. */
export interface DemoResult {
  readonly members: number
  readonly pageServed: boolean
  readonly links: number
  readonly updatesSent: number
  readonly updatesReceived: number
  readonly positionErrorCm: {
    readonly p50: number | null
    readonly p95: number | null
    readonly p99: number | null
  }
  readonly joinMs: { readonly p50: number | null; readonly p99: number | null }
  readonly kbpsUpPerPeer: number
}

/** Everything `npm start` runs: signaling unless it was asked not to, host, bots and the page's server. */
export class Demo {
  readonly fleet: Fleet<LocalBot>
  readonly pageUrl: string
  readonly #page: PageServer
  readonly #host: Convoy
  readonly #truths: LocalBot['script']
  readonly #clock: Clock

  private constructor(fleet: Fleet<LocalBot>, host: LocalBot, page: PageServer, clock: Clock) {
    this.fleet = fleet
    this.#host = host.convoy
    this.#truths = host.script
    this.#page = page
    this.#clock = clock
    this.pageUrl = page.url
  }

  /** Starts it all and begins to measure. */
  static async start(
    { port, rendezvous }: Pick<StartOptions, 'port' | 'rendezvous'>,
    clock: Clock,
    signal: AbortSignal,
    progress: (text: string) => void,
  ): Promise<Demo> {
    progress('starting')
    const page = await PageServer.start(port)
    let fleet: Fleet<LocalBot> | undefined
    try {
      const bundling = bundlePage()
      // It goes on while bots join, and is awaited after; should joining fail, that is the error to tell.
      bundling.catch(() => undefined)
      fleet = await assembleFleet(rendezvous, clock, signal, progress)
      const [host] = fleet.bots
      if (host === undefined) throw new Error('The fleet has no host.')
      const info = { invite: fleet.invite, route, seed, rendezvous }
      page.serve(new Map([...(await bundling), ['/convoy.json', JSON.stringify(info)]]))
      fleet.startMeasuring()
      return new Demo(fleet, host, page, clock)
    } catch (error) {
      await page.close()
      await fleet?.close()
      throw error
    }
  }

  /** Everyone as the host sees them, guests included. */
  rows(): TableRow[] {
    const now = this.#clock.now()
    const speeds = new Map(
      this.#host.vehicles.sample(now).map(({ memberId, state }) => [memberId, -state.velocityZ]),
    )
    return this.#host.members.map((member) => this.#rowOf(member, speeds))
  }

  /** What it came to, and what went wrong, in words. */
  async result(): Promise<{ result: DemoResult; errors: readonly string[] }> {
    const report = reportOf(this.fleet.bots, await this.fleet.snapshots(), this.fleet.problems)
    const result = {
      members: this.#host.members.length,
      pageServed: await isPageServed(this.pageUrl),
      links: report.links,
      updatesSent: report.updatesSent,
      updatesReceived: report.updatesReceived,
      positionErrorCm: report.positionErrorCm,
      joinMs: report.joinMs,
      kbpsUpPerPeer: report.kbpsUpPerPeer,
    }
    return { result, errors: report.errors }
  }

  async close(): Promise<void> {
    await this.#page.close()
    await this.fleet.close()
  }

  #rowOf(member: Member, speeds: ReadonlyMap<string, number>): TableRow {
    const bot = this.fleet.bots.find((candidate) => candidate.memberId === member.id)
    const ownSpeed = bot === undefined ? undefined : this.#truths.speedOf(bot.index, this.#clock.now())
    return {
      slot: member.slot,
      name: member.name,
      note: noteOf(member),
      pingMs: member.pingMs,
      distance: member.presence === 'self' ? undefined : member.distance,
      speed: speeds.get(member.id) ?? ownSpeed,
      errorCm: bot === undefined ? undefined : this.#errorOf(bot.index),
    }
  }

  /** How far the others see a bot from where it is, on average over all of them and the last second. */
  #errorOf(index: number): number | undefined {
    const errors = this.fleet.bots.flatMap((bot) => bot.recentErrorOf(index) ?? [])
    return errors.length === 0 ? undefined : errors.reduce((sum, error) => sum + error, 0) / errors.length
  }
}

function assembleFleet(
  rendezvous: RendezvousChoice,
  clock: Clock,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<Fleet<LocalBot>> {
  return Fleet.assemble({
    count: botCount,
    route,
    drive: undefined,
    seed,
    engine: 'auto',
    impairment: { delayMs: 0, jitterMs: 0, lossPercent: 0 },
    invite: undefined,
    rendezvous,
    lobbyName,
    maxPlayers,
    makeBot: (request) => makeLocalBot(request, clock, signal),
    clock,
    signal,
    progress,
  })
}

function noteOf(member: Member): string {
  if (member.role === 'host') return 'host'
  return member.vehicleClass === null ? 'spectator' : ''
}
