import type { Multiaddr } from '@multiformats/multiaddr'
import { limitKeyOf } from './addresses.ts'

/** Connections per address, as with WebSockets. */
export class ConnectionCounts {
  readonly #most: number
  readonly #limitLoopback: boolean
  readonly #counts = new Map<string, number>()

  constructor(most: number, limitLoopback: boolean) {
    this.#most = most
    this.#limitLoopback = limitLoopback
  }

  /** Whether one more would be too many. */
  isFull(address: Multiaddr): boolean {
    const key = this.#keyOf(address)
    return key !== null && (this.#counts.get(key) ?? 0) >= this.#most
  }

  opened(address: Multiaddr): void {
    const key = this.#keyOf(address)
    if (key !== null) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  closed(address: Multiaddr): void {
    const key = this.#keyOf(address)
    if (key === null) return
    const left = (this.#counts.get(key) ?? 1) - 1
    if (left === 0) this.#counts.delete(key)
    else this.#counts.set(key, left)
  }

  #keyOf(address: Multiaddr): string | null {
    return limitKeyOf(address, '', this.#limitLoopback)
  }
}
