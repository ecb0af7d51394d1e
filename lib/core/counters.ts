/**
 * Counts by name: how bad input from the network is accounted for instead of thrown. Every drop has a name,
 * so that `stats()` can tell what was refused and why.
 */
export class Counters<Name extends string = string> {
  readonly #counts = new Map<Name, number>()

  add(name: Name, amount = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount)
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

  /** A copy as plain data, names in the order in which they were first counted. */
  snapshot(): Partial<Record<Name, number>> {
    return Object.fromEntries(this.#counts) as Partial<Record<Name, number>>
  }
}
