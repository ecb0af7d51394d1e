import type { Convoy } from '../../lib/index.ts'
import { machineNow } from './machineClock.ts'
import type { WatchReport } from './messages.ts'

/** How often it looks, ms: a tenth of an update interval. */
const lookMs = 5

/** An update moves the time of the newest sample by an interval; corrections of the clock move it by far less, ms. */
const newSampleMs = 10

/** Whose vehicle it sees, and since when nothing new came of it. */
interface Seen {
  sampledAt: number
  /** When the newest update was noticed, ms. */
  at: number
  longestMs: number
}

/** Watches the others' vehicles and who is host, as a program that draws them does. */
export class Watch {
  readonly #convoy: Convoy
  readonly #absent: string | undefined
  readonly #seen = new Map<string, Seen>()
  readonly #lost = new Set<string>()
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: () => void
  #newAuthorityAt: number | null = null
  #hostChangedAt: number | null = null

  /** @param absent - who is about to die: its vehicle is not watched, and authority is new once it is another's. */
  constructor(convoy: Convoy, absent: string | undefined) {
    this.#convoy = convoy
    this.#absent = absent
    const now = machineNow()
    for (const { id } of convoy.members) {
      if (id !== convoy.self.id && id !== absent)
        this.#seen.set(id, { sampledAt: Infinity, at: now, longestMs: 0 })
    }
    this.#timer = setInterval(() => this.#look(), lookMs)
    this.#unsubscribe = convoy.on('hostChanged', () => (this.#hostChangedAt ??= machineNow()))
  }

  /** Ends it. */
  report(): WatchReport {
    clearInterval(this.#timer)
    this.#unsubscribe()
    const now = machineNow()
    return {
      gaps: [...this.#seen].map(([id, { at, longestMs }]) => [id, Math.max(longestMs, now - at)]),
      lost: [...this.#lost],
      newAuthorityAt: this.#newAuthorityAt,
      hostChangedAt: this.#hostChangedAt,
      epoch: this.#convoy.authority.epoch,
    }
  }

  #look(): void {
    const now = machineNow()
    const { authority, host } = this.#convoy
    if (authority.state === 'active' && host.id !== this.#absent) this.#newAuthorityAt ??= now
    const gone = new Set(this.#seen.keys())
    const clockNow = performance.now()
    for (const { memberId, ageMs, opacity } of this.#convoy.vehicles.sample(clockNow)) {
      const seen = this.#seen.get(memberId)
      if (seen === undefined || opacity < 1) continue
      gone.delete(memberId)
      const sampledAt = clockNow - ageMs
      // The first one is not the end of a gap: who knows when it began.
      if (seen.sampledAt === Infinity) seen.sampledAt = sampledAt
      if (sampledAt < seen.sampledAt + newSampleMs) continue
      seen.longestMs = Math.max(seen.longestMs, now - seen.at)
      seen.sampledAt = sampledAt
      seen.at = now
    }
    for (const id of gone) this.#lost.add(id)
  }
}
