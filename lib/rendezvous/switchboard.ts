import {
  Counters,
  isConvoyError,
  silentLogger,
  toHex,
  type Cancel,
  type Clock,
  type Logger,
  type RandomSource,
} from '../core/index.ts'
import { createSigner, type Signer, type Verify } from '../identity/index.ts'
import { AddressBuckets } from './addressBuckets.ts'
import {
  decodeClientFrame,
  frameVersion,
  type ClientFrame,
  type CutReason,
  type RefusalCode,
} from './frames.ts'
import { Introducer } from './introducer.ts'
import { Origins } from './origins.ts'
import { SessionDirectory } from './sessionDirectory.ts'
import {
  costOf,
  dropRoute,
  endRoute,
  farEnd,
  SwitchboardClient,
  type ClientPort,
} from './switchboardClient.ts'
import { defaultSwitchboardLimits, type SwitchboardLimits } from './switchboardLimits.ts'
import { WitnessDesk } from './witnessDesk.ts'

/** What a {@link Switchboard} is made with. */
export interface SwitchboardOptions {
  clock: Clock
  random: RandomSource
  logger?: Logger
  limits?: Partial<SwitchboardLimits>
  /** Checks the signatures of announcements; the platform's own way where left out. */
  verify?: Verify
  /** Makes the signer of the witness from a seed; the platform's own Ed25519 where left out. */
  signer?: (seed: Uint8Array) => Signer
}

/** What the transport tells of a client that it accepted. */
export interface SwitchboardSocket {
  receive(bytes: Uint8Array): void
  /** Ends the connection for a reason that the transport found. */
  cut(reason: CutReason): void
  /** The connection is gone. Idempotent. */
  gone(): void
}

/** How a switchboard does, as plain data. */
export interface SwitchboardStats {
  clients: number
  sessions: number
  routes: number
  /** Configurations of voters that it is the witness of. */
  witnessed: number
  /** Since the start. */
  relayedMessages: number
  relayedBytes: number
  /** What was refused and which connections were cut, by name. */
  refused: Readonly<Record<string, number | undefined>>
}

type Requesting = Extract<ClientFrame, { request: number }>

/**
 * The service's side of the rendezvous protocol, whatever the frames travel on: announces sessions, opens
 * routes to their hosts and relays sealed messages, which it can't read. The signaling service puts it
 * behind WebSockets; the in-memory rendezvous uses it as it is.
 */
export class Switchboard {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #limits: SwitchboardLimits
  readonly #clients = new Set<SwitchboardClient>()
  readonly #requests: AddressBuckets
  readonly #directory: SessionDirectory
  readonly #introducer: Introducer
  readonly #witness: WitnessDesk
  readonly #refused = new Counters()
  readonly #cancelTick: Cancel
  #relayedMessages = 0
  #relayedBytes = 0

