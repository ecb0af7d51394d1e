import type { IncomingMessage } from 'node:http'
import type { Clock } from '../lib/core/index.ts'
import { AddressBuckets } from '../lib/rendezvous/index.ts'
import { forwardedAddress, isLoopback, limitKey } from './addresses.ts'
import type { SignalingLimits } from './constants.ts'

/** Why somebody was not let in. */
export type DoorRefusal = 'full' | 'too-many' | 'closing'

/** Somebody who was let in. */
export interface Entry {
  /** What limits per address are counted by; null where none hold. */
  readonly limitKey: string | null
  /** To be called once when the connection is gone. */
  readonly leave: () => void
}

/** What a {@link DoorKeeper} goes by. */
export interface DoorKeeperOptions {
  clock: Clock
  limits: SignalingLimits
  trustProxy: boolean
  limitLoopback: boolean
}

/** Counts connections, and lets in what the limits on them allow. */
export class DoorKeeper {
  readonly #options: DoorKeeperOptions
  readonly #dials: AddressBuckets
  readonly #perAddress = new Map<string, number>()
  #connections = 0

  constructor(options: DoorKeeperOptions) {
    this.#options = options
    this.#dials = new AddressBuckets(options.clock, options.limits.dialsPerSecond, options.limits.dialsBurst)
  }

  enter(request: IncomingMessage): Entry | DoorRefusal {
    const { limits } = this.#options
    if (this.#connections >= limits.connections) return 'full'
    const key = this.#limitKeyOf(request)
    if (key !== null) {
      if (!this.#dials.tryTake(key)) return 'too-many'
      const fromAddress = this.#perAddress.get(key) ?? 0
      if (fromAddress >= limits.connectionsPerAddress) return 'too-many'
      this.#perAddress.set(key, fromAddress + 1)
    }
    this.#connections++
    return { limitKey: key, leave: () => this.#leave(key) }
  }

  #leave(key: string | null): void {
    this.#connections--
    if (key === null) return
    const left = (this.#perAddress.get(key) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(key)
    else this.#perAddress.set(key, left)
  }

  #limitKeyOf(request: IncomingMessage): string | null {
    const { trustProxy, limitLoopback } = this.#options
    const own = request.socket.remoteAddress ?? ''
    const address = trustProxy ? (forwardedAddress(request.headers['x-forwarded-for']) ?? own) : own
    return !limitLoopback && isLoopback(address) ? null : limitKey(address)
  }
}
