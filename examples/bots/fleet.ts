import { systemRandom, type Clock } from 'openconvoy'
import { startSignaling } from 'openconvoy/signaling'
import { sleep } from '../../lib/core/index.ts'
import { countLinks, type Bot, type BotSnapshot } from './bot.ts'
import type { EngineChoice, Impairment } from './connector.ts'
import type { BotRequest } from './makeLocalBot.ts'
import { machineTime } from './script.ts'

/** How bots find each other: by a signaling service, or by libp2p without one. */
export type RendezvousChoice = 'service' | 'libp2p'

/** What a fleet is made of. */
export interface FleetOptions<MadeBot extends Bot> {
  readonly count: number
  readonly route: string
  readonly drive: string | undefined
  readonly seed: number
  readonly engine: EngineChoice
  readonly impairment: Impairment
  /** What a host of its own is found by (default `service`). */
  readonly rendezvous?: RendezvousChoice
  /** The convoy to join; undefined to start a signaling service, unless libp2p was chosen, and host one. */
  readonly invite: string | undefined
  readonly lobbyName: string
  readonly maxPlayers: number
  readonly makeBot: (request: BotRequest) => Promise<MadeBot & { readonly invite?: string }>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told what goes on, for people. */
  readonly progress: (text: string) => void
  /** Told by what others can join, once there is a host. */
  readonly hosted?: (invite: string) => void
}

/** How long links between all bots may take, once the last one joined: several attempts of ten seconds on a bad path. */
const meshDeadlineMs = 60_000

/** How often it is looked at whether they are there. */
const meshPollMs = 50

/** Clock offsets settle before anything is measured, as they would long before anybody looks. */
const settleMs = 2_000

/** Bots in one convoy. */
export class Fleet<MadeBot extends Bot> {
  readonly bots: MadeBot[] = []
  /** What went wrong, in words; bots keep their own. */
  readonly problems: string[] = []
  readonly #options: FleetOptions<MadeBot>
  #invite = ''
  #stopSignaling: () => Promise<void> = () => Promise.resolve()
  #closing: Promise<void> | undefined

  private constructor(options: FleetOptions<MadeBot>) {
    this.#options = options
  }

  /**
   * Starts a signaling service and a host unless there is an invite, lets the other bots join one after the other, and
   * waits for links between all of them. Bots that can't join are noted as problems.
   */
  static async assemble<MadeBot extends Bot>(options: FleetOptions<MadeBot>): Promise<Fleet<MadeBot>> {
    const fleet = new Fleet(options)
    try {
      await fleet.#gather()
      await fleet.#waitForMesh()
      await sleep(options.clock, settleMs, options.signal)
    } catch (error) {
      await fleet.close()
      throw error
    }
    return fleet
  }

  /** What others need to join. */
  get invite(): string {
    return this.#invite
  }

  /** Links there are when each bot has one to each other. */
  get fullMesh(): number {
    return (this.#options.count * (this.#options.count - 1)) / 2
  }

  startMeasuring(): void {
    const cast = new Map(this.bots.map((bot) => [bot.memberId, bot.index]))
    for (const bot of this.bots) bot.startMeasuring(cast)
  }

  snapshots(): Promise<BotSnapshot[]> {
    return Promise.all(this.bots.map((bot) => bot.snapshot()))
  }

  /** Everybody leaves, the host last, then the service stops. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#disband()
    return this.#closing
  }

  async #gather(): Promise<void> {
    const { count, route, drive, seed, engine, impairment, lobbyName, maxPlayers } = this.#options
    const { clock, signal, progress, makeBot, invite } = this.#options
    const plan = { count, route, drive, seed, startedAt: machineTime(clock.now()) }
    const base = { plan, engine, impairment }
    if (invite === undefined) {
      const signaling = await this.#startSignaling()
      const role = { kind: 'host', signaling, lobbyName, maxPlayers } as const
      const host = await makeBot({ ...base, index: 0, name: nameOf(0), role })
      this.bots.push(host)
      this.#invite = host.invite ?? ''
      this.#options.hosted?.(this.#invite)
    } else {
      this.#invite = invite
    }
    for (let index = this.bots.length; index < count; index++) {
      signal.throwIfAborted()
      progress(`${nameOf(index)} joins (${index + 1} of ${count})`)
      try {
        const byLibp2p = invite === undefined && this.#options.rendezvous === 'libp2p'
        const role = { kind: 'joiner', invite: this.#invite, byLibp2p } as const
        this.bots.push(await makeBot({ ...base, index, name: nameOf(index), role }))
      } catch (error) {
        if (signal.aborted) throw error
        this.problems.push(`${nameOf(index)} could not join: ${messageOf(error)}`)
      }
    }
  }

  /** The address of a service of its own; null where there shall be none. */
  async #startSignaling(): Promise<string | null> {
    if (this.#options.rendezvous === 'libp2p') return null
    const { clock } = this.#options
    const signaling = await startSignaling({ clock, random: systemRandom })
    this.#stopSignaling = () => signaling.close()
    return signaling.url
  }

  async #waitForMesh(): Promise<void> {
    const { clock, signal, progress } = this.#options
    const deadline = clock.now() + meshDeadlineMs
    for (;;) {
      const links = countLinks(await this.snapshots())
      progress(`${links} of ${this.fullMesh} links`)
      if (links === this.fullMesh) return
      if (clock.now() > deadline) {
        this.problems.push(`Only ${links} of ${this.fullMesh} links came about.`)
        return
      }
      await sleep(clock, meshPollMs, signal)
    }
  }

  async #disband(): Promise<void> {
    const [host, ...joiners] = this.bots
    await Promise.allSettled(joiners.map((bot) => bot.close()))
    await host?.close()
    await this.#stopSignaling()
  }
}

/** The name of bot `index`, as the roster shows it. */
export function nameOf(index: number): string {
  return names[index] ?? `Bot ${index + 1}`
}

/** Names that are easy to tell apart in a table and over a truck. */
const names = ['Ada', 'Bruno', 'Clara', 'Dario', 'Edda', 'Fritz', 'Greta', 'Hugo']

/** What to show people of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
