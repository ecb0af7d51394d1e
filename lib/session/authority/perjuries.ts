import { isConvoyError, toHex } from '../../core/index.ts'
import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'

/** What proves that the host of an epoch broke its word. */
interface Perjury {
  readonly epoch: number
  readonly host: Uint8Array
  /** Two entries with one number, or one that no host may sign: they convince who holds those before them. */
  readonly entries: Uint8Array[]
}

/** Where a refused entry of a host stands. */
interface Place {
  readonly epoch: number
  readonly number: number
}

/** Hosts that signed two entries with one number, or one that no host may sign ([AUT-16]). */
export class Perjuries {
  readonly #session: Session
  readonly #makeVoid: (from: number, epoch: number) => void
  #last: Perjury | undefined

  /** @param makeVoid - takes back what was decided in an epoch from the entry with number `from` on. */
  constructor(session: Session, makeVoid: (from: number, epoch: number) => void) {
    this.#session = session
    this.#makeVoid = makeVoid
  }

  /** Bans, as the host that this peer is now, the one that was last caught. */
  expel(): void {
    if (this.#last !== undefined)
      this.#session.hostRole?.expel(this.#last.host, 'As host it signed what no host may sign.')
  }

  /** Looks what an entry that the record refused with `error` proves of the present host; tells everybody, and makes it void. */
  refused(bytes: Uint8Array, error: unknown): void {
    const isForked = isConvoyError(error, 'record-forked')
    if (!isForked && !isConvoyError(error, 'record-unlawful')) return
    const { record, environment } = this.#session
    const { epoch, hostKey: host } = record
    const place = error.details as Place
    // Of a host of a former epoch nobody expects anything any more.
    if (place.epoch !== epoch || host === undefined) return
    const held = record.entry(place.number)?.bytes
    this.#last = { epoch, host, entries: isForked && held !== undefined ? [held, bytes] : [bytes] }
    environment.logger.warn('The host broke its word.', { host: toHex(host) })
    for (const peer of this.#session.peers()) this.show(peer)
    this.#makeVoid(place.number, epoch)
  }

  /** Hands the proof on. */
  show({ control }: Peer): void {
    if (this.#last === undefined) return
    const { entries } = this.#last
    control?.send({ type: 'entries', epoch: this.#session.authority.epoch, entries, committed: 0 })
  }
}
