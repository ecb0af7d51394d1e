import type { Clock, Counters } from '../core/index.ts'
import { parseIceUrl } from '../protocol/index.ts'
import type { Rendezvous } from './rendezvous.ts'
import { turnUrls, type TurnAccess } from './turnAccess.ts'

/** Credentials are of no use for the last minute: a relay takes some seconds to be asked for, and clocks go at different rates. */
const unusableLastMs = 60_000

/** Share of their lifetime after which credentials are renewed: as much again is left for a service that is down meanwhile. */
const renewAfterShare = 0.5

/** The STUN and TURN servers that a service offers, as it said last. */
export class OfferedServers {
  readonly #clock: Clock
  readonly #counters: Counters
  #stun: string[] = []
  #turn:
    { urls: string[]; username: string; credential: string; from: number; lifetimeMs: number } | undefined

  constructor(clock: Clock, counters: Counters) {
    this.#clock = clock
    this.#counters = counters
  }

  /** Takes what a greeting says. */
  greeted(stunHost: string, stunPort: number | null, turn: TurnAccess | null): void {
    const url = `stun:${stunHost}:${stunPort}`
    this.#stun = stunPort === null ? [] : this.#usable([url], parseIceUrl(url) === undefined ? [] : [url])
    this.provided(turn)
  }

  /** Takes new credentials. */
  provided(turn: TurnAccess | null): void {
    const urls = turn === null ? [] : this.#usable(turn.urls, turnUrls(turn.urls))
    if (turn === null || urls.length === 0) return void (this.#turn = undefined)
    const { username, credential, seconds } = turn
    this.#turn = { urls, username, credential, from: this.#clock.now(), lifetimeMs: seconds * 1_000 }
  }

  /** What may be used now. */
  list(): ReturnType<Rendezvous['iceServers']> {
    const turn = this.#turn
    const isGood = turn !== undefined && this.#clock.now() < this.#endOf(turn)
    return [
      ...this.#stun.map((urls) => ({ urls })),
      ...(isGood ? [{ urls: turn.urls, username: turn.username, credential: turn.credential }] : []),
    ]
  }

  /** When credentials are to be asked for anew, on the clock, ms; undefined where there are none. */
  get renewAt(): number | undefined {
    return this.#turn && this.#turn.from + this.#turn.lifetimeMs * renewAfterShare
  }

  // Those that live for a minute or two are good for half of it at least.
  #endOf({ from, lifetimeMs }: { from: number; lifetimeMs: number }): number {
    return from + lifetimeMs - Math.min(unusableLastMs, lifetimeMs / 4)
  }

  #usable(offered: readonly string[], good: string[]): string[] {
    for (let count = good.length; count < offered.length; count++) this.#counters.add('rendezvous-ice-url')
    return good
  }
}
