import { isConvoyError, type Clock } from '../core/index.ts'
import { openAnnouncement, type Verify } from '../identity/index.ts'
import { AddressCounts } from './addressCounts.ts'
import { frameLimits, refusalCodes, type ClientFrame, type RefusalCode } from './frames.ts'
import type { Origins } from './origins.ts'
import type { Refusals } from './refusals.ts'
import {
  answerWaiting,
  type CheckedAnnouncement,
  type DirectoryEntry,
  type PutResult,
  type SessionDirectory,
} from './sessionDirectory.ts'
import { connectRoute, type Refusal, type ServicePort, type SwitchboardClient } from './switchboardClient.ts'
import type { SwitchboardLimit, SwitchboardLimits } from './switchboardLimits.ts'

/** How often is looked for a session of which another service may be telling, ms: short for people, long for a processor. */
const lookMs = 100

/** What an {@link Introducer} works with. */
export interface IntroducerOptions {
  clock: Clock
  limits: SwitchboardLimits
  directory: SessionDirectory
  origins: Origins
  verify: Verify | undefined
  refusals: Refusals
}

/** Answers requests: puts sessions up, takes them down, lists them and opens routes to their hosts. */
export class Introducer {
  readonly #options: IntroducerOptions
  /** Whether other services, having just been found, are still telling of what they hold. */
  settling: () => boolean = () => false
  /** Requests that wait for an absent host. */
  readonly #waiting = new AddressCounts()

  constructor(options: IntroducerOptions) {
    this.#options = options
  }

