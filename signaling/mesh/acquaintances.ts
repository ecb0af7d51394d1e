import {
  throwIfAborted,
  TokenBucket,
  type Cancel,
  type Clock,
  type RandomSource,
} from '../../lib/core/index.ts'

/** Times and counts of {@link Acquaintances}. */
export const acquaintanceLimits = {
  /** Waits before a service is dialled again, ms; the last one repeats. */
  backOffMs: [1_000, 5_000, 15_000, 60_000],
  /** Share of a wait that is random, both ways: services that lost each other must not dial in step for ever. */
  jitter: 0.25,
  /** How often what is due is looked for, ms. */
  lookMs: 1_000,
  /** Services that are remembered: four times as many as take part by default. */
  known: 256,
  /** How long a service that is not connected is remembered, ms: longer than networks stay apart. */
  rememberMs: 3_600_000,
  /** Dials a second and at once, to where strangers say that services are: nobody is to be knocked at in others' names. */
  dialsPerSecond: 1,
  dialsBurst: 16,
} as const

/** What {@link Acquaintances} dial with. */
export interface AcquaintanceNetwork {
  /**
   * Connects to a peer at one of its addresses.
   * @returns its id.
   */
  dial(addresses: readonly string[], signal: AbortSignal): Promise<string>
  isConnected(id: string): boolean
}

/** What {@link Acquaintances} are made with. */
export interface AcquaintancesOptions {
  clock: Clock
  random: RandomSource
  network: AcquaintanceNetwork
  /** Of this service itself. */
  ownId: string
  /** What the operator named: addresses, with the id where it is part of the address. */
  named: readonly { address: string; id: string | undefined }[]
  /** Told why a service that the operator named could not be dialled, each time anew. */
  unreachable: (address: string, error: unknown) => void
}

interface Acquaintance {
  addresses: readonly string[]
  id: string | undefined
  readonly named: boolean
  heardAt: number
  failures: number
  dueAt: number
  dialling: boolean
}

/**
 * The services that this one knows of, named by its operator or by each other: it dials those that it is not connected to, until it
 * is, so that the parts of a mesh that was cut in two find each other again.
 */
export class Acquaintances {
  readonly #options: AcquaintancesOptions
  readonly #named: Acquaintance[]
  readonly #heard = new Map<string, Acquaintance>()
  /** Ids that the addresses of the operator led to. */
  readonly #namedIds = new Set<string>()
  readonly #dials: TokenBucket
  readonly #over = new AbortController()
  readonly #cancelLook: Cancel

  constructor(options: AcquaintancesOptions) {
    this.#options = options
    const { clock, named } = options
    const { dialsPerSecond, dialsBurst, lookMs } = acquaintanceLimits
    this.#named = named.map(({ address, id }) => acquaintance([address], id, true, clock.now()))
    for (const { id } of named) if (id !== undefined) this.#namedIds.add(id)
    this.#dials = new TokenBucket(clock, dialsPerSecond, dialsBurst)
    this.#cancelLook = clock.every(lookMs, () => this.#look())
    this.#look()
  }

  /** Services that are known of and not named by the operator. */
  get size(): number {
    return this.#heard.size
  }

  /** Whether the operator named it, or an address that led to it. */
  isNamed(id: string): boolean {
    return this.#namedIds.has(id)
  }

  /** A service says where it is. */
  heard(id: string, addresses: readonly string[]): void {
    const { clock, ownId } = this.#options
    if (id === ownId || addresses.length === 0) return
    const known = this.#heard.get(id)
    if (known !== undefined) {
      // Behind the others: who was heard of last is forgotten last.
      this.#heard.delete(id)
      this.#heard.set(id, Object.assign(known, { addresses, heardAt: clock.now() }))
      return
    }
    if (this.#heard.size >= acquaintanceLimits.known && !this.#forgetOne()) return
    this.#heard.set(id, acquaintance(addresses, id, false, clock.now()))
  }

  /** Idempotent. */
  close(): void {
    this.#cancelLook()
    this.#over.abort()
  }

  /** Somebody who is not connected makes room for somebody new. */
  #forgetOne(): boolean {
    for (const id of this.#heard.keys()) {
      if (!this.#options.network.isConnected(id)) return this.#heard.delete(id)
    }
    return false
  }

  #look(): void {
    const { clock, network } = this.#options
    const now = clock.now()
    for (const [id, { heardAt }] of [...this.#heard]) {
      const isForgotten = now - heardAt >= acquaintanceLimits.rememberMs && !network.isConnected(id)
      if (isForgotten) this.#heard.delete(id)
    }
    for (const one of [...this.#named, ...this.#heard.values()]) {
      const { id } = one
      if (one.dialling || now < one.dueAt) continue
      if (id !== undefined && network.isConnected(id)) one.failures = 0
      else if (one.named || this.#dials.tryTake()) void this.#dial(one)
    }
  }

  async #dial(one: Acquaintance): Promise<void> {
    const { clock, random, network, ownId } = this.#options
    one.dialling = true
    try {
      const id = await network.dial(one.addresses, this.#over.signal)
      throwIfAborted(this.#over.signal)
      if (one.named && id !== ownId) {
        one.id = id
        this.#namedIds.add(id)
      }
      // Behind a load balancer it may have been this service itself: the next dial leads elsewhere.
      if (id !== ownId) one.failures = 0
    } catch (error) {
      const [address = ''] = one.addresses
      if (one.named && !this.#over.signal.aborted) this.#options.unreachable(address, error)
    } finally {
      one.dialling = false
      const waits = acquaintanceLimits.backOffMs
      const wait = waits[Math.min(one.failures, waits.length - 1)] ?? 0
      one.failures++
      one.dueAt = clock.now() + wait * (1 + acquaintanceLimits.jitter * (2 * random.next() - 1))
    }
  }
}

function acquaintance(
  addresses: readonly string[],
  id: string | undefined,
  named: boolean,
  now: number,
): Acquaintance {
  return { addresses, id, named, heardAt: now, failures: 0, dueAt: now, dialling: false }
}
