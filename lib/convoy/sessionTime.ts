import * as v from 'valibot'
import { ConvoyError } from '../core/index.ts'
import { decodeMessage, encodeMessage, gameTimeSchema } from '../protocol/index.ts'
import type { RecordMember, Session } from '../session/index.ts'
import { ClockSlew } from '../vehicle/index.ts'

/** Time as all members of a convoy have it. */
export interface SessionTime {
  /**
   * Milliseconds since the convoy was founded, on the host's clock: alike for all members to a few ms. It never jumps by
   * what the game's clock does. Undefined until the host's clock is known, within a second of joining; without
   * the host it goes on by this member's own clock.
   */
  now(): number | undefined
  /**
   * What the game's clock is to show now, where the host has set it: minutes since the game's beginning with their fraction, and
   * how many game seconds pass per real one. Vehicles move in real time, whatever it says.
   */
  game(): { readonly minutes: number; readonly scale: number } | undefined
  /**
   * Host, and whoever has the scope `time`: sets the game's clock for everyone; resolves once that is signed and on its way.
   * @param minutes - since the game's beginning, as the SDK counts them, 0…2^32 − 1.
   * @param scale - game seconds per real second, 0…1,000 (default 1); 0 stops it.
   * @throws ConvoyError `invalid-argument`, `not-permitted`, `closed`, `aborted`.
   * @example
   * ```ts
   * // Monday, 20:00, with the pace of the open road.
   * await convoy.time.setGame(20 * 60, 19)
   * ```
   */
  setGame(minutes: number, scale?: number, signal?: AbortSignal): Promise<void>
}

/** Name of the session's channel on which the host tells when it founded the convoy. */
const channel = 'time'

/** [TIM-1] */
const foundingSchema = v.strictObject({
  /** On the host's monotonic clock, ms. */
  foundedAt: v.pipe(v.number(), v.finite()),
})

/** Bytes of such a message at most. */
const mostBytes = 64

/** The host tells once per link; more is no use. */
const budget = { perSecond: 1, atOnce: 8 }

/** {@link SessionTime} over a session: docs/protocol/04-session.md [TIM-1] to [TIM-3]. */
export class HostedTime implements SessionTime {
  readonly #session: Session
  readonly #requireOpen: () => void
  /** From the host's clock to this one. */
  #offset = new ClockSlew()
  /** On the host's clock. */
  #foundedAt: number | undefined
  /** The same on this peer's clock, by the word of a former host. */
  #foundedHere: number | undefined

  /** @param requireOpen - throws where the convoy is closed. */
  constructor(session: Session, requireOpen: () => void) {
    this.#session = session
    this.#requireOpen = requireOpen
    if (session.isHost) this.#foundedAt = session.environment.clock.now()
  }

  /** Begins to tell newcomers, or to listen to the host. */
  start(): void {
    const { events } = this.#session
    this.#session.onChannel(channel, (from, body) => this.#receive(from, body), budget)
    events.on('linkReady', ({ member }) => this.#tell(member))
    events.on('hostChanged', ({ former }) => this.#changeClock(former.id))
    for (const { member, admitted } of this.#session.peers()) if (admitted) this.#tell(member)
  }

  now(): number | undefined {
    const now = this.#session.environment.clock.now()
    const foundedHere = this.#foundingBy(this.#session.host.id, now) ?? this.#foundedHere
    return foundedHere === undefined ? undefined : now - foundedHere
  }

  /** When the convoy was founded, on this peer's clock, by the word of a host. */
  #foundingBy(hostId: string, now: number): number | undefined {
    if (this.#foundedAt === undefined || hostId === this.#session.self.id) return this.#foundedAt
    const link = this.#session.peer(hostId)?.control?.link
    if (link?.clockOffset !== undefined) this.#offset.observe(link.clockOffset, now, now)
    return this.#offset.known ? this.#foundedAt + this.#offset.at(now) : undefined
  }

  /** Time goes on by this peer's clock until the new host has told what its own says ([TIM-1]). */
  #changeClock(formerId: string): void {
    const { clock } = this.#session.environment
    const now = clock.now()
    const recorded = this.#session.record.entry(0)?.at ?? clock.wallTime()
    this.#foundedHere =
      this.#foundingBy(formerId, now) ?? this.#foundedHere ?? now - (clock.wallTime() - recorded)
    this.#offset = new ClockSlew()
    this.#foundedAt = this.#session.isHost ? this.#foundedHere : undefined
    for (const { member, admitted } of this.#session.peers()) if (admitted) this.#tell(member)
  }

  game(): { minutes: number; scale: number } | undefined {
    const set = this.#session.record.state.gameTime
    const now = this.now()
    if (set === undefined || now === undefined) return undefined
    return { minutes: set.minutes + (Math.max(0, now - set.at) * set.scale) / 60_000, scale: set.scale }
  }

  async setGame(minutes: number, scale = 1, signal?: AbortSignal): Promise<void> {
    this.#requireOpen()
    const time = { minutes, scale, at: Math.round(this.now() ?? 0) }
    if (!v.is(gameTimeSchema, time)) {
      throw new ConvoyError(
        'invalid-argument',
        'Game time takes minutes from 0 to 2^32 − 1 and a scale from 0 to 1,000.',
      )
    }
    await this.#session.moderation.decide({ type: 'gameTime', ...time }, signal)
  }

  #tell(member: RecordMember): void {
    if (!this.#session.isHost || this.#foundedAt === undefined) return
    const body = encodeMessage(foundingSchema, { foundedAt: this.#foundedAt }, mostBytes)
    this.#session.sendChannel([member.id], channel, body)
  }

  #receive(from: RecordMember, body: Uint8Array): void {
    if (from.id !== this.#session.host.id)
      return this.#session.environment.dropped.addFrom(from.id, 'time-foreign')
    try {
      this.#foundedAt = decodeMessage(foundingSchema, body, mostBytes).foundedAt
    } catch {
      this.#session.environment.dropped.addFrom(from.id, 'time-malformed')
    }
  }
}
