import * as v from 'valibot'
import { ConvoyError, NewestFirst, TokenBucket, isConvoyError } from '../core/index.ts'
import { channelName, type RecordMember, type Session } from '../session/index.ts'
import type { Channel, ChannelOptions } from './channel.ts'
import { decodeDatagram } from './channelCodec.ts'
import {
  datagramBurstSeconds,
  defaultChannelBytes,
  defaultChannelRate,
  mostDatagramBytes,
  mostDatagramRate,
  mostReliableBytes,
  mostReliableRate,
} from './constants.ts'
import type { Interceptors } from './interceptors.ts'
import type { Member } from './member.ts'
import { PeerChannel, type SettledOptions } from './peerChannel.ts'

/** What channels stand on. */
export interface ChannelSurroundings {
  readonly session: Session
  readonly interceptors: Interceptors
  readonly describe: (member: RecordMember) => Member
  /** @throws ConvoyError `closed`. */
  readonly requireOpen: () => void
}

/** What the hub asks of a channel, whatever its messages are. */
type AnyChannel = Pick<PeerChannel<never, unknown>, 'isDatagrams' | 'rate' | 'takeDatagram' | 'close'>

/** The channels of an embedding program. */
export class ChannelHub {
  readonly #around: ChannelSurroundings
  readonly #channels = new Map<string, AnyChannel>()
  /** By sender and channel, for datagrams. */
  readonly #arrivals = new Map<string, Map<string, NewestFirst<Uint8Array>>>()
  /** What the host sends on for all others together, on all channels. */
  readonly #broadcasts: TokenBucket

  constructor(around: ChannelSurroundings) {
    this.#around = around
    this.#broadcasts = new TokenBucket(around.session.environment.clock, mostReliableRate, mostReliableRate)
  }

  /** @throws ConvoyError `invalid-argument` for a name that is taken, and options out of range. */
  open<Input, Output>(name: string, options: ChannelOptions<Input, Output>): Channel<Input, Output> {
    if (!v.is(channelName, name)) {
      throw invalid('The name of a channel has 1 to 24 printable ASCII characters and no spaces.')
    }
    if (this.#channels.has(name)) throw invalid(`There is a channel "${name}" already. Choose another name.`)
    const settled = settle(options)
    const { reliable, rate } = settled
    const most = reliable ? mostReliableRate : mostDatagramRate
    let total = rate
    for (const other of this.#channels.values()) if (other.isDatagrams === !reliable) total += other.rate
    if (total > most) {
      throw invalid(
        `The rates of all such channels together may be ${most} a second; with "${name}" it is ${total}.`,
      )
    }
    const channel = new PeerChannel(name, settled, this.#around, this.#broadcasts)
    this.#channels.set(name, channel)
    return channel
  }

  /** Takes a state payload that carries a message. Never throws. */
  takeDatagram(member: RecordMember, payload: Uint8Array): void {
    const { dropped } = this.#around.session.environment
    try {
      const { name, body } = decodeDatagram(payload)
      const channel = this.#channels.get(name)
      if (channel?.isDatagrams !== true) return dropped.addFrom(member.id, 'channel-unknown')
      const gate = this.#gateOf(member, name, channel)
      if (gate.admits()) channel.takeDatagram(member, body)
      else gate.hold(body)
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(member.id, `channel-${error.code}`)
    }
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    for (const gate of this.#arrivals.get(memberId)?.values() ?? []) gate.clear()
    this.#arrivals.delete(memberId)
  }

  /** Lets go of what waits. Idempotent. */
  close(): void {
    for (const memberId of [...this.#arrivals.keys()]) this.forget(memberId)
    for (const channel of this.#channels.values()) channel.close()
  }

  #gateOf(member: RecordMember, name: string, channel: AnyChannel): NewestFirst<Uint8Array> {
    let ofMember = this.#arrivals.get(member.id)
    if (ofMember === undefined) {
      this.#arrivals.set(member.id, (ofMember = new Map<string, NewestFirst<Uint8Array>>()))
    }
    let gate = ofMember.get(name)
    if (gate === undefined) {
      const { clock, dropped } = this.#around.session.environment
      gate = new NewestFirst({
        clock,
        budget: new TokenBucket(clock, channel.rate, channel.rate * datagramBurstSeconds),
        pass: (body) => channel.takeDatagram(member, body),
        dropped: () => dropped.addFrom(member.id, 'channel-rate'),
      })
      ofMember.set(name, gate)
    }
    return gate
  }
}

function settle<Input, Output>(options: ChannelOptions<Input, Output>): SettledOptions<Input, Output> {
  const { reliable = true, authority } = options
  const mostBytes = reliable ? mostReliableBytes : mostDatagramBytes
  const { maxBytes = defaultChannelBytes, rate = defaultChannelRate } = options
  const schema: unknown = options.schema
  const follows =
    (typeof schema === 'object' || typeof schema === 'function') && schema !== null && '~standard' in schema
  if (!follows)
    throw invalid('The schema of a channel must follow Standard Schema, as those of valibot or zod do.')
  if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > mostBytes) {
    throw invalid(`maxBytes is 1 to ${mostBytes} on such a channel.`)
  }
  if (!(rate >= 1 && rate <= (reliable ? mostReliableRate : mostDatagramRate))) {
    throw invalid(
      `rate is 1 to ${reliable ? mostReliableRate : mostDatagramRate} a second on such a channel.`,
    )
  }
  if (authority !== undefined && !reliable) throw invalid('A channel on which the host decides is reliable.')
  if (options.validate !== undefined && authority === undefined) {
    throw invalid(`"validate" needs authority: 'host'.`)
  }
  return { ...options, reliable, maxBytes, rate }
}

const invalid = (message: string): ConvoyError => new ConvoyError('invalid-argument', message)
