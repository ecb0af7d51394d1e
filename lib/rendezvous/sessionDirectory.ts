import { equalBytes, toHex, type Cancel, type Clock, type RandomSource } from '../core/index.ts'
import { clockSkewMs, type OpenedAnnouncement } from '../identity/index.ts'
import { AddressCounts } from './addressCounts.ts'
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
  issuedAt: number
  expiresAt: number
  listed: boolean
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

/** An announcement that was checked. */
export interface CheckedAnnouncement {
  readonly announcement: OpenedAnnouncement
  readonly envelope: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** What came of an announcement. */
export type PutResult =
  { entry: DirectoryEntry; replaced: SwitchboardClient | undefined } | 'stale' | 'too-many'

/** Who announces which session: see docs/protocol/02-rendezvous.md [RDV-10] to [RDV-16]. */
export class SessionDirectory {
  readonly #entries = new Map<string, DirectoryEntry>()
  readonly #perAddress = new AddressCounts()
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #limits: SwitchboardLimits

  constructor(clock: Clock, random: RandomSource, limits: SwitchboardLimits) {
    this.#clock = clock
    this.#random = random
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
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
    const isLaterHost = checked.announcement.epoch > existing.epoch
    if (!isLaterHost && !isUpToDate(existing, client, checked.announcement, resume)) return 'stale'
    // Whoever announced before has no say over what a later host announces.
    if (isLaterHost) existing.resume = this.#random.bytes(16)
    const replaced = existing.owner === client ? undefined : existing.owner
    replaced?.sessions.delete(key)
    this.#perAddress.add(existing.address, -1)
    this.#perAddress.add(client.port.address, 1)
    existing.cancelGrace()
    Object.assign(existing, describe(client, checked))
    client.sessions.add(key)
    return { entry: existing, replaced }
  }

  /** The host's connection is gone: the session stays for a while. */
  ownerGone(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    entry.owner = undefined
    entry.cancelGrace = this.#clock.after(this.#limits.hostGraceMs, () => this.remove(key))
  }

  remove(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    entry.cancelGrace()
    entry.owner?.sessions.delete(key)
    this.#entries.delete(key)
    this.#perAddress.add(entry.address, -1)
    answerWaiting(entry, undefined)
  }

  /** The newest announcements for the public list. */
  listed(): Uint8Array[] {
    const newest: Uint8Array[] = []
    for (const entry of [...this.#entries.values()].reverse()) {
      if (newest.length >= this.#limits.listings) break
      if (entry.listed && entry.owner !== undefined && !this.#hasExpired(entry))
        newest.push(entry.announced.envelope)
    }
    return newest
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
    if (fromAddress >= this.#limits.sessionsPerAddress || this.#entries.size >= this.#limits.sessions)
      return 'too-many'
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
    client.sessions.add(key)
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

/** Whether `announcement` of the same term of authority may take the place of the one that is up. */
function isUpToDate(
  existing: DirectoryEntry,
  client: SwitchboardClient,
  { epoch, host, issuedAt }: OpenedAnnouncement,
  resume: Uint8Array | null,
): boolean {
  if (epoch < existing.epoch || !equalBytes(host.signKey, existing.host)) return false
  // Announcements are public, so whoever saw one could put it up again. Only a newer one, or the secret that
  // the service gave to who announced before, shows that this is the host.
  const isProven = existing.owner === client || (resume !== null && equalBytes(resume, existing.resume))
  return isProven ? issuedAt >= existing.issuedAt : issuedAt > existing.issuedAt
}

function describe(owner: SwitchboardClient, { announcement, envelope, proof }: CheckedAnnouncement) {
  return {
    owner,
    address: owner.port.address,
    host: announcement.host.signKey.slice(),
    epoch: announcement.epoch,
    // Copies: they are views into a frame, which they would keep alive.
    announced: { envelope: envelope.slice(), proof: proof.map((entry) => entry.slice()) },
    issuedAt: announcement.issuedAt,
    expiresAt: announcement.expiresAt,
    listed: announcement.listing !== null,
  }
}
