import {
  silentLogger,
  toHex,
  type Cancel,
  type Clock,
  type Logger,
  type RandomSource,
} from '../core/index.ts'
import { createSigner, type Signer, type Verify } from '../identity/index.ts'
import { AddressBuckets } from './addressBuckets.ts'
import { AddressBudgets } from './addressBudgets.ts'
import { CutLog } from './cutLog.ts'
import { FrameIntake } from './frameIntake.ts'
import { frameVersion, type ClientFrame, type CutReason } from './frames.ts'
import { Introducer } from './introducer.ts'
import { Origins } from './origins.ts'
import { Refusals } from './refusals.ts'
import { ServiceDesk } from './serviceDesk.ts'
import { SessionDirectory } from './sessionDirectory.ts'
import {
  costOf,
  countsOf,
  dropRoute,
  SwitchboardClient,
  type ClientPort,
  type SwitchboardSocket,
} from './switchboardClient.ts'
import {
  defaultSwitchboardLimits,
  type SwitchboardLimit,
  type SwitchboardLimits,
} from './switchboardLimits.ts'
import type { SwitchboardStats } from './switchboardStats.ts'
import { addressRates } from './trafficBudget.ts'
import { TrafficCounts } from './trafficCounts.ts'
import { WitnessDesk, type WitnessRefusal } from './witnessDesk.ts'

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

type Requesting = Extract<ClientFrame, { request: number }>

/**
 * The service's side of the rendezvous protocol, whatever the frames travel on: announces sessions, opens
 * routes to their hosts and relays sealed messages, which it can't read. The signaling service puts it
 * behind WebSockets; the in-memory rendezvous uses it as it is.
 */
export class Switchboard {
  /** For a mesh of services. */
  readonly services: ServiceDesk
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #limits: SwitchboardLimits
  readonly #clients = new Set<SwitchboardClient>()
  readonly #requests: AddressBuckets
  readonly #directory: SessionDirectory
  readonly #introducer: Introducer
  readonly #witness: WitnessDesk
  readonly #refusals = new Refusals((client, reason) => this.#cut(client, reason))
  readonly #intake: FrameIntake
  readonly #traffic = new TrafficCounts()
  readonly #addressBudgets: AddressBudgets
  readonly #cutLog: CutLog
  readonly #cancelTick: Cancel
  #draining = false
  readonly #grants = { granted: 0, refused: 0 }

