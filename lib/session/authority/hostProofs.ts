import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'
import { Attesting } from './attesting.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'
import { Certified } from './certified.ts'
import type { Leadership } from './leadership.ts'

/** What members say to each other so that newcomers can be shown who is host ([SUC-10]). */
export type ProofMessage = AuthorityMessageOf<'attest' | 'attested' | 'certified'>

/** The proof of who is host, as this peer knows it, attests it, and takes it from its host. */
export class HostProofs {
  readonly certified: Certified
  readonly #session: Session
  readonly #attesting: Attesting
  readonly #isFollowed: (peer: Peer) => boolean

  /** @param isFollowed - whether a peer is the host that this one follows. */
  constructor(session: Session, isFollowed: (peer: Peer) => boolean) {
    this.#session = session
    this.certified = new Certified(session.record, session.environment)
    this.#attesting = new Attesting(session, this.certified)
    this.#isFollowed = isFollowed
  }

  /** @param leadership - where this peer is host. */
  onMessage(
    peer: Peer,
    message: ProofMessage,
    leadership: Leadership | undefined,
  ): Promise<void> | undefined {
    const { dropped } = this.#session.environment
    if (message.type === 'attested') {
      if (leadership !== undefined) return leadership.attested(peer, message)
      dropped.addFrom(peer.member.id, 'attestation-unasked')
    } else if (!this.#isFollowed(peer)) dropped.addFrom(peer.member.id, 'proof-unfit')
    else if (message.type === 'certified') return this.certified.take(message.proof)
    else return this.#attesting.answer(peer, message)
    return undefined
  }
}
