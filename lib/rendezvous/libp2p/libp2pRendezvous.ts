import {
  ConvoyError,
  Counters,
  isConvoyError,
  silentLogger,
  throwIfAborted,
  toHex,
  withDeadline,
} from '../../core/index.ts'
import type { RendezvousClient } from '../client.ts'
import { dialInProcess } from '../inProcess.ts'
import type { Announcement, HostedSession, ReachedSession, Witness } from '../rendezvous.ts'
import { Switchboard } from '../switchboard.ts'
import { forInvites, peerAddress } from './addresses.ts'
import { askForSession, type AskedPeer } from './asking.ts'
import {
  defaultLibp2pTimings,
  rendezvousProtocol,
  streamsPerConnection,
  type Libp2pTimings,
} from './constants.ts'
import { Contacts } from './contacts.ts'
import { serveStream } from './desk.ts'
import { peerIdOf, privateKeyOf } from './keys.ts'
import { Lobby } from './lobby.ts'
import { newestOfEach } from './newestOfEach.ts'
import { startNode, type ConvoyNode } from './node.ts'
import type { Libp2pRendezvous, Libp2pRendezvousOptions } from './options.ts'
import { Reservation } from './reservation.ts'
import { Search } from './search.ts'
import { SpreadSession } from './spreadSession.ts'

/**
 * A rendezvous without any service of ours: peers meet by [libp2p](https://libp2p.io), directly or over relays, under
 * the key of their identity. A host answers for its sessions itself; vehicle states never travel here.
 *
 * Nothing starts before it is needed. Hand it to `hostConvoy` or `joinConvoy` as `rendezvous`, which then follows the
 * libp2p hints of the invite too, and close it after the convoy.
 * @throws ConvoyError `invalid-argument` for an address that is none.
 * @example
 * ```ts
 * const identity = createIdentity()
 * const rendezvous = libp2pRendezvous({
 *   identity,
 *   listen: ['/ip4/0.0.0.0/tcp/7200/ws'],
 *   clock: createSystemClock(),
 *   random: systemRandom,
 * })
 * const convoy = await hostConvoy({ name: 'Anna', identity, rendezvous })
 * console.log(convoy.invite)
 * ```
 */
export function libp2pRendezvous(options: Libp2pRendezvousOptions): Libp2pRendezvous {
  for (const relay of options.relays ?? []) peerAddress(relay)
  return new PeerRendezvous(options)
}

interface Started {
  readonly node: ConvoyNode
  readonly lobby: Lobby
  readonly search: Search
}

class PeerRendezvous implements Libp2pRendezvous {
  readonly peerId: string
  readonly #options: Libp2pRendezvousOptions
  readonly #timings: Libp2pTimings
  readonly #counters = new Counters()
  readonly #switchboard: Switchboard
  readonly #own: RendezvousClient
  readonly #contacts: Contacts
  readonly #reservations = new Map<string, Reservation>()
  readonly #sessions = new Map<string, SpreadSession>()
  readonly #ending = new AbortController()
  #starting: Promise<Started> | undefined
  #started: Started | undefined
  #closing: Promise<void> | undefined

  constructor(options: Libp2pRendezvousOptions) {
    this.#options = options
    this.#timings = { ...defaultLibp2pTimings, ...options.timings }
    this.peerId = peerIdOf(options.identity.signKey).toString()
    const { clock, random } = options
    const logger = options.logger ?? silentLogger
    // A witness that goes down together with the host it should stand in for is none.
    this.#switchboard = new Switchboard({ clock, random, logger, limits: { configurations: 0 } })
    this.#contacts = new Contacts(options, this.#timings, this.peerId, async () => (await this.#start()).node)
    this.#own = this.#contacts.client('this peer', dialInProcess(this.#switchboard))
  }

  get hint(): string {
    return this.hints[0] ?? this.#contacts.addresses()[0] ?? `/p2p/${this.peerId}`
  }