  constructor(options: SwitchboardOptions) {
    this.#clock = options.clock
    this.#logger = options.logger ?? silentLogger
    this.#limits = { ...defaultSwitchboardLimits, ...options.limits }
    this.#requests = new AddressBuckets(
      options.clock,
      this.#limits.requestsPerSecond,
      this.#limits.requestsBurst,
    )
    this.#cutLog = new CutLog(options.clock, options.random, this.#logger)
    this.#intake = new FrameIntake({ clock: this.#clock, traffic: this.#traffic, refusals: this.#refusals })
    this.#addressBudgets = new AddressBudgets(addressRates(this.#limits))
    this.#directory = new SessionDirectory(options.clock, options.random, this.#limits)
    this.#introducer = new Introducer({
      clock: this.#clock,
      limits: this.#limits,
      directory: this.#directory,
      origins: new Origins(options.random),
      verify: options.verify,
      refusals: this.#refusals,
    })
    this.services = new ServiceDesk({
      directory: this.#directory,
      introducer: this.#introducer,
      accept: (port) => this.accept(port),
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
    const { address } = port
    const client = new SwitchboardClient(port, {
      clock: this.#clock,
      limits: this.#limits,
      traffic: this.#traffic,
      addressBudget: address === null ? undefined : this.#addressBudgets.join(address, this.#clock.now()),
      onError: (error) => this.#logger.error('Answering an announcement failed.', { error }),
    })
    this.#clients.add(client)
    return {
      client,
      receive: (bytes) => this.#receive(client, bytes),
      cut: (reason) => this.#cut(client, reason),
      gone: () => this.#gone(client),
    }
  }

  stats(): SwitchboardStats {
    return {
      ...countsOf(this.#clients),
      sessions: this.#directory.size,
      witnessed: this.#witness.size,
      relayedMessages: this.#traffic.relayed,
      relayedBytes: this.#intake.relayedBytes,
      refused: this.#refusals.refused.snapshot(),
      limitsHit: this.#refusals.limitsHit.snapshot(),
      grants: { ...this.#grants },
      ...this.#traffic.snapshot(),
    }
  }

  /** Counts something that the transport refused by itself. */
  countRefused(name: string): void {
    this.#refusals.refused.add(name)
  }

  /**
   * From now on nothing new begins: no session is put up, no route is opened. Clients that have nothing under way are sent away at
   * once, the others as soon as that is over, each time this is called again.
   * @param most - at most so many are sent away now: all of them at once would come to the next service at once.
   * @returns how many are left.
   */
  drain(most: number): number {
    if (!this.#draining) {
      this.#draining = true
      this.#directory.forgetAbsent()
    }
    let left = most
    for (const client of [...this.#clients]) {
      if (left === 0) break
      // Other services of a mesh go with the whole of it: joiners of theirs may still be on their way.
      if (client.routes.size > 0 || client.busy > 0 || client.port.service !== undefined) continue
      this.#cut(client, 'going-away')
      left--
    }
    return [...this.#clients].filter(({ port, routes }) => port.service === undefined || routes.size > 0)
      .length
  }

  /** Cuts every client and forgets everything. Idempotent. */
  close(): void {
    this.#cancelTick()
    for (const client of [...this.#clients]) this.#cut(client, 'going-away')
    this.#directory.clear()
  }

  #receive(client: SwitchboardClient, bytes: Uint8Array): void {
    if (client.gone) return
    const frame = this.#intake.take(client, bytes)
    switch (frame?.type) {
      case undefined:
      case 'pong':
        return
      case 'hello':
        return this.#greet(client, frame.version)
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

  #greet(client: SwitchboardClient, version: number): void {
    if (version !== frameVersion) {
      const reason = `This service speaks version ${frameVersion}.`
      this.#refusals.refuse(client, null, 'protocol-version', reason)
      return this.#cut(client, 'version')
    }
    const { key, boot } = this.#witness
    client.greet(this.#limits.pingMs, this.#limits.configurations > 0 ? { key, boot } : null)
  }

  #request(client: SwitchboardClient, frame: Requesting): void {
    client.usedAt = this.#clock.now()
    const { address } = client.port
    if (address !== null && !this.#requests.tryTake(address, costOf(frame, this.#limits))) {
      this.#refusals.refuse(
        client,
        frame.request,
        'rate-limited',
        'Too many requests from your address; wait a little.',
        'address-requests',
      )
      return this.#refusals.strike(client, 'flood')
    }
    if (this.#draining && (frame.type === 'announce' || frame.type === 'open')) {
      const reason = 'This service is about to stop; use another one.'
      return this.#refusals.refuse(client, frame.request, 'rate-limited', reason, 'draining')
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
    else this.#refusals.refuse(client, request, refusal.code, refusal.reason, limitOf(refusal))
  }

  async #grant(client: SwitchboardClient, frame: Extract<ClientFrame, { type: 'grant' }>): Promise<void> {
    const { request, config, secret, vote } = frame
    const granted = await this.#witness.grant(config, secret, vote)
    const isGranted = granted instanceof Uint8Array
    this.#grants[isGranted ? 'granted' : 'refused']++
    if (isGranted) client.send({ type: 'granted', request, vote: granted })
    else this.#refusals.refuse(client, request, granted.code, granted.reason)
  }

  #cut(client: SwitchboardClient, reason: CutReason): void {
    if (client.gone) return
    if (reason !== 'going-away' && reason !== 'idle') {
      this.#refusals.refused.add(`cut-${reason}`)
      this.#cutLog.write(client.port.address, reason)
    }
    this.#gone(client)
    client.port.cut(reason)
  }

  #gone(client: SwitchboardClient): void {
    if (client.gone) return
    client.gone = true
    this.#clients.delete(client)
    if (client.port.address !== null) this.#addressBudgets.leave(client.port.address)
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
      if (client.isPinged && now - client.pingedAt >= this.#limits.pingMs) {
        client.pingedAt = now
        client.send({ type: 'ping' })
      }
    }
    this.#witness.removeExpired()
    this.#addressBudgets.forgetFull(now)
    for (const { owner, sessionId } of this.#directory.removeExpired()) {
      owner.send({ type: 'dropped', session: sessionId, cause: 'expired' })
    }
  }

  #reasonToCut(client: SwitchboardClient, now: number): CutReason | undefined {
    const { greetingMs, pingMs, missedPings, idleMs } = this.#limits
    if (!client.greeted && now - client.usedAt >= greetingMs) return 'silent'
    if (client.isPinged && now - client.heardAt >= pingMs * missedPings) return 'silent'
    return !client.inUse && now - client.usedAt >= idleMs ? 'idle' : undefined
  }
}

function limitOf({ code }: WitnessRefusal): SwitchboardLimit | undefined {
  return code === 'rate-limited' ? 'configurations' : undefined
}
