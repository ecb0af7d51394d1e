import { equalBytes, toHex, type Clock, type Counters } from '../../lib/core/index.ts'
import { clockSkewMs } from '../../lib/identity/index.ts'
import type {
  CheckedAnnouncement,
  ClientPort,
  Refusal,
  ServicePort,
  ServiceSocket,
} from '../../lib/rendezvous/index.ts'
import type { MeshLimits } from './constants.ts'
import type { OutgoingRoute } from './outgoingRoute.ts'
import { RemoteHost } from './remoteHost.ts'

/** What {@link RemoteSessions} are made with. */
export interface RemoteSessionsOptions {
  clock: Clock
  limits: MeshLimits
  counters: Counters
  accept: (port: ClientPort & { service: ServicePort }) => ServiceSocket
  /** Asks one service for a route; undefined where it does not answer. */
  reach: (
    service: string,
    sessionId: Uint8Array,
    origin: Uint8Array | undefined,
  ) => Promise<OutgoingRoute | Refusal | undefined>
}

/** One service's word that the host of a session is connected to it. */
interface Claim {
  readonly service: string
  readonly checked: CheckedAnnouncement
  /** Whether the host's connection there is gone, and may come back. */
  away: boolean
  /** When it last did not answer. */
  unansweredAt: number
}

interface RemoteEntry {
  readonly key: string
  /** In the order in which they came: who claimed first has the first turn. */
  readonly claims: Map<string, Claim>
  /** Who stands for the host here; undefined while nothing is up, or something newer is. */
  host: RemoteHost | undefined
  /** Counts routes, so that services with the same claim are asked in turn. */
  turns: number
  /** Whose claim is up. */
  holder: string
}

/** How long a service that did not answer is asked after others, ms: joiners who try again should not wait for it again. */
const unansweredMs = 60_000

const notFound: Refusal = { code: 'session-not-found', reason: 'No such session is announced here.' }

/**
 * The sessions that other services hold, and which of them does: docs/protocol/02e-mesh.md [MSH-7] to [MSH-9]. It puts the newest
 * announcement of each up in the switchboard, whose rules for later hosts and newer announcements hold for these as well.
 */
export class RemoteSessions {
  readonly #options: RemoteSessionsOptions
  readonly #entries = new Map<string, RemoteEntry>()
  readonly #byService = new Map<string, Set<string>>()
  readonly #again = new Set<string>()

