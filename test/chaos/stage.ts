import { nameOf } from '../../examples/bots/fleet.ts'
import type { BotRequest } from '../../examples/bots/makeLocalBot.ts'
import { machineTime } from '../../examples/bots/script.ts'
import { seededRandom, toHex } from '../../lib/core/index.ts'
import { createIdentity } from '../../lib/identity/index.ts'
import type { NetworkNamespaces } from '../nat/namespaces.ts'
import { SignalingProcess } from '../nat/signalingProcess.ts'
import { Lan } from './lan.ts'
import type { MemberEvent } from './memberProcess.ts'
import { Seat } from './seat.ts'

/** What a {@link Stage} is made of. */
export interface StageOptions {
  /** Members, the founder among them; one that is to be banned comes on top. */
  readonly peers: number
  readonly engine: 'datachannel' | 'werift'
  readonly seed: number
  /** Where machines with a network of their own are made; undefined to have all on this one's. */
  readonly namespaces: NetworkNamespaces | undefined
  readonly onEvent: (seat: Seat, event: MemberEvent) => void
}

/** A signaling service, the members of a convoy, and what is between them: everything that faults are done to. */
export class Stage {
  readonly seats: readonly Seat[]
  /** A member that is banned, and tries to come back for as long as the run lasts. */
  readonly outcast: Seat
  readonly lan: Lan | undefined
  /** For others to join; the founder tells it. */
  invite = ''
  /** All processes that were ever started, so that what is left of them can be found. */
  readonly pids = new Set<number>()
  readonly #options: StageOptions
  readonly #seeds: readonly string[]
  readonly #startedAt = machineTime(performance.now())
  #service: SignalingProcess
  #founded = false

  private constructor(options: StageOptions, lan: Lan | undefined, service: SignalingProcess) {
    this.#options = options
    this.lan = lan
    this.#service = service
    this.#note(service.pid)
    const random = seededRandom(options.seed)
    const seeds = Array.from({ length: options.peers + 1 }, () => random.bytes(32))
    this.#seeds = seeds.map(toHex)
    const cast = seeds.map((seed, number) => [createIdentity({ seed }).fingerprint, number] as const)
    const seats = cast.map(
      ([memberId, number]) =>
        new Seat({
          number,
          name: number < options.peers ? nameOf(number) : 'Outcast',
          memberId,
          machine: lan?.machines[number],
          cast,
          onEvent: options.onEvent,
        }),
    )
    this.seats = seats.slice(0, options.peers)
    this.outcast = seats.at(-1) as Seat
  }

  /** Prepares the network and starts the service. Members come by {@link Stage.bring}. */
  static async set(options: StageOptions, signal: AbortSignal): Promise<Stage> {
    const { namespaces, peers } = options
    const lan = namespaces === undefined ? undefined : await Lan.create(namespaces, peers + 1)
    const service = await SignalingProcess.start(
      lan === undefined ? { port: 0 } : { machine: lan.hub },
      signal,
    )
    return new Stage(options, lan, service)
  }

  /** Begins a life of a member: the very first one founds the convoy, all others join. */
  bring(seat: Seat): void {
    const { peers, engine, seed } = this.#options
    const { port } = this.#service
    const role: BotRequest['role'] = this.#founded
      ? { kind: 'joiner', invite: this.invite }
      : {
          kind: 'host',
          signaling: `ws://${this.lan?.hubAddress ?? '127.0.0.1'}:${port}`,
          lobbyName: 'Chaos',
          maxPlayers: peers + 1,
        }
    this.#founded = true
    const life = seat.live({
      index: seat.number,
      name: seat.name,
      plan: { count: peers + 1, route: 'calais-berlin', drive: undefined, seed, startedAt: this.#startedAt },
      engine,
      impairment: { delayMs: 0, jitterMs: 0, lossPercent: 0 },
      role,
      identitySeed: this.#seeds[seat.number] ?? '',
    })
    this.#note(life.pid)
  }

  /** The member that others take for the host; undefined while they don't agree. */
  host(): Seat | undefined {
    const hosting = this.seats.filter(({ view }) => view?.isHost === true)
    // Of several, one is a former host that does not know it yet.
    return hosting.sort((a, b) => (b.view?.epoch ?? 0) - (a.view?.epoch ?? 0))[0]
  }

  /** Kills the signaling service. @returns what starts it again, where it was. */
  async killService(): Promise<() => Promise<void>> {
    const { port } = this.#service
    await this.#service.kill()
    return async () => {
      // Not given up: what is started has to be ended as well.
      const signal = new AbortController().signal
      this.#service = await SignalingProcess.start(
        this.lan === undefined ? { port } : { machine: this.lan.hub, port },
        signal,
      )
      this.#note(this.#service.pid)
    }
  }

  /** All leave, then the service stops. @returns those that had to be ended. */
  async close(): Promise<string[]> {
    const everybody = [...this.seats, this.outcast]
    const late = await Promise.all(
      everybody.map(async ({ name, process: life }) => {
        life?.continue()
        return (await life?.close()) === false ? [name] : []
      }),
    )
    await this.#service.close()
    return late.flat()
  }

  /** Ends all processes on the spot: for the last moment of this one. */
  killAll(): void {
    for (const { process: life } of [...this.seats, this.outcast]) life?.killNow()
    this.#service.killNow()
  }

  #note(pid: number | undefined): void {
    if (pid !== undefined) this.pids.add(pid)
  }
}
