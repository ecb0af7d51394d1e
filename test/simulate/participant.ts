import { isConvoyError, silentLogger, sleep, type ErrorCode, type Logger } from '../../lib/core/index.ts'
import { hostConvoy, joinConvoy } from '../../lib/convoy/index.ts'
import { PeerConvoy } from '../../lib/convoy/peerConvoy.ts'
import { emptyVehicleState, type Convoy, type ConvoyOptions } from '../../lib/index.ts'
import type { Identity, Verify } from '../../lib/identity/index.ts'
import type { SessionEnvironment } from '../../lib/session/index.ts'
import type { SimulatedNetwork, SimulatedPeer, SimulatedRendezvous, Skew } from '../../lib/testing/index.ts'
import type { Ledger } from './ledger.ts'
import { Watch } from './watch.ts'

/** What a participant is given by its world. */
export interface Surroundings {
  readonly network: SimulatedNetwork
  readonly signaling: SimulatedRendezvous
  readonly ledger: Ledger
  readonly verify: Verify
  readonly updateRate: number
  /** The invite, once the session is founded. */
  invite(): string | undefined
  alterEnvironment(environment: SessionEnvironment): SessionEnvironment
  /** Its program is in. */
  entered(convoy: PeerConvoy): void
}

/** Refusals that no asking again mends. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['banned', 'host-mismatch', 'session-full'])
/** Wait before a person tries again to join, ms. */
const joinAgainMs = 1_500
/** How often a game tells where its truck is, ms: motion is not what is tested here. */
const driveMs = 400

/** A person with an identity and a program that joins, drives, crashes and comes back. */
export class Participant {
  readonly number: number
  readonly name: string
  readonly identity: Identity
  /** Undefined while out, or for who does mischief. */
  watch: Watch | undefined
  convoy: PeerConvoy | undefined
  readonly #around: Surroundings
  readonly #skew: Skew
  readonly #isHonest: boolean
  #process: SimulatedPeer | undefined
  #joining: AbortController | undefined

  constructor(
    number: number,
    identity: Identity,
    around: Surroundings,
    own: { readonly skew: Skew; readonly isHonest: boolean },
  ) {
    this.number = number
    this.name = `P${number}`
    this.identity = identity
    this.#around = around
    this.#skew = own.skew
    this.#isHonest = own.isHonest
  }

  get process(): SimulatedPeer | undefined {
    return this.#process
  }

  get isRunning(): boolean {
    return this.#process?.running === true
  }

  /** Whether its program is in the session, as far as it knows. */
  get isIn(): boolean {
    return this.convoy !== undefined && this.#process?.killed === false && !this.convoy.session.isClosed
  }

  async found(): Promise<void> {
    const convoy = await hostConvoy({
      ...this.#options(),
      rules: { maxPlayers: 32 },
      passwordIterations: 1,
      rendezvous: this.#around.signaling.rendezvous(this.name),
    })
    this.#entered(convoy)
  }

  /** Joins, and tries again until it is in or refused for good. */
  join(): void {
    const invite = this.#around.invite()
    if (invite === undefined || this.isIn || this.#joining !== undefined) return
    if (this.#process?.running === false && !this.#process.killed) return
    const giveUp = new AbortController()
    this.#joining = giveUp
    this.#enter(invite, giveUp.signal)
      .catch((error: unknown) => {
        if (!isConvoyError(error)) this.#around.ledger.violated('INV-11', this.name, String(error))
      })
      .finally(() => {
        if (this.#joining === giveUp) this.#joining = undefined
      })
  }

  crash(): void {
    this.#joining?.abort()
    this.#joining = undefined
    this.#process?.kill()
    this.#gone()
  }

  async leave(): Promise<void> {
    this.#joining?.abort()
    this.#joining = undefined
    const { convoy } = this
    this.#gone()
    await convoy?.close()
  }

  /** Brings a vehicle into being that nobody drives. */
  spawnTraffic(convoy: PeerConvoy): void {
    const state = emptyVehicleState()
    state.x = 20
    state.z = 10 * (this.number + 1)
    convoy.traffic.spawn(state)
  }

  async #enter(invite: string, signal: AbortSignal): Promise<void> {
    const options = this.#options()
    for (;;) {
      try {
        const rendezvous = this.#around.signaling.rendezvous(this.name)
        this.#entered(await joinConvoy(invite, { ...options, rendezvous, signal }))
        return
      } catch (error) {
        if (!isConvoyError(error) || final.has(error.code) || signal.aborted) throw error
        await sleep(options.clock, joinAgainMs, signal)
      }
    }
  }

  #options(): ConvoyOptions & Pick<SimulatedPeer, 'clock'> & { name: string } {
    const { network, verify, updateRate, alterEnvironment } = this.#around
    const process = network.peer(this.name, this.#skew)
    this.#process = process
    const { connector, clock, random } = process
    const options = {
      name: this.name,
      connector,
      clock,
      random,
      identity: this.identity,
      verify,
      updateRate,
      acceptsTraffic: true,
      logger: this.#logger(),
      alterEnvironment,
    }
    return options
  }

  #entered(convoy: Convoy): void {
    if (!(convoy instanceof PeerConvoy)) throw new Error('Convoys are peer convoys.')
    this.convoy = convoy
    this.#around.entered(convoy)
    if (this.#isHonest) this.watch = new Watch(this.name, convoy, this.#around.ledger)
    convoy.on('closed', () => {
      if (this.convoy === convoy) this.#gone()
    })
    this.#drive(convoy)
  }

  #drive(convoy: PeerConvoy): void {
    const { clock } = convoy.session.environment
    const state = emptyVehicleState()
    state.z = 10 * (this.number + 1)
    const stop = clock.every(driveMs, () => {
      if (convoy.session.isClosed) return stop()
      state.x += 8
      convoy.setVehicle(state)
      for (const id of convoy.traffic.owned()) convoy.traffic.set(id, state)
    })
    convoy.on('closed', stop)
  }

  #gone(): void {
    this.convoy = undefined
    this.watch = undefined
  }

  /** A mistake of the library's own is a broken promise; what it refuses or gives up is not. */
  #logger(): Logger {
    if (!this.#isHonest) return silentLogger
    const check = (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      const error = fields?.error
      if (error === undefined || isConvoyError(error) || isAbort(error)) return
      const text = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error)
      this.#around.ledger.violated('INV-11', this.name, `${message} ${text}`)
    }
    return { debug: check, info: check, warn: check, error: check }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
