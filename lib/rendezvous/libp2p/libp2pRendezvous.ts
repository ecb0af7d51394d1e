import type { PeerId } from '@libp2p/interface'
import {
  ConvoyError,
  Counters,
  isConvoyError,
  silentLogger,
  throwIfAborted,
  toHex,
  withDeadline,
} from '../../core/index.ts'
import { peekAnnouncement, peekEnvelope, type Identity } from '../../identity/index.ts'
import { RendezvousClient, type RendezvousEnvironment } from '../client.ts'
import type { Announcement, HostedSession, ReachedSession, Rendezvous, Witness } from '../rendezvous.ts'
import { Switchboard } from '../switchboard.ts'
import { forInvites, isPeerAddress, peerAddress, relayOf } from './addresses.ts'
import { askForSession, type AskedPeer } from './asking.ts'
import {
  defaultLibp2pTimings,
  followedAddresses,
  rendezvousProtocol,
  streamsPerConnection,
  type Libp2pTimings,
} from './constants.ts'
import { serveStream } from './desk.ts'
import { dialDesk } from './dialling.ts'
import { isPeerOf, peerIdOf, privateKeyOf } from './keys.ts'
import { Lobby } from './lobby.ts'
import { startNode, type ConvoyNode } from './node.ts'
import { dialOwnDesk } from './ownDesk.ts'
import { Reservation } from './reservation.ts'
import { Search } from './search.ts'
import { SpreadSession, type Place } from './spreadSession.ts'

/** What {@link libp2pRendezvous} takes. */
export interface Libp2pRendezvousOptions extends Omit<RendezvousEnvironment, 'timings'> {
  /** Who this peer is: the same as in `hostConvoy` and `joinConvoy`. Its key is the libp2p peer id. */
  identity: Identity
  /**
   * Multiaddrs to listen on, e.g. `/ip4/0.0.0.0/tcp/7200/ws` and `/ip4/0.0.0.0/tcp/7201`; port 0 is any free one. None where
   * left out, and none in pages: others then come over relays.
   */
  listen?: readonly string[]
  /** What others dial instead, e.g. `/dns4/convoy.example/tcp/443/tls/ws` behind a proxy. */
  announceAddresses?: readonly string[]
  /**
   * Multiaddrs of other peers, each with its peer id at the end: relays at which a host keeps a reservation, signaling services that
   * speak libp2p, or any other peers that know more of them.
   */
  relays?: readonly string[]
  /** Whether this peer asks others if it can be reached from outside (default false): of use where ports are forwarded. */
  autoNat?: boolean
  /** Whether relayed connections are replaced by direct ones through a NAT where that works (default false); TCP only. */
  dcutr?: boolean
  timings?: Partial<Libp2pTimings>
}

