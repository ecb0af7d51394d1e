import type { EnforcedKind } from './kinds.ts'
import { mostOffences } from './policy.ts'

/** What counts against one member, and until when. */
export class Offences {
  readonly #forgetMs: number
  /** When each was, ms; the newest last. */
  readonly #times = new Map<EnforcedKind, number[]>()

  constructor(forgetMs: number) {
    this.#forgetMs = forgetMs
  }

  /** One more. @returns how many count now. */
  add(kind: EnforcedKind, at: number): number {
    const times = this.#times.get(kind) ?? []
    times.push(at)
    if (times.length > mostOffences) times.shift()
    this.#times.set(kind, times)
    return this.count(kind, at)
  }

  /** How many of a kind count at `now`. */
  count(kind: EnforcedKind, now: number): number {
    const times = this.#times.get(kind)
    if (times === undefined) return 0
    while ((times[0] ?? Infinity) <= now - this.#forgetMs) times.shift()
    return times.length
  }

  /** When the newest of a kind was; −Infinity for none. */
  newest(kind: EnforcedKind): number {
    return this.#times.get(kind)?.at(-1) ?? -Infinity
  }
}