  constructor(options: SwitchboardOptions) {
    this.#clock = options.clock
    this.#logger = options.logger ?? silentLogger
    this.#limits = { ...defaultSwitchboardLimits, ...options.limits }
    this.#requests = new AddressBuckets(
      options.clock,
      this.#limits.requestsPerSecond,
      this.#limits.requestsBurst,
    )
    this.#directory = new SessionDirectory(options.clock, options.random, this.#limits)
    this.#introducer = new Introducer({
      clock: this.#clock,
      limits: this.#limits,
      directory: this.#directory,
      origins: new Origins(options.random),
      verify: options.verify,
      refuse: (client, request, code, reason) => this.#refuse(client, request, code, reason),
    })
    this.#witness = new WitnessDesk({
      clock: options.clock,
      random: options.random,
      limits: this.#limits,
      signer: options.signer ?? createSigner,
    })
    // A third of the period: pings are at most that late.
    this.#cancelTick = this.#clock.every(this.#limits.pingMs / 3, () => this.#tick())
  }

  accept(port: ClientPort): SwitchboardSocket {
    const client = new SwitchboardClient(port, this.#clock, this.#limits, (error) =>
      this.#logger.error('Answering an announcement failed.', { error }),
    )
    this.#clients.add(client)
    return {
      receive: (bytes) => this.#receive(client, bytes),
      cut: (reason) => this.#cut(client, reason),
      gone: () => this.#gone(client),
    }
  }

  stats(): SwitchboardStats {
    let ends = 0
    for (const client of this.#clients) ends += client.routes.size
    return {
      clients: this.#clients.size,
      sessions: this.#directory.size,
      routes: ends / 2,
      witnessed: this.#witness.size,
      relayedMessages: this.#relayedMessages,
      relayedBytes: this.#relayedBytes,
      refused: this.#refused.snapshot(),
    }
  }

  /** Counts something that the transport refused by itself. */
  countRefused(name: string): void {
    this.#refused.add(name)
  }

  /** Cuts every client and forgets everything. Idempotent. */
  close(): void {
    this.#cancelTick()
    for (const client of [...this.#clients]) this.#cut(client, 'going-away')
    this.#directory.clear()
  }

  #receive(client: SwitchboardClient, bytes: Uint8Array): void {
    if (client.gone) return
    client.heardAt = this.#clock.now()
    const withinRate = client.frames.tryTake() && client.bytes.tryTake(bytes.length)
    let frame: ClientFrame
    try {
      frame = decodeClientFrame(bytes)
    } catch (error) {
      const code = isConvoyError(error, 'message-too-large') ? 'message-too-large' : 'message-malformed'
      this.#refuse(client, null, code, 'The frame was not understood.')
      return this.#strike(client, 'malformed')
    }
    if (!withinRate) return this.#overRate(client, frame)
    if (!client.greeted) return this.#greet(client, frame)
    this.#take(client, frame)
  }

  #greet(client: SwitchboardClient, frame: ClientFrame): void {
    if (frame.type !== 'hello') {
      this.#refuse(client, null, 'message-malformed', 'The first frame has to be a hello.')
      return this.#cut(client, 'malformed')
    }
    if (frame.version !== frameVersion) {
      this.#refuse(client, null, 'protocol-version', `This service speaks version ${frameVersion}.`)
      return this.#cut(client, 'version')
    }
    client.greet(this.#limits.pingMs, { key: this.#witness.key, boot: this.#witness.boot })
  }

  #take(client: SwitchboardClient, frame: ClientFrame): void {
    switch (frame.type) {
      case 'hello':
        this.#refuse(client, null, 'message-malformed', 'A hello comes once.')
        return this.#strike(client, 'malformed')
      case 'pong':
        return
      case 'relay':
        return this.#relay(client, frame.route, frame.message)
      case 'close':
        return this.#close(client, frame.route)
      case 'announce':
      case 'withdraw':
      case 'open':
      case 'list':
      case 'turn':
      case 'witness':
      case 'grant':
        return this.#request(client, frame)
    }
  }

  #request(client: SwitchboardClient, frame: Requesting): void {
    client.usedAt = this.#clock.now()
    const { address } = client.port
    if (address !== null && !this.#requests.tryTake(address, costOf(frame, this.#limits))) {
      this.#refuse(
        client,
        frame.request,
        'rate-limited',
        'Too many requests from your address; wait a little.',
      )
      return this.#strike(client, 'flood')
    }
    switch (frame.type) {
      case 'announce':
        client.busy++
        return client.announcing.add(() =>
          this.#introducer.announce(client, frame).finally(() => client.busy--),
        )
      case 'withdraw':
        // Behind announcements that are still being checked, or it would come too early for them.
        return client.announcing.add(() =>
          this.#introducer.withdraw(client, frame.request, toHex(frame.session)),
        )
      case 'open':
        return this.#introducer.open(client, frame.request, toHex(frame.session))
      case 'list':
        return this.#introducer.list(client, frame.request)
      case 'turn':
        return client.provideTurn(frame.request)
      case 'witness':
        return this.#register(client, frame)
      case 'grant':
        client.busy++
        return void this.#grant(client, frame).finally(() => client.busy--)
    }
  }

  #register(client: SwitchboardClient, frame: Extract<ClientFrame, { type: 'witness' }>): void {
    const { request, session, config, secretHashes } = frame
    const refusal = this.#witness.register(client.port.address, session, config, secretHashes)
    if (refusal === undefined) client.send({ type: 'witnessing', request })
    else this.#refuse(client, request, refusal.code, refusal.reason)
  }

  async #grant(client: SwitchboardClient, frame: Extract<ClientFrame, { type: 'grant' }>): Promise<void> {
    const { request, config, secret, vote } = frame
    const granted = await this.#witness.grant(config, secret, vote)
    if (granted instanceof Uint8Array) client.send({ type: 'granted', request, vote: granted })
    else this.#refuse(client, request, granted.code, granted.reason)
  }

  #relay(client: SwitchboardClient, number: number, message: Uint8Array): void {
    const route = client.routes.get(number)
    // Its other end may just have closed it: no offence.
    if (route === undefined) return this.#refused.add('unknown-route')
    const to = farEnd(route, client, number)
    route.usedAt = client.usedAt = to.client.usedAt = this.#clock.now()
    this.#relayedMessages++
    this.#relayedBytes += message.length
    to.client.send({ type: 'relay', route: to.number, message })
  }

  #close(client: SwitchboardClient, number: number): void {
    const route = client.routes.get(number)
    if (route === undefined) return
    client.usedAt = this.#clock.now()
    const to = farEnd(route, client, number)
    endRoute(route)
    to.client.send({ type: 'closed', route: to.number })
  }

  #overRate(client: SwitchboardClient, frame: ClientFrame): void {
    // Nothing is gained by refusing to end something.
    if (frame.type === 'close') this.#close(client, frame.route)
    // A gap in an ordered stream must not go unnoticed: the route ends instead, at both ends.
    const route = frame.type === 'relay' ? client.routes.get(frame.route) : undefined
    if (route !== undefined) dropRoute(route)
    const request = 'request' in frame ? frame.request : null
    this.#refuse(client, request, 'rate-limited', 'Too much was sent on this connection; wait a little.')
    this.#strike(client, 'flood')
  }

  #refuse(client: SwitchboardClient, request: number | null, code: RefusalCode, reason: string): void {
    this.#refused.add(code)
    client.send({ type: 'refused', request, code, reason })
  }

  #strike(client: SwitchboardClient, reason: CutReason): void {
    if (!client.patience.tryTake()) this.#cut(client, reason)
  }

  #cut(client: SwitchboardClient, reason: CutReason): void {
    if (client.gone) return
    if (reason !== 'going-away' && reason !== 'idle') {
      this.#refused.add(`cut-${reason}`)
      this.#logger.info('Cut a connection.', { reason })
    }
    this.#gone(client)
    client.port.cut(reason)
  }

  #gone(client: SwitchboardClient): void {
    if (client.gone) return
    client.gone = true
    this.#clients.delete(client)
    for (const route of [...client.routes.values()]) dropRoute(route)
    for (const key of client.sessions) this.#directory.ownerGone(key)
  }

  #tick(): void {
    const now = this.#clock.now()
    for (const client of [...this.#clients]) {
      const reason = this.#reasonToCut(client, now)
      if (reason !== undefined) {
        this.#cut(client, reason)
        continue
      }
      for (const route of [...client.routes.values()]) {
        if (now - route.usedAt >= this.#limits.routeIdleMs) dropRoute(route)
      }
      if (client.greeted && now - client.pingedAt >= this.#limits.pingMs) {
        client.pingedAt = now
        client.send({ type: 'ping' })
      }
    }
    this.#witness.removeExpired()
    for (const { owner, sessionId } of this.#directory.removeExpired()) {
      owner.send({ type: 'dropped', session: sessionId, cause: 'expired' })
    }
  }

  #reasonToCut(client: SwitchboardClient, now: number): CutReason | undefined {
    const { greetingMs, pingMs, missedPings, idleMs } = this.#limits
    if (!client.greeted && now - client.usedAt >= greetingMs) return 'silent'
    if (now - client.heardAt >= pingMs * missedPings) return 'silent'
    return !client.inUse && now - client.usedAt >= idleMs ? 'idle' : undefined
  }
}
