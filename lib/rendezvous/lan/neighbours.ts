import {
  abortError,
  ConvoyError,
  sleep,
  throwIfAborted,
  type Clock,
  type Logger,
  type RandomSource,
} from '../../core/index.ts'
import { openAnnouncement, type Verify } from '../../identity/index.ts'
import { RendezvousClient } from '../client.ts'
import { listedSessions, type RendezvousTimings } from '../constants.ts'
import type { ReachedSession } from '../rendezvous.ts'
import { askAtMs, neighboursTried, neighbourMs } from './constants.ts'
import { tagOf, type FoundService } from './records.ts'
import { dialTcp } from './tcpFrames.ts'

/** What {@link Neighbours} are looked for with. */
export interface NeighboursOptions {
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  readonly verify: Verify | undefined
  readonly timings: Partial<RendezvousTimings> | undefined
  readonly reachMs: number
  readonly browseMs: number
  /** Asks everybody on this network what there is. */
  ask(): Promise<void>
}

/** A place where a neighbour says that sessions are. */
interface Place extends FoundService {
  readonly address: string
}

/** The joiner's side: finds hosts on this network, and speaks to them. */
export class Neighbours {
  readonly #options: NeighboursOptions
  readonly #listeners = new Set<(place: Place) => void>()
  /** By address and port, the one used longest ago first. */
  readonly #clients = new Map<string, RendezvousClient>()
  readonly #abort = new AbortController()

  constructor(options: NeighboursOptions) {
    this.#options = options
  }

  /** Somebody at `address` tells of a session. */
  heard(service: FoundService, address: string): void {
    for (const listener of this.#listeners) listener({ ...service, address })
  }

  /**
   * A route to the host of a session, whoever else says that it has it.
   * @throws ConvoyError `session-not-found`, `aborted`, `closed`.
   */
  async reach(sessionId: Uint8Array, signal: AbortSignal | undefined): Promise<ReachedSession> {
    const tag = tagOf(sessionId)
    let reached: ReachedSession | undefined
    const done = new AbortController()
    await this.#search(
      this.#options.reachMs,
      (place) => place.tag === tag,
      async (place, within) => {
        const found = await this.#reachAt(place, sessionId, within)
        if (reached !== undefined) return found.route.close()
        reached = found
        done.abort()
      },
      signal,
      done.signal,
    )
    if (reached !== undefined) return reached
    throw new ConvoyError(
      'session-not-found',
      'Nobody on this network hosts that session: check that both are on the same one, and that it lets devices see each other.',
    )
  }

  /** The envelopes of the public sessions on this network. */
  async list(signal: AbortSignal | undefined): Promise<Uint8Array[]> {
    const envelopes: Uint8Array[] = []
    const asked = new Set<string>()
    await this.#search(
      this.#options.browseMs,
      // A host with several sessions lists them all.
      (place) => {
        const isNew = !asked.has(nameOf(place))
        asked.add(nameOf(place))
        return isNew
      },
      async (place, within) => {
        envelopes.push(...(await this.#clientAt(place).list(within)))
      },
      signal,
    )
    return envelopes.slice(0, listedSessions)
  }

  /** Ends every connection. Idempotent. */
  async close(): Promise<void> {
    this.#abort.abort(new ConvoyError('closed', 'The rendezvous was closed.'))
    const closing = [...this.#clients.values()].map((client) => client.close())
    this.#clients.clear()
    await Promise.all(closing)
  }

  /** Asks around, and has `visit` see to every place that `wants` lets through, until it is over. */
  async #search(
    withinMs: number,
    wants: (place: Place) => boolean,
    visit: (place: Place, within: AbortSignal) => Promise<void>,
    signal: AbortSignal | undefined,
    done?: AbortSignal,
  ): Promise<void> {
    throwIfAborted(signal)
    throwIfAborted(this.#abort.signal)
    const { clock, logger } = this.#options
    const over = new AbortController()
    const outside = [this.#abort.signal, ...(signal === undefined ? [] : [signal])]
    const within = AbortSignal.any([over.signal, ...outside])
    const visited = new Set<string>()
    const visits: Promise<void>[] = []
    const listener = (place: Place): void => {
      const name = `${nameOf(place)} ${place.tag}`
      if (visited.has(name) || visited.size >= neighboursTried || !wants(place)) return
      visited.add(name)
      visits.push(
        visit(place, within).catch((error: unknown) => logger.debug('A neighbour was of no use.', { error })),
      )
    }
    this.#listeners.add(listener)
    try {
      const waiting = done === undefined ? within : AbortSignal.any([within, done])
      await this.#askFor(withinMs, waiting)
      // Who was found at last has its time as well.
      if (done?.aborted !== true) {
        const late = sleep(clock, neighbourMs, waiting).catch(() => undefined)
        await Promise.race([Promise.all(visits), late])
      }
      for (const each of outside) if (each.aborted) throw abortError(each)
    } finally {
      this.#listeners.delete(listener)
      over.abort()
    }
  }

  async #askFor(withinMs: number, waiting: AbortSignal): Promise<void> {
    const { clock } = this.#options
    let passedMs = 0
    for (const atMs of [...askAtMs.filter((each) => each < withinMs), withinMs]) {
      try {
        if (atMs > passedMs) await sleep(clock, atMs - passedMs, waiting)
      } catch {
        return
      }
      if (waiting.aborted) return
      passedMs = atMs
      if (atMs < withinMs) await this.#options.ask()
    }
  }

  /** Anybody can say that it has a session; its announcement only its host can have signed ([IDN-15]). */
  async #reachAt(place: Place, sessionId: Uint8Array, within: AbortSignal): Promise<ReachedSession> {
    const { clock, verify } = this.#options
    const reached = await this.#clientAt(place).reach(sessionId, within)
    try {
      const { envelope, proof } = reached
      await openAnnouncement(envelope, { clock, verify, proof, sessionId })
      return reached
    } catch (error) {
      reached.route.close()
      throw error
    }
  }

  #clientAt(place: Place): RendezvousClient {
    const name = nameOf(place)
    const { clock, random, logger, timings } = this.#options
    const client =
      this.#clients.get(name) ??
      new RendezvousClient({
        hint: name,
        host: place.address,
        clock,
        random,
        logger,
        timings: { connectMs: neighbourMs, requestMs: neighbourMs, ...timings },
        dial: dialTcp(place.address, place.port),
      })
    this.#clients.delete(name)
    this.#clients.set(name, client)
    const [oldest] = this.#clients
    if (this.#clients.size > neighboursTried && oldest !== undefined) {
      this.#clients.delete(oldest[0])
      void oldest[1].close()
    }
    return client
  }
}

function nameOf({ address, port }: Place): string {
  return `${address}:${port}`
}