  constructor(options: RemoteSessionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  /** Keys of the sessions that `service` claims. */
  of(service: string): ReadonlySet<string> {
    return this.#byService.get(service) ?? new Set()
  }

  /** Takes what a service says that it holds. Checked means signed by the session's host: nothing else gets in. */
  offer(service: string, checked: CheckedAnnouncement): void {
    const { limits, counters } = this.#options
    const key = toHex(checked.announcement.sessionId)
    const entry = this.#entries.get(key) ?? newEntry(key)
    const former = entry.claims.get(service)
    if (former === undefined && !this.#hasRoom(service, entry)) return counters.add('mesh-too-many-sessions')
    if (former !== undefined && isNewer(former.checked, checked)) return counters.add('mesh-stale')
    const isSame = former !== undefined && equalBytes(former.checked.envelope, checked.envelope)
    if (isSame && !former.away) return counters.add('mesh-duplicate')
    if (
      former === undefined &&
      entry.claims.size >= limits.claimsPerSession &&
      !this.#outdate(entry, checked)
    ) {
      return counters.add('mesh-too-many-claims')
    }
    const unansweredAt = former?.unansweredAt ?? -Infinity
    this.#entries.set(key, entry)
    entry.claims.set(service, { service, checked, away: false, unansweredAt })
    const keys = this.#byService.get(service) ?? new Set()
    this.#byService.set(service, keys.add(key))
    this.#settle(entry)
  }

  /** The host's connection to `service` is gone. */
  away(service: string, key: string): void {
    const entry = this.#entries.get(key)
    const claim = entry?.claims.get(service)
    if (entry === undefined || claim === undefined) return
    claim.away = true
    this.#settle(entry)
  }

  /** The service no longer holds the session. */
  gone(service: string, key: string): void {
    const entry = this.#forget(service, key)
    if (entry === undefined) return
    // Withdrawn, unless others still have it: nobody is to wait for its host.
    if (entry.claims.size === 0) {
      const { host } = entry
      entry.host = undefined
      host?.takeDown(key)
    }
    this.#settle(entry)
  }

  /** The service is gone. Its hosts will come to others. */
  left(service: string): void {
    for (const key of [...this.of(service)]) {
      const entry = this.#forget(service, key)
      if (entry !== undefined) this.#settle(entry)
    }
    this.#byService.delete(service)
  }

  /** What is held here changed: where it was taken down, others may have had it all along. */
  heldHere(key: string, isHeld: boolean): void {
    const entry = this.#entries.get(key)
    if (entry?.host === undefined && entry !== undefined && !isHeld) this.#settle(entry)
  }

  /** Forgets announcements that have expired, and tries again what was cut (a host would be back by now as well) or had to wait. */
  tidy(): void {
    const again = [...this.#again]
    this.#again.clear()
    for (const key of again) {
      const entry = this.#entries.get(key)
      if (entry !== undefined) this.#settle(entry)
    }
    const now = this.#options.clock.wallTime()
    for (const entry of [...this.#entries.values()]) {
      for (const { service, checked } of [...entry.claims.values()]) {
        if (now >= checked.announcement.expiresAt + clockSkewMs) this.gone(service, entry.key)
      }
    }
  }

  #hasRoom(service: string, entry: RemoteEntry): boolean {
    const { sessions, sessionsPerService } = this.#options.limits
    return (
      this.of(service).size < sessionsPerService && (this.#entries.has(entry.key) || this.size < sessions)
    )
  }

  #forget(service: string, key: string): RemoteEntry | undefined {
    const entry = this.#entries.get(key)
    if (entry?.claims.delete(service) !== true) return undefined
    this.#byService.get(service)?.delete(key)
    if (entry.claims.size === 0) this.#entries.delete(key)
    return entry
  }

  /** Makes room for a newer announcement by forgetting an older one; false where there is none. */
  #outdate({ key, claims }: RemoteEntry, checked: CheckedAnnouncement): boolean {
    for (const [service, claim] of claims) {
      if (!isNewer(checked, claim.checked)) continue
      this.#byService.get(service)?.delete(key)
      return claims.delete(service)
    }
    return false
  }

  /** Has the switchboard show what the claims amount to. */
  #settle(entry: RemoteEntry): void {
    const [lead] = leadingClaims(entry)
    const { host } = entry
    if (lead === undefined) {
      entry.host = undefined
      return host?.away()
    }
    entry.holder = lead.service
    if (host?.putUp(lead.checked) === true) return
    // What was up was newer, and its host is away; or nothing was.
    host?.away()
    entry.host = undefined
    const next = new RemoteHost({
      accept: this.#options.accept,
      reach: (sessionId, origin) => this.#reach(entry, sessionId, origin),
      holder: () => entry.holder,
      dropped: () => (entry.host = undefined),
      cut: () => {
        entry.host = undefined
        this.#again.add(entry.key)
      },
    })
    const isUp = next.putUp(lead.checked)
    if (isUp === true) entry.host = next
    else next.away()
    if (isUp === 'wait') this.#again.add(entry.key)
  }

  async #reach(
    entry: RemoteEntry,
    sessionId: Uint8Array,
    origin: Uint8Array | undefined,
  ): Promise<OutgoingRoute | Refusal> {
    const claims = leadingClaims(entry)
    const turn = entry.turns++ % Math.max(1, claims.length)
    let refusal = notFound
    const { clock, counters, limits, reach } = this.#options
    const answers = (claim: Claim): boolean => clock.now() - claim.unansweredAt >= unansweredMs
    const inTurn = [...claims.slice(turn), ...claims.slice(0, turn)]
    // Who did not answer of late is asked last.
    const ordered = [...inTurn.filter(answers), ...inTurn.filter((claim) => !answers(claim))]
    for (const claim of ordered.slice(0, limits.reachTries)) {
      const { service } = claim
      const result = await reach(service, sessionId, origin)
      if (result === undefined) {
        counters.add('mesh-unreachable')
        claim.unansweredAt = clock.now()
        continue
      }
      if (!('code' in result)) return result
      // It no longer has what it claims; should its host come back, it says so.
      if (result.code === 'session-not-found') this.gone(service, entry.key)
      else refusal = result
    }
    return refusal
  }
}

function newEntry(key: string): RemoteEntry {
  return { key, claims: new Map(), host: undefined, turns: 0, holder: '' }
}

/** The claims to the newest announcement whose host is there. Announcements are public, so several may have the same one. */
function leadingClaims({ claims }: RemoteEntry): Claim[] {
  let leading: Claim[] = []
  for (const claim of claims.values()) {
    if (claim.away) continue
    const [lead] = leading
    if (lead === undefined || isNewer(claim.checked, lead.checked)) leading = [claim]
    else if (!isNewer(lead.checked, claim.checked) && isSameTerm(claim.checked, lead.checked))
      leading.push(claim)
  }
  return leading
}

/** By [RDV-36] and [RDV-12]: a later term of authority, a host instead of a meeting point, or issued later by the same one. */
function isNewer(one: CheckedAnnouncement, other: CheckedAnnouncement): boolean {
  const [a, b] = [one.announcement, other.announcement]
  if (a.epoch !== b.epoch) return a.epoch > b.epoch
  if (isMeeting(one) !== isMeeting(other)) return isMeeting(other)
  return isSameTerm(one, other) && a.issuedAt > b.issuedAt
}

/** Whether it is no host that announces: of announcements that know meeting points. */
function isMeeting({ announcement: { succession } }: CheckedAnnouncement): boolean {
  return succession !== undefined && 'meeting' in succession && succession.meeting === true
}

function isSameTerm(one: CheckedAnnouncement, other: CheckedAnnouncement): boolean {
  const [a, b] = [one.announcement, other.announcement]
  return (
    a.epoch === b.epoch && isMeeting(one) === isMeeting(other) && equalBytes(a.host.signKey, b.host.signKey)
  )
}
