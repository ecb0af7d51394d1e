import { equalBytes, toHex, type Cancel, type Clock, type RandomSource } from '../core/index.ts'
import { clockSkewMs, type OpenedAnnouncement } from '../identity/index.ts'
import { AddressCounts } from './addressCounts.ts'
import { publicList } from './publicList.ts'
import { SessionLoad } from './sessionLoad.ts'
import type { SwitchboardClient } from './switchboardClient.ts'
import type { SwitchboardLimits } from './switchboardLimits.ts'

/** One session as the directory holds it. */
export interface DirectoryEntry {
  readonly key: string
  readonly sessionId: Uint8Array
  /** As the host signed it, and what proves the host. */
  announced: { readonly envelope: Uint8Array; readonly proof: Uint8Array[] }
  /** Sign key of the host, and its term of authority. */
  host: Uint8Array
  epoch: number
  /** Whether it is no host that announces ([SUC-12]). */
  isMeeting: boolean
  issuedAt: number
  expiresAt: number
  listed: boolean
  /** Whether another service holds it. */
  remote: boolean
  /** When another service first had a newer announcement of the same host. */
  overtakenAt?: number | undefined
  /** Undefined while its host is away. */
  owner: SwitchboardClient | undefined
  /** The address that announced it, for its limit. */
  address: string | null
  resume: Uint8Array
  /** What it takes of the service. */
  readonly load: SessionLoad
  /** Joiners that wait for the host to come back. */
  readonly waiting: Set<(owner: SwitchboardClient | undefined) => void>
  cancelGrace: Cancel
}

/** A session whose host is, or was a moment ago, connected here. */
export interface HeldSession {
  readonly sessionId: Uint8Array
  readonly envelope: Uint8Array
  readonly proof: readonly Uint8Array[]
  /** Whether its host's connection is gone, and may come back. */
  readonly away: boolean
}

/** An announcement that was checked. */
export interface CheckedAnnouncement {
  readonly announcement: OpenedAnnouncement
  readonly envelope: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** How long a host that announces at several services of a mesh may take from one to the next, ms: a slow dial. */
const catchUpMs = 8_000

/** What came of an announcement; `wait` only to other services. */
export type PutResult =
  { entry: DirectoryEntry; replaced: SwitchboardClient | undefined } | 'stale' | 'wait' | 'too-many'

/** Who announces which session: see docs/protocol/02-rendezvous.md [RDV-10] to [RDV-16]. */
export class SessionDirectory {
  readonly #entries = new Map<string, DirectoryEntry>()
  readonly #perAddress = new AddressCounts()
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #limits: SwitchboardLimits
  #remote = 0
  /** Told the key of every session that is or was held here, when it was put up, went down or its host went away. */
  changed: (key: string) => void = () => {}

  constructor(clock: Clock, random: RandomSource, limits: SwitchboardLimits) {
    this.#clock = clock
    this.#random = random
    this.#limits = limits
  }

  /** Sessions that are held here. */
  get size(): number {
    return this.#entries.size - this.#remote
  }

  /** A session that is held here; undefined for one that another service holds. */
  held(key: string): HeldSession | undefined {
    const entry = this.get(key)
    if (entry === undefined || entry.remote) return undefined
    return { sessionId: entry.sessionId, ...entry.announced, away: entry.owner === undefined }
  }

  /** The keys of all that are held here. */
  heldKeys(): string[] {
    return [...this.#entries.values()].filter(({ remote }) => !remote).map(({ key }) => key)
  }

  /** The entry of a session, unless its announcement has expired. */
  get(key: string): DirectoryEntry | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && !this.#hasExpired(entry) ? entry : undefined
  }

  /** Puts up what `client` announced and proved to be its own. */
  put(client: SwitchboardClient, checked: CheckedAnnouncement, resume: Uint8Array | null): PutResult {
    const key = toHex(checked.announcement.sessionId)
    const existing = this.#entries.get(key)
    if (existing === undefined) return this.#add(key, client, checked)
    const isLaterHost = goesBefore(checked.announcement, existing)
    if (!isLaterHost && !isUpToDate(existing, client, checked.announcement, resume)) return 'stale'
    if (!isLaterHost && this.#mayCatchUp(existing, client)) return 'wait'
    // Whoever announced before has no say over what a later host announces.
    if (isLaterHost) existing.resume = this.#random.bytes(16)
    const replaced = existing.owner === client ? undefined : existing.owner
    replaced?.sessions.delete(key)
    this.#perAddress.add(existing.address, -1)
    this.#perAddress.add(client.port.address, 1)
    existing.cancelGrace()
    const wasRemote = existing.remote
    Object.assign(existing, describe(client, checked))
    this.#remote += Number(existing.remote) - Number(wasRemote)
    client.sessions.add(key)
    if (!wasRemote || !existing.remote) this.changed(key)
    return { entry: existing, replaced }
  }

  /**
   * Whether the host, which is connected here and to another service, has yet to bring the announcement here that the other one
   * has already: it may announce at several services of a mesh.
   */
  #mayCatchUp(existing: DirectoryEntry, client: SwitchboardClient): boolean {
    if (client.port.service === undefined || existing.remote || existing.owner === undefined) return false
    existing.overtakenAt ??= this.#clock.now()
    return this.#clock.now() - existing.overtakenAt < catchUpMs
  }