/** A {@link Rendezvous} by libp2p, with no service in it. */
export interface Libp2pRendezvous extends Rendezvous {
  /** This peer's libp2p id. */
  readonly peerId: string
  /** Every address by which others find this peer, the best first. Complete once {@link Libp2pRendezvous.ready} resolved. */
  readonly hints: readonly string[]
  /** Starts to listen, and makes reservations. Otherwise done when first needed. */
  ready(signal?: AbortSignal): Promise<void>
  /** Takes a hint of an invite to ask there; false when it is not of this kind. */
  follow(hint: string): boolean
  /** See {@link Rendezvous.reconnect}. */
  reconnect(): void
  /** What was refused or ignored, by name. */
  dropped(): Readonly<Record<string, number | undefined>>
}

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
  readonly #clients = new Map<string, RendezvousClient>()
  readonly #followed = new Set<string>()
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
    this.#switchboard = new Switchboard({ clock, random, logger, witness: false })
    this.#own = this.#client('this peer', dialOwnDesk(this.#switchboard))
  }

  get hint(): string {
    return this.hints[0] ?? this.#asked()[0] ?? `/p2p/${this.peerId}`
  }

  get hints(): readonly string[] {
    const held = [...this.#reservations.values()].filter(({ isHeld }) => isHeld)
    return forInvites(
      this.#started?.node.getMultiaddrs() ?? [],
      held.map(({ address }) => address),
    )
  }

  follow(hint: string): boolean {
    if (!isPeerAddress(hint)) return false
    const isFull = this.#followed.size >= followedAddresses
    if (!isFull && !hint.endsWith(`/p2p/${this.peerId}`)) this.#followed.add(hint)
    return true
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
    const reserving = Promise.all(this.#reserve()).then(() => undefined)
    reserving.catch(() => undefined)
    const session: SpreadSession = new SpreadSession(
      {
        clock,
        logger,
        own: this.#own,
        places: this.#places(),
        isReachable: () => this.#isReachable(),
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
    const asked = this.#asked()
    return askForSession(
      {
        sessionId,
        known: asked.map((address) => this.#peerAt(address, sessionId)),
        search: async function* (this: PeerRendezvous, until: AbortSignal): AsyncGenerator<AskedPeer> {
          for await (const peer of search.holders(sessionId, until)) yield this.#holder(peer, sessionId)
        }.bind(this),
        clock: this.#options.clock,
        timings: this.#timings,
        unreachable: (causes) => this.#unreachable(causes),
      },
      signal,
    )
  }

  async list(signal?: AbortSignal): Promise<Uint8Array[]> {
    throwIfAborted(signal)
    const { lobby } = await this.#within(this.#start(), signal)
    const asked = this.#places().map(({ client }) => client.list(signal))
    const outcomes = await Promise.allSettled([...asked, lobby.list(signal)])
    throwIfAborted(signal)
    const lists = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    return newestOfEach(lists.flat())
  }

  iceServers(): [] {
    return []
  }

  async witness(signal?: AbortSignal): Promise<Witness | undefined> {
    throwIfAborted(signal)
    await this.#within(this.#start(), signal)
    const asked = this.#places().map(async ({ client }) => {
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
    for (const client of this.#clients.values()) client.reconnect()
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
    await Promise.all([this.#own, ...this.#clients.values()].map((client) => client.close()))
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

  /** Relays that were named, and those that lead to peers of an invite. */
  #relays(): string[] {
    const behind = [...this.#followed].flatMap((hint) => relayOf(hint) ?? [])
    return [...new Set([...(this.#options.relays ?? []), ...behind])]
  }

  /** Where sessions are asked for. */
  #asked(): string[] {
    return [...new Set([...this.#followed, ...this.#relays()])]
  }

  /** Whose desks sessions are announced at: also at a former host's, so that those who ask there find the later one. */
  #places(): Place[] {
    return this.#asked().map((address) => ({ address, client: this.#clientOf(address) }))
  }

  #reserve(): Promise<void>[] {
    const started = this.#started
    if (started === undefined) return []
    const { clock, random, logger = silentLogger } = this.#options
    return this.#relays().map((relay) => {
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

  #isReachable(): boolean {
    if ((this.#options.listen ?? []).length > 0) return true
    return [...this.#reservations.values()].some(({ isHeld }) => isHeld)
  }

  #waysChanged(cause: ConvoyError): void {
    for (const session of this.#sessions.values()) session.waysChanged(cause)
  }

  #forget(key: string, session: SpreadSession): void {
    if (this.#sessions.get(key) === session) this.#sessions.delete(key)
  }

  #clientOf(address: string): RendezvousClient {
    let client = this.#clients.get(address)
    if (client === undefined) {
      const { clock } = this.#options
      const node = async (): Promise<ConvoyNode> => (await this.#start()).node
      client = this.#client(address, dialDesk(node, peerAddress(address), clock))
      this.#clients.set(address, client)
    }
    return client
  }

  #client(hint: string, dial: ReturnType<typeof dialDesk>): RendezvousClient {
    const { clock, random, logger = silentLogger } = this.#options
    const { connectMs, backOffMs } = this.#timings
    return new RendezvousClient({
      hint,
      host: '',
      dial,
      clock,
      random,
      logger,
      timings: { connectMs, backOffMs },
    })
  }

  #peerAt(address: string, sessionId: Uint8Array): AskedPeer {
    const client = this.#clientOf(address)
    return {
      reach: (signal) => client.reach(sessionId, signal),
      is: (signKey) => address.endsWith(`/p2p/${peerIdOf(signKey).toString()}`),
    }
  }

  /** A peer that the search found: asked once, and not kept. */
  #holder(peer: PeerId, sessionId: Uint8Array): AskedPeer {
    const { clock } = this.#options
    const key = `/p2p/${peer.toString()}`
    const node = async (): Promise<ConvoyNode> => (await this.#start()).node
    const client = this.#clients.get(key) ?? this.#client(key, dialDesk(node, peer, clock))
    this.#clients.set(key, client)
    return {
      reach: (signal) => client.reach(sessionId, signal),
      is: (signKey) => isPeerOf(peer, signKey),
    }
  }

  #unreachable(causes: readonly unknown[]): ConvoyError {
    const message =
      causes.length === 0
        ? 'This peer knows no other of libp2p: name a relay, or join by an invite that has a libp2p address.'
        : `No libp2p peer answers at ${this.hint}${causes.length > 1 ? `, nor at ${causes.length - 1} more` : ''}. It may be down, or a firewall may be in the way: check the address, or name another relay.`
    return new ConvoyError('rendezvous-unreachable', message, { cause: new AggregateError(causes) })
  }
}

/** One announcement of each session, the one issued last, newest first. */
function newestOfEach(envelopes: readonly Uint8Array[]): Uint8Array[] {
  const newest = new Map<string, { envelope: Uint8Array; issuedAt: number }>()
  for (const envelope of envelopes) {
    const issuedAt = peekEnvelope(envelope)?.issuedAt
    const sessionId = peekAnnouncement(envelope)
    if (issuedAt === undefined || sessionId === undefined) continue
    const known = newest.get(toHex(sessionId))
    if (known === undefined || known.issuedAt < issuedAt) newest.set(toHex(sessionId), { envelope, issuedAt })
  }
  return [...newest.values()].sort((a, b) => b.issuedAt - a.issuedAt).map(({ envelope }) => envelope)
}
