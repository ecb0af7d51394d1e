/** How many of something there are for each address; none are counted for clients without one. */
export class AddressCounts {
  readonly #counts = new Map<string, number>()

  of(address: string | null): number {
    return address === null ? 0 : (this.#counts.get(address) ?? 0)
  }

  add(address: string | null, change: 1 | -1): void {
    if (address === null) return
    const count = this.of(address) + change
    if (count === 0) this.#counts.delete(address)
    else this.#counts.set(address, count)
  }
}
