import type { Unsubscribe } from './events.ts'

/**
 * Counts by name: how bad input from the network is accounted for instead of thrown. Every drop has a name,
 * so that `stats()` can tell what was refused and why.
 */
export class Counters<Name extends string = string> {
  readonly #counts = new Map<Name, number>()
  readonly #bySource = new Map<string, Counters<Name>>()
  readonly #watchers = new Set<(source: string, name: Name) => void>()
  /** The latest snapshot, until something is counted. */
  #snapshot: Readonly<Partial<Record<Name, number>>> | undefined

  add(name: Name, amount = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount)
    this.#snapshot = undefined
  }

  /** Counts something of one source, e.g. a member: in the whole, and for itself until {@link Counters.forget}. */
  addFrom(source: string, name: Name): void {
    this.add(name)
    let own = this.#bySource.get(source)
    if (own === undefined) this.#bySource.set(source, (own = new Counters<Name>()))
    own.add(name)
    for (const watcher of this.#watchers) watcher(source, name)
  }

  /** Has `watcher` told of everything that is counted of a source. @returns what ends that. */
  watch(watcher: (source: string, name: Name) => void): Unsubscribe {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** What was counted of one source. */
  from(source: string): Readonly<Partial<Record<Name, number>>> {
    return this.#bySource.get(source)?.snapshot() ?? ({} as Partial<Record<Name, number>>)
  }

  /** Forgets which of the counts are those of `source`; the whole stays. */
  forget(source: string): void {
    this.#bySource.delete(source)
  }

  get(name: Name): number {
    return this.#counts.get(name) ?? 0
  }

  /** The sum of all counts. */
  get total(): number {
    let sum = 0
    for (const count of this.#counts.values()) sum += count
    return sum
  }

  /** The counts so far as plain data that stays as it is, names in the order in which they were first counted. */
  snapshot(): Readonly<Partial<Record<Name, number>>> {
    this.#snapshot ??= Object.freeze(Object.fromEntries(this.#counts)) as Partial<Record<Name, number>>
    return this.#snapshot
  }
}
