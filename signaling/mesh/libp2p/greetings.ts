import { TopicValidatorResult, type GossipSub, type Message } from '@libp2p/gossipsub'
import * as v from 'valibot'
import { isConvoyError, type Cancel, type Clock, type Counters } from '../../../lib/core/index.ts'
import { clockSkewMs } from '../../../lib/identity/index.ts'
import { count, decodeMessage, encodeMessage, token } from '../../../lib/protocol/index.ts'
import type { Acquaintances } from '../acquaintances.ts'
import { acquaintanceLimits } from '../acquaintances.ts'
import { addressBytes, greetingAddresses, greetingGapMs, greetingMs, meshTopic } from './constants.ts'

/** What a service says of itself on the topic of the mesh; gossipsub signs it with the service's key. */
const greetingSchema = v.strictObject({
  /** Its wall clock: an older one, or the same again, is no news. */
  at: count,
  addresses: v.pipe(v.array(token(addressBytes)), v.maxLength(greetingAddresses)),
})

/** Bytes of a greeting at most. */
const greetingBytes = greetingAddresses * (addressBytes + 3) + 64

/** What {@link Greetings} are made with. */
export interface GreetingsOptions {
  pubsub: GossipSub
  clock: Clock
  counters: Pick<Counters, 'add'>
  ownId: string
  /** Where this service is, as it says. */
  ownAddresses: () => string[]
  /** Whether this service dials such an address. */
  isDialable: (address: string, id: string) => boolean
  acquaintances: Pick<Acquaintances, 'heard'>
}

/** Services tell each other where they are, by gossipsub: one that knows a single other one comes to know all. */
export class Greetings {
  readonly #options: GreetingsOptions
  /** When each service said so last, by its own clock and by ours. The longest silent first. */
  readonly #last = new Map<string, { at: number; heardAt: number }>()
  readonly #cancelGreetings: Cancel
  #cancelSoon: Cancel | undefined
  #saidAt = 0

  constructor(options: GreetingsOptions) {
    this.#options = options
    const { pubsub, clock } = options
    pubsub.topicValidators.set(meshTopic, (_, message) => this.check(message))
    pubsub.addEventListener('subscription-change', this.#onNeighbour)
    pubsub.subscribe(meshTopic)
    this.#cancelGreetings = clock.every(greetingMs, () => this.#greet())
  }

  close(): void {
    const { pubsub } = this.#options
    this.#cancelGreetings()
    this.#cancelSoon?.()
    pubsub.removeEventListener('subscription-change', this.#onNeighbour)
    pubsub.topicValidators.delete(meshTopic)
  }

  /** What gossipsub passes on is what passed here. Forged is rejected, which tells against who passed it on; old is ignored. */
  check(message: Message): TopicValidatorResult {
    const { counters, clock, acquaintances, isDialable } = this.#options
    if (message.type !== 'signed') return this.#drop('mesh-greeting-unsigned', TopicValidatorResult.Reject)
    let greeting: v.InferOutput<typeof greetingSchema>
    try {
      greeting = decodeMessage(greetingSchema, message.data, greetingBytes)
    } catch (error) {
      if (!isConvoyError(error)) throw error
      return this.#drop('mesh-greeting-malformed', TopicValidatorResult.Reject)
    }
    const id = message.from.toString()
    const last = this.#last.get(id)
    const now = clock.now()
    if (Math.abs(greeting.at - clock.wallTime()) > clockSkewMs || (last && greeting.at <= last.at)) {
      return this.#drop('mesh-greeting-stale', TopicValidatorResult.Ignore)
    }
    if (last !== undefined && now - last.heardAt < greetingGapMs) {
      return this.#drop('mesh-greeting-rate', TopicValidatorResult.Ignore)
    }
    if (last === undefined && this.#last.size >= acquaintanceLimits.known && !this.#forgetOne(now)) {
      return this.#drop('mesh-greeting-full', TopicValidatorResult.Ignore)
    }
    this.#last.delete(id)
    this.#last.set(id, { at: greeting.at, heardAt: now })
    const dialable = greeting.addresses.filter((address) => isDialable(address, id))
    if (dialable.length < greeting.addresses.length) counters.add('mesh-address-ignored')
    acquaintances.heard(id, dialable)
    return TopicValidatorResult.Accept
  }

  /** Somebody new listens: it shall not have to wait. */
  readonly #onNeighbour = (): void => {
    const { clock } = this.#options
    // Gathered, and spaced as others want it.
    const wait = Math.max(200, this.#saidAt + greetingGapMs * 1.25 - clock.now())
    this.#cancelSoon ??= clock.after(wait, () => {
      this.#cancelSoon = undefined
      this.#greet()
    })
  }

  #greet(): void {
    const { pubsub, clock, ownAddresses } = this.#options
    const addresses = ownAddresses().slice(0, greetingAddresses)
    this.#saidAt = clock.now()
    const greeting = { at: Math.floor(clock.wallTime()), addresses }
    // Nobody may be there yet; the next one is on its way.
    pubsub.publish(meshTopic, encodeMessage(greetingSchema, greeting, greetingBytes)).catch(() => {})
  }

  /** Who has not been heard for long makes room. */
  #forgetOne(now: number): boolean {
    const [oldest] = this.#last
    if (oldest === undefined || now - oldest[1].heardAt < greetingMs * 3) return false
    return this.#last.delete(oldest[0])
  }

  #drop(name: string, result: TopicValidatorResult): TopicValidatorResult {
    this.#options.counters.add(name)
    return result
  }
}