  async announce(
    client: SwitchboardClient,
    frame: Extract<ClientFrame, { type: 'announce' }>,
  ): Promise<void> {
    const { request, envelope, proof, resume } = frame
    let announcement
    try {
      announcement = await openAnnouncement(envelope, {
        clock: this.#options.clock,
        verify: this.#options.verify,
        proof,
      })
    } catch (error) {
      return this.#options.refusals.refuse(
        client,
        request,
        refusalOf(error),
        isConvoyError(error) ? error.message : 'It can not be checked.',
      )
    }
    if (client.gone) return
    const result = this.put(client, { announcement, envelope, proof }, resume)
    if (result === 'stale' || result === 'wait') {
      return this.#options.refusals.refuse(
        client,
        request,
        'message-replayed',
        'A newer announcement of this session, or one of a later host, is up already.',
      )
    }
    if (result === 'too-many') {
      return this.#options.refusals.refuse(
        client,
        request,
        'rate-limited',
        'Too many sessions are announced from your address, or altogether.',
        'sessions',
      )
    }
    client.send({ type: 'announced', request, resume: result.entry.resume })
    answerWaiting(result.entry, client)
  }

  /** Puts up what was checked, and tells who had it before. Joiners that wait for it are the caller's to answer. */
  put(client: SwitchboardClient, checked: CheckedAnnouncement, resume: Uint8Array | null): PutResult {
    const result = this.#options.directory.put(client, checked, resume)
    if (typeof result !== 'string')
      result.replaced?.send({ type: 'dropped', session: result.entry.sessionId, cause: 'replaced' })
    return result
  }

  withdraw(client: SwitchboardClient, request: number, key: string): void {
    if (!client.sessions.has(key)) {
      return this.#options.refusals.refuse(
        client,
        request,
        'session-not-found',
        'You announce no such session here.',
      )
    }
    this.#options.directory.remove(key)
    client.send({ type: 'withdrawn', request })
  }

  open(client: SwitchboardClient, request: number, key: string): void {
    const entry = this.#options.directory.get(key)
    if (entry === undefined && !this.settling()) return this.#notFound(client, request)
    if (client.opened + client.busy >= this.#options.limits.opensPerSocket) {
      return this.#options.refusals.refuse(
        client,
        request,
        'rate-limited',
        'Too many routes are open on this connection.',
        'socket-routes',
      )
    }
    if (entry === undefined) return this.#openOnceTold(client, request, key)
    if (entry.owner === undefined) return this.#openLater(client, request, entry)
    this.#openNow(client, request, entry, entry.owner)
  }

  #openNow(client: SwitchboardClient, request: number, entry: DirectoryEntry, host: SwitchboardClient): void {
    const isHostBusy = host.routes.size >= this.#options.limits.routesPerSocket
    const limit = isHostBusy ? 'host-routes' : entry.load.refusal(client.port.address)
    if (limit !== undefined) return this.#tooMany(client, request, limit)
    const { service } = host.port
    if (service?.reach === undefined) this.#connect(client, request, entry, host)
    else void this.#openOnward(client, request, entry, host, service)
  }

  #connect(
    client: SwitchboardClient,
    request: number,
    entry: DirectoryEntry,
    host: SwitchboardClient,
  ): number {
    const { joinerNumber, hostNumber } = connectRoute(client, host, entry.load, this.#options.clock.now())
    client.send({ type: 'opened', request, route: joinerNumber, ...entry.announced })
    const origin = this.#options.origins.of(entry.sessionId, client.port.address)
    const told = origin === undefined ? {} : { origin }
    host.send({ type: 'incoming', route: hostNumber, session: entry.sessionId, ...told })
    return hostNumber
  }

  /** The host is connected to another service: the way there comes first, since it may be refused. */
  async #openOnward(
    client: SwitchboardClient,
    request: number,
    entry: DirectoryEntry,
    host: SwitchboardClient,
    service: ServicePort,
  ): Promise<void> {
    const origin = this.#options.origins.of(entry.sessionId, client.port.address)
    client.busy++
    const onward = await service.reach?.(entry.sessionId, origin)
    client.busy--
    if (onward === undefined || isRefusal(onward)) {
      if (client.gone) return
      if (onward === undefined || onward.code === 'session-not-found') return this.#notFound(client, request)
      return this.#options.refusals.refuse(client, request, onward.code, onward.reason)
    }
    if (!client.gone && !host.gone && entry.owner === host)
      return onward.connected(this.#connect(client, request, entry, host))
    onward.cancel()
    // It came to another service meanwhile, or here.
    if (!client.gone) this.open(client, request, entry.key)
  }

  /** Other services are still telling of what they hold: it may be among that. */
  #openOnceTold(client: SwitchboardClient, request: number, key: string): void {
    const { clock, directory, limits } = this.#options
    const until = clock.now() + limits.openWaitMs
    client.busy++
    const cancel = clock.every(lookMs, () => {
      const isThere = directory.get(key) !== undefined
      if (!client.gone && !isThere && this.settling() && clock.now() < until) return
      cancel()
      client.busy--
      if (client.gone) return
      if (isThere) this.open(client, request, key)
      else this.#notFound(client, request)
    })
  }

  /** The host's connection broke a moment ago: it will most likely be back. */
  #openLater(client: SwitchboardClient, request: number, entry: DirectoryEntry): void {
    const { waitingPerSession, waitingPerAddress, openWaitMs } = this.#options.limits
    const { address } = client.port
    if (entry.waiting.size >= waitingPerSession) return this.#tooMany(client, request, 'session-waiting')
    if (this.#waiting.of(address) >= waitingPerAddress)
      return this.#tooMany(client, request, 'address-waiting')
    client.busy++
    this.#waiting.add(address, 1)
    const answer = (host: SwitchboardClient | undefined): void => {
      entry.waiting.delete(answer)
      cancel()
      client.busy--
      this.#waiting.add(address, -1)
      if (client.gone) return
      if (host === undefined) this.#notFound(client, request)
      else this.#openNow(client, request, entry, host)
    }
    const cancel = this.#options.clock.after(openWaitMs, () => answer(undefined))
    entry.waiting.add(answer)
  }

  #tooMany(client: SwitchboardClient, request: number, limit: SwitchboardLimit): void {
    const reason = 'Too many ask for this session at once; try again soon.'
    this.#options.refusals.refuse(client, request, 'rate-limited', reason, limit)
  }

  #notFound(client: SwitchboardClient, request: number): void {
    this.#options.refusals.refuse(
      client,
      request,
      'session-not-found',
      'No such session is announced here; is its host still online?',
    )
  }

  list(client: SwitchboardClient, request: number): void {
    const envelopes = this.#options.directory.listed()
    do {
      const page = envelopes.splice(0, frameLimits.envelopesPerFrame)
      client.send({ type: 'listed', request, envelopes: page, more: envelopes.length > 0 })
    } while (envelopes.length > 0)
  }
}

function isRefusal(onward: object): onward is Refusal {
  return 'code' in onward
}

function refusalOf(error: unknown): RefusalCode {
  const code = isConvoyError(error) ? error.code : undefined
  return refusalCodes.find((candidate) => candidate === code) ?? 'message-unauthentic'
}
