import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Counters, type Clock } from '../lib/core/index.ts'
import { AddressBuckets } from '../lib/rendezvous/index.ts'
import { isLoopback, limitKey, plainAddress } from './addresses.ts'
import type { ClientAddress } from './clientAddress.ts'
import type { SignalingLimits } from './constants.ts'
import { PendingConnections } from './pending.ts'

/** Why somebody was not let in. */
export type DoorRefusal = 'full' | 'too-many' | 'closing'

/** Which limit that was. */
export type DoorLimit = 'connections' | 'address-connections' | 'address-dials' | 'pending' | 'pending-total'

/** Somebody who was let in. */
export interface Entry {
  /** What limits per address are counted by; null where none hold. */
  readonly limitKey: string | null
  /** To be called when it has introduced itself. Idempotent. */
  readonly greeted: () => void
  /** To be called once when the connection is gone. */
  readonly leave: () => void
}

/** What a {@link DoorKeeper} goes by. */
export interface DoorKeeperOptions {
  clock: Clock
  limits: SignalingLimits
  addressOf: ClientAddress
  /** Whether proxies stand in front, so that connections come from them. */
  proxied: boolean
  limitLoopback: boolean
}

/** Counts connections, and lets in what the limits on them allow. */
export class DoorKeeper {
  readonly #options: DoorKeeperOptions
  readonly #dials: AddressBuckets
  readonly #perAddress = new Map<string, number>()
  readonly #pending: PendingConnections
  readonly #knocks = new WeakMap<object, () => void>()
  readonly #limitsHit = new Counters<DoorLimit>()
  #connections = 0

  constructor(options: DoorKeeperOptions) {
    this.#options = options
    const { dialsPerSecond, dialsBurst, pending, pendingPerAddress } = options.limits
    this.#dials = new AddressBuckets(options.clock, dialsPerSecond, dialsBurst)
    this.#pending = new PendingConnections(pending, pendingPerAddress)
  }

  /** Connections that were not greeted yet. */
  get pending(): number {
    return this.#pending.count
  }

  /** How often each limit was met. */
  get limitsHit(): Readonly<Partial<Record<DoorLimit, number>>> {
    const { dropped } = this.#pending
    const counts = this.#limitsHit.snapshot()
    return dropped > 0 ? { ...counts, 'pending-total': dropped } : counts
  }

  /** Somebody connected, and said nothing yet; false where their address has too many of those. */
  knock(socket: Socket): boolean {
    // A proxy keeps for its clients what it opens: of those, only the sum is limited.
    const key = this.#options.proxied ? null : this.#limitKeyOf(plainAddress(socket.remoteAddress ?? ''))
    const end = this.#pending.begin(key, () => socket.destroy())
    if (end === undefined) {
      this.#limitsHit.add('pending')
      return false
    }
    this.#knocks.set(socket, end)
    socket.once('close', end)
    return true
  }

  /** The connection counts as something else from now on. */
  #endKnock(socket: Socket): void {
    const end = this.#knocks.get(socket)
    if (end === undefined) return
    end()
    // It would be held for as long as the connection lasts.
    socket.off('close', end)
    this.#knocks.delete(socket)
  }

  /** Somebody wants a WebSocket. */
  enter(request: IncomingMessage): Entry | DoorRefusal {
    const { socket } = request
    const key = this.#limitKeyOf(this.#options.addressOf(request))
    const limit = this.#limitMet(key)
    if (limit !== undefined) return this.#refuse(limit)
    // From here on it counts by what the proxy says.
    this.#endKnock(socket)
    const greeted = this.#pending.begin(key, () => socket.destroy())
    if (greeted === undefined) return this.#refuse('pending')
    this.#connections++
    if (key !== null) this.#perAddress.set(key, (this.#perAddress.get(key) ?? 0) + 1)
    return {
      limitKey: key,
      greeted,
      leave: () => {
        greeted()
        this.#leave(key)
      },
    }
  }

  #limitMet(key: string | null): DoorLimit | undefined {
    const { connections, connectionsPerAddress } = this.#options.limits
    if (this.#connections >= connections) return 'connections'
    if (key === null) return undefined
    if (!this.#dials.tryTake(key)) return 'address-dials'
    return (this.#perAddress.get(key) ?? 0) >= connectionsPerAddress ? 'address-connections' : undefined
  }

  #refuse(limit: DoorLimit): DoorRefusal {
    this.#limitsHit.add(limit)
    return limit === 'connections' ? 'full' : 'too-many'
  }

  #leave(key: string | null): void {
    this.#connections--
    if (key === null) return
    const left = (this.#perAddress.get(key) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(key)
    else this.#perAddress.set(key, left)
  }

  #limitKeyOf(address: string): string | null {
    return !this.#options.limitLoopback && isLoopback(address) ? null : limitKey(address)
  }
}