  get hints(): readonly string[] {
    const held = [...this.#reservations.values()].filter(({ isHeld }) => isHeld)
    return forInvites(
      this.#started?.node.getMultiaddrs() ?? [],
      held.map(({ address }) => address),
    )
  }

  follow(hint: string): boolean {
    return this.#contacts.follow(hint)
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await this.#within(this.#start(), signal)
    await this.#within(Promise.allSettled(this.#reserve()), signal)
  }

  async announce(announcement: Announcement, signal?: AbortSignal): Promise<HostedSession> {
    throwIfAborted(signal)
    const { lobby, search } = await this.#within(this.#start(), signal)
    const key = toHex(announcement.sessionId)
    if (this.#sessions.has(key)) {
      throw new ConvoyError(
        'invalid-argument',
        'The session is announced here already: use update() of what announce() gave.',
      )
    }
    const { clock } = this.#options
    const logger = this.#options.logger ?? silentLogger
    const reserving = oneOf(this.#reserve())
    reserving.catch(() => undefined)
    const session: SpreadSession = new SpreadSession(
      {
        clock,
        logger,
        own: this.#own,
        places: this.#contacts.places(),
        listens: (this.#options.listen ?? []).length > 0,
        hasReservation: () => [...this.#reservations.values()].some(({ isHeld }) => isHeld),
        published: (newest) => {
          lobby.publish(key, newest).catch((error: unknown) => logger.warn('Not listed.', { error }))
          // Once there is an address that the hash table can tell others.
          void reserving
            .catch(() => undefined)
            .then(() => {
              if (session.isUp) void search.provide(newest.sessionId, this.#ending.signal)
            })
        },
        closed: (closed) => {
          lobby.withdraw(key)
          void search.withdraw(closed.announcement.sessionId, this.#ending.signal)
          if (!closed.isOpen) this.#forget(key, closed)
        },
      },
      announcement,
    )
    this.#sessions.set(key, session)
    await session.start(reserving, signal)
    return session
  }

  async reach(sessionId: Uint8Array, signal?: AbortSignal): Promise<ReachedSession> {
    throwIfAborted(signal)
    const { search } = await this.#within(this.#start(), signal)
    if (this.#sessions.get(toHex(sessionId))?.isUp === true) return this.#own.reach(sessionId, signal)
    const contacts = this.#contacts
    return askForSession(
      {
        sessionId,
        known: contacts.known(sessionId),
        search: async function* (until): AsyncGenerator<AskedPeer> {
          for await (const peer of search.holders(sessionId, until)) yield contacts.found(peer, sessionId)
        },
        clock: this.#options.clock,
        timings: this.#timings,
        unreachable: (causes) => this.#unreachable(causes),
      },
      signal,
    )
  }

  async list(signal?: AbortSignal): Promise<Uint8Array[]> {
    throwIfAborted(signal)
    const { lobby, node } = await this.#within(this.#start(), signal)
    const asked = this.#contacts.places().map(({ client }) => client.list(signal))
    const outcomes = await Promise.allSettled([...asked, lobby.list(signal)])
    throwIfAborted(signal)
    const causes = outcomes.flatMap((outcome): unknown[] =>
      outcome.status === 'rejected' ? [outcome.reason] : [],
    )
    // Nobody to hear of any; an empty list would be a wrong answer.
    if (asked.length > 0 && causes.length >= asked.length && node.getConnections().length === 0)
      throw this.#unreachable(causes)
    const lists = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    return newestOfEach(lists.flat())
  }

  iceServers(): [] {
    return []
  }

  async witness(signal?: AbortSignal): Promise<Witness | undefined> {
    throwIfAborted(signal)
    await this.#within(this.#start(), signal)
    const asked = this.#contacts.places().map(async ({ client }) => {
      const witness = await client.witness(signal)
      if (witness === undefined) throw new ConvoyError('unsupported', 'This peer is no witness.')
      return witness
    })
    try {
      return await Promise.any(asked)
    } catch (error) {
      throwIfAborted(signal)
      const causes = (error as AggregateError).errors as unknown[]
      if (causes.length > 0 && causes.every((cause) => isConvoyError(cause, 'rendezvous-unreachable')))
        throw this.#unreachable(causes)
      return undefined
    }
  }

  reconnect(): void {
    if (this.#closing !== undefined) return
    const cause = new ConvoyError('rendezvous-unreachable', 'The network changed.')
    for (const connection of this.#started?.node.getConnections() ?? []) connection.abort(cause)
    this.#contacts.reconnect()
    for (const reservation of this.#reservations.values()) reservation.hold().catch(() => undefined)
  }

  dropped(): Readonly<Record<string, number | undefined>> {
    return { ...this.#counters.snapshot(), ...this.#switchboard.stats().refused }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()))
    this.#ending.abort(new ConvoyError('closed', 'The rendezvous was closed.'))
    for (const reservation of this.#reservations.values()) reservation.close()
    await Promise.all([this.#own.close(), this.#contacts.close()])
    this.#switchboard.close()
    const started = await this.#starting?.catch(() => undefined)
    started?.lobby.close()
    await started?.node.stop()
  }

  /** @throws ConvoyError `closed`; what keeps libp2p from starting. */
  #start(): Promise<Started> {
    if (this.#closing !== undefined) throw new ConvoyError('closed', 'The rendezvous was closed.')
    this.#starting ??= this.#startNode()
    return this.#starting
  }

  async #startNode(): Promise<Started> {
    const { identity, listen = [], announceAddresses = [], clock } = this.#options
    const logger = this.#options.logger ?? silentLogger
    const node = await startNode({
      privateKey: await privateKeyOf(identity),
      listen,
      announce: announceAddresses,
      isRelay: false,
      isAutoNat: this.#options.autoNat ?? false,
      isDcutr: this.#options.dcutr ?? false,
    })
    const desk = {
      clock,
      switchboard: this.#switchboard,
      hosts: (sessionId: Uint8Array) => this.#sessions.has(toHex(sessionId)),
    }
    await node.handle(rendezvousProtocol, (stream, connection) => serveStream(stream, connection, desk), {
      runOnLimitedConnection: true,
      maxInboundStreams: streamsPerConnection,
    })
    const lobby = new Lobby({ node, clock, logger, counters: this.#counters, timings: this.#timings })
    this.#started = { node, lobby, search: new Search(node, logger) }
    return this.#started
  }

  /** A deadline of its own has everything that is waited for here; this lets the signal in. */
  async #within<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    work.catch(() => undefined)
    if (signal === undefined) return work
    const { clock } = this.#options
    return withDeadline(clock, this.#timings.connectMs * 2, 'libp2p did not start', work, signal)
  }

  #reserve(): Promise<void>[] {
    const started = this.#started
    if (started === undefined) return []
    const { clock, random, logger = silentLogger } = this.#options
    return this.#contacts.relays().map((relay) => {
      let reservation = this.#reservations.get(relay)
      if (reservation === undefined) {
        const changed = (cause: ConvoyError): void => this.#waysChanged(cause)
        reservation = new Reservation({
          node: started.node,
          relay,
          clock,
          random,
          logger,
          timings: this.#timings,
          changed,
        })
        this.#reservations.set(relay, reservation)
      }
      return reservation.hold()
    })
  }

  #waysChanged(cause: ConvoyError): void {
    for (const session of this.#sessions.values()) session.waysChanged(cause)
  }

  #forget(key: string, session: SpreadSession): void {
    if (this.#sessions.get(key) === session) this.#sessions.delete(key)
  }

  #unreachable(causes: readonly unknown[]): ConvoyError {
    const message =
      causes.length === 0
        ? 'This peer knows no other of libp2p: name a relay, or join by an invite that has a libp2p address.'
        : `No libp2p peer answers at ${this.hint}${causes.length > 1 ? `, nor at ${causes.length - 1} more` : ''}. It may be down, or a firewall may be in the way: check the address, or name another relay.`
    return new ConvoyError('rendezvous-unreachable', message, { cause: new AggregateError(causes) })
  }
}

/** Waits for all: once nothing is under way, there is one at least, or the reason why there is none. */
async function oneOf(attempts: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(attempts)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined && outcomes.every(({ status }) => status === 'rejected')) throw failed.reason
}
