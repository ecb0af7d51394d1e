import type { Packet } from 'dns-packet'
import {
  ConvoyError,
  Counters,
  createSystemClock,
  silentLogger,
  systemRandom,
  throwIfAborted,
  toHex,
  type Cancel,
  type Clock,
  type Logger,
  type RandomSource,
} from '../../core/index.ts'
import type { Verify } from '../../identity/index.ts'
import { RendezvousClient } from '../client.ts'
import type { RendezvousTimings } from '../constants.ts'
import { dialInProcess } from '../inProcess.ts'
import type { Announcement, HostedSession, ReachedSession, Rendezvous } from '../rendezvous.ts'
import type { SwitchboardLimits } from '../switchboardLimits.ts'
import {
  announceAgainMs,
  answerEveryMs,
  browseWithinMs,
  mdnsPort,
  reachWithinMs,
  sessionsPerPacket,
} from './constants.ts'
import { LanListener } from './lanListener.ts'
import { Multicast } from './multicast.ts'
import { Neighbours } from './neighbours.ts'
import { asksForSessions, recordsOf, servicesIn, tagOf, type Advertisement } from './records.ts'

/** What {@link lanRendezvous} takes. */
export interface LanOptions {
  /** IPv4 addresses of the interfaces to use; all that are no loopback where left out. */
  interfaces?: readonly string[]
  /** UDP port, for tests: neighbours are found on the usual 5,353 (default) only. */
  mdnsPort?: number
  /** How long to look for a session, ms (default 3,000), and for any, ms (default 1,000). */
  reachMs?: number
  browseMs?: number
  /** Real time where left out. */
  clock?: Clock
  /** The platform's randomness where left out. */
  random?: RandomSource
  logger?: Logger
  timings?: Partial<RendezvousTimings>
  /** Limits of the service that a host runs for its neighbours. */
  limits?: Partial<SwitchboardLimits>
  /** Checks the signatures of announcements; the platform's own way where left out. */
  verify?: Verify
}

/** A rendezvous on the local network, without any service. */
export interface LanRendezvous extends Rendezvous {
  /** What was refused or ignored, by name. */
  dropped(): Readonly<Record<string, number | undefined>>
}

/**
 * A rendezvous among those on one network, found by multicast DNS: in Node only. A host takes joiners on a TCP port of its own,
 * from its neighbours and from nobody else. Nothing is sent or opened before it is needed.
 * @example
 * ```ts
 * const lan = lanRendezvous()
 * const convoy = await hostConvoy({ name: 'Anna', rendezvous: lan })
 * // On another machine; an invite with the hint lan: finds it without the option.
 * const same = await joinConvoy(invite, { name: 'Ben', rendezvous: lanRendezvous() })
 * ```
 */
export function lanRendezvous(options: LanOptions = {}): LanRendezvous {
  return new LocalNetwork(options)
}

class LocalNetwork implements LanRendezvous {
  readonly hint = 'lan:'
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #logger: Logger
  readonly #options: LanOptions
  readonly #dropped = new Counters()
  readonly #multicast: Multicast
  readonly #neighbours: Neighbours
  /** Names this machine for as long as it is used, and nobody. */
  readonly #target: string
  readonly #advertised = new Map<HostedSession, Advertisement>()
  #listener: Promise<LanListener> | undefined
  #own: RendezvousClient | undefined
  #cancelAnswer: Cancel | undefined
  readonly #cancelRepeats = new Set<Cancel>()
  #answeredAt = -Infinity
  #closed = false

