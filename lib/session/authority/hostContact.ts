import { equalBytes } from '../../core/index.ts'
import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'
import { hostSilentMs, unlinkedMs } from './constants.ts'

/** What a member that is not host hears of the one that is. */
export class HostContact {
  readonly #session: Session
  #hostKey: Uint8Array | undefined
  #heardAt: number
  /** Since when this peer has had no link with the host. */
  #unlinked: number | undefined

  constructor(session: Session) {
    this.#session = session
    this.#hostKey = session.record.hostKey
    this.#heardAt = this.#now
  }

  /** Another one is host from now on; false where it is the same. */
  follow(hostKey: Uint8Array): boolean {
    if (this.#hostKey !== undefined && equalBytes(this.#hostKey, hostKey)) return false
    this.#hostKey = hostKey
    this.#heardAt = this.#now
    return true
  }

  isHost({ member }: Peer): boolean {
    return this.#hostKey !== undefined && equalBytes(this.#hostKey, member.signKey)
  }

  /** The host said that it goes. */
  left(): void {
    this.#heardAt = -Infinity
  }

  /** How long the host was not heard, ms; infinite once it said good-bye. */
  silenceMs(): number {
    const peer = this.#peer()
    if (peer?.saidGoodbye === true) return Infinity
    this.#heardAt = Math.max(this.#heardAt, peer?.control?.link.heardAt ?? -Infinity)
    return this.#now - this.#heardAt
  }

  /** Notes since when there is no link: a host that was elected elsewhere may be one with which this peer gets none by itself. */
  look(): void {
    const isLinked = this.#peer()?.control !== undefined || this.#session.hostIsGone
    this.#unlinked = isLinked ? undefined : (this.#unlinked ?? this.#now)
  }

  /** Whether nothing was heard for so long, though there is a link, that others may look for the host as well. */
  get isSilent(): boolean {
    return !this.#session.hostIsGone && this.silenceMs() > hostSilentMs
  }

  /** Whether there has been no link for so long that the session is to be looked for elsewhere. */
  get isMissing(): boolean {
    if (this.#unlinked === undefined || this.#peer()?.control !== undefined) return false
    return this.#now - this.#unlinked > unlinkedMs
  }

  get #now(): number {
    return this.#session.environment.clock.now()
  }

  #peer(): Peer | undefined {
    const member = this.#hostKey === undefined ? undefined : this.#session.record.state.member(this.#hostKey)
    return member === undefined ? undefined : this.#session.peer(member.id)
  }
}