  /** The host's connection is gone: the session stays for a while. */
  ownerGone(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    entry.owner = undefined
    entry.cancelGrace = this.#clock.after(this.#limits.hostGraceMs, () => this.remove(key))
    if (!entry.remote) this.changed(key)
  }

  remove(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    entry.cancelGrace()
    entry.owner?.sessions.delete(key)
    this.#entries.delete(key)
    this.#perAddress.add(entry.address, -1)
    this.#remote -= Number(entry.remote)
    answerWaiting(entry, undefined)
    if (!entry.remote) this.changed(key)
  }

  /** The newest announcements for the public list. */
  listed(): Uint8Array[] {
    const newest = [...this.#entries.values()]
      .reverse()
      .filter((entry) => entry.listed && entry.owner !== undefined && !this.#hasExpired(entry))
    return publicList(newest, this.#limits.listings).map(({ announced }) => announced.envelope)
  }

  /** Removes sessions whose announcement has expired, and returns those that had a host. */
  removeExpired(): { owner: SwitchboardClient; sessionId: Uint8Array }[] {
    const told: { owner: SwitchboardClient; sessionId: Uint8Array }[] = []
    for (const entry of [...this.#entries.values()]) {
      if (!this.#hasExpired(entry)) continue
      if (entry.owner !== undefined) told.push({ owner: entry.owner, sessionId: entry.sessionId })
      this.remove(entry.key)
    }
    return told
  }

  /** Removes sessions whose host is away, with what waits for them. */
  forgetAbsent(): void {
    for (const { key, owner } of [...this.#entries.values()]) if (owner === undefined) this.remove(key)
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.remove(key)
  }

  #add(key: string, client: SwitchboardClient, checked: CheckedAnnouncement): PutResult {
    const fromAddress = this.#perAddress.of(client.port.address)
    // What other services hold must not take the room of what is held here; who puts that up counts it.
    const isFull = client.port.service === undefined && this.size >= this.#limits.sessions
    if (fromAddress >= this.#limits.sessionsPerAddress || isFull) return 'too-many'
    const entry: DirectoryEntry = {
      key,
      // A copy, as are those below.
      sessionId: checked.announcement.sessionId.slice(),
      ...describe(client, checked),
      resume: this.#random.bytes(16),
      load: new SessionLoad(this.#clock, this.#limits),
      waiting: new Set(),
      cancelGrace: () => {},
    }
    this.#entries.set(key, entry)
    this.#perAddress.add(client.port.address, 1)
    this.#remote += Number(entry.remote)
    client.sessions.add(key)
    if (!entry.remote) this.changed(key)
    return { entry, replaced: undefined }
  }

  #hasExpired(entry: DirectoryEntry): boolean {
    return this.#clock.wallTime() >= entry.expiresAt + clockSkewMs
  }
}

/** Tells joiners that wait for a host to come back that it did, or will not. */
export function answerWaiting(entry: DirectoryEntry, owner: SwitchboardClient | undefined): void {
  for (const answer of [...entry.waiting]) answer(owner)
}

/** Whether an announcement takes the place of the one that is up, whoever signed that and whenever ([RDV-36]). */
function goesBefore({ epoch, isMeeting }: OpenedAnnouncement, existing: DirectoryEntry): boolean {
  if (epoch !== existing.epoch) return epoch > existing.epoch
  if (isMeeting) return existing.owner === undefined
  return existing.isMeeting
}

/** Whether `announcement` of the same term of authority may take the place of the one that is up. */
function isUpToDate(
  existing: DirectoryEntry,
  client: SwitchboardClient,
  { epoch, isMeeting, host, issuedAt }: OpenedAnnouncement,
  resume: Uint8Array | null,
): boolean {
  const isAlike = epoch === existing.epoch && isMeeting === existing.isMeeting
  if (!isAlike || !equalBytes(host.signKey, existing.host)) return false
  // Announcements are public, so whoever saw one could put it up again. Only a newer one, or the secret that
  // the service gave to who announced before, shows that this is the host.
  const isProven =
    existing.owner === client ||
    (resume !== null && equalBytes(resume, existing.resume)) ||
    isBetweenServices(existing, client)
  return isProven ? issuedAt >= existing.issuedAt : issuedAt > existing.issuedAt
}

/**
 * Whether a session whose host is away goes from one service to another: the one that the host comes to has not given it the
 * secret.
 */
function isBetweenServices(existing: DirectoryEntry, client: SwitchboardClient): boolean {
  return existing.owner === undefined && (existing.remote || client.port.service !== undefined)
}

function describe(owner: SwitchboardClient, { announcement, envelope, proof }: CheckedAnnouncement) {
  return {
    owner,
    address: owner.port.address,
    host: announcement.host.signKey.slice(),
    epoch: announcement.epoch,
    isMeeting: announcement.isMeeting,
    // Copies: they are views into a frame, which they would keep alive.
    announced: { envelope: envelope.slice(), proof: proof.map((entry) => entry.slice()) },
    issuedAt: announcement.issuedAt,
    expiresAt: announcement.expiresAt,
    listed: announcement.listing !== null,
    remote: owner.port.service !== undefined,
    overtakenAt: undefined,
  }
}