  constructor(options: LanOptions) {
    this.#options = options
    this.#clock = options.clock ?? createSystemClock()
    this.#random = options.random ?? systemRandom
    this.#logger = options.logger ?? silentLogger
    this.#target = `openconvoy-${toHex(this.#random.bytes(6))}.local`
    this.#multicast = new Multicast({
      clock: this.#clock,
      dropped: this.#dropped,
      port: options.mdnsPort ?? mdnsPort,
      interfaces: options.interfaces,
      packet: (packet, address) => this.#take(packet, address),
    })
    this.#neighbours = new Neighbours({
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      verify: options.verify,
      timings: options.timings,
      reachMs: options.reachMs ?? reachWithinMs,
      browseMs: options.browseMs ?? browseWithinMs,
      ask: () => this.#multicast.ask(),
    })
  }

  async announce(announcement: Announcement, signal?: AbortSignal): Promise<HostedSession> {
    this.#throwIfClosed()
    throwIfAborted(signal)
    await this.#multicast.open()
    const listener = await this.#listening()
    this.#throwIfClosed()
    this.#own ??= new RendezvousClient({
      hint: this.hint,
      host: 'localhost',
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      dial: dialInProcess(listener.switchboard),
    })
    const hosted = await this.#own.announce(announcement, signal)
    const tag = tagOf(announcement.sessionId)
    const instance = `${tag}-${toHex(this.#random.bytes(4))}`
    const advertisement = { instance, tag, port: listener.port, target: this.#target }
    const session: HostedSession = {
      on: (name, heard) => hosted.on(name, heard),
      update: (newer) => hosted.update(newer),
      close: async () => {
        const wasUp = this.#advertised.delete(session)
        await Promise.all([hosted.close(), wasUp ? this.#tell([advertisement], 0) : undefined])
      },
    }
    this.#advertised.set(session, advertisement)
    await this.#tellTwice([advertisement])
    return session
  }

  async reach(sessionId: Uint8Array, signal?: AbortSignal): Promise<ReachedSession> {
    this.#throwIfClosed()
    return this.#neighbours.reach(sessionId, signal)
  }

  async list(signal?: AbortSignal): Promise<Uint8Array[]> {
    this.#throwIfClosed()
    return this.#neighbours.list(signal)
  }

  iceServers(): ReturnType<Rendezvous['iceServers']> {
    return []
  }

  reconnect(): void {
    if (this.#closed) return
    const renewed = this.#multicast.renew().then(() => this.#tellTwice([...this.#advertised.values()]))
    renewed.catch((error: unknown) => this.#logger.info('No network to be found on for now.', { error }))
  }

  dropped(): Readonly<Record<string, number | undefined>> {
    return this.#dropped.snapshot()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelAnswer?.()
    for (const cancel of this.#cancelRepeats) cancel()
    const leaving = [...this.#advertised.values()]
    this.#advertised.clear()
    if (leaving.length > 0) await this.#tell(leaving, 0)
    await Promise.all([this.#own?.close(), this.#neighbours.close(), this.#multicast.close()])
    const listener = await this.#listener?.catch(() => undefined)
    await listener?.close()
  }

  #listening(): Promise<LanListener> {
    if (this.#listener === undefined) {
      const { limits = {}, verify } = this.#options
      const starting = LanListener.start({
        clock: this.#clock,
        random: this.#random,
        logger: this.#logger,
        dropped: this.#dropped,
        limits,
        verify,
      })
      this.#listener = starting
      starting.catch(() => (this.#listener = undefined))
    }
    return this.#listener
  }

  #take(packet: Packet, address: string): void {
    if (packet.type === 'query') {
      if (this.#advertised.size > 0 && asksForSessions(packet)) this.#answerSoon()
      return
    }
    for (const service of servicesIn(packet)) this.#neighbours.heard(service, address)
  }

  /** However many ask, there is one answer in a while. */
  #answerSoon(): void {
    if (this.#cancelAnswer !== undefined) return
    const waitMs = Math.max(0, this.#answeredAt + answerEveryMs - this.#clock.now())
    this.#cancelAnswer = this.#clock.after(waitMs, () => {
      this.#cancelAnswer = undefined
      this.#answeredAt = this.#clock.now()
      void this.#tell([...this.#advertised.values()])
    })
  }

  async #tellTwice(advertisements: readonly Advertisement[]): Promise<void> {
    if (advertisements.length === 0 || this.#closed) return
    await this.#tell(advertisements)
    if (this.#isClosed()) return
    const cancel = this.#clock.after(announceAgainMs, () => {
      this.#cancelRepeats.delete(cancel)
      const still = new Set(this.#advertised.values())
      void this.#tell(advertisements.filter((each) => still.has(each)))
    })
    this.#cancelRepeats.add(cancel)
  }

  async #tell(advertisements: readonly Advertisement[], ttl?: number): Promise<void> {
    try {
      for (let at = 0; at < advertisements.length; at += sessionsPerPacket) {
        const some = advertisements.slice(at, at + sessionsPerPacket)
        await this.#multicast.tell((address) => some.flatMap((each) => recordsOf(each, [address], ttl)))
      }
    } catch (error) {
      this.#logger.info('The neighbours could not be told.', { error })
    }
  }

  // A method, since it may be closed while something is awaited, where types say it isn't.
  #isClosed(): boolean {
    return this.#closed
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new ConvoyError('closed', 'The rendezvous was closed.')
  }
}
