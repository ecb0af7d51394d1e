import { signAttestation } from '../../identity/index.ts'
import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'
import type { Certified } from './certified.ts'

/** What a member that is not host attests to the one that is ([SUC-10]). */
export class Attesting {
  readonly #session: Session
  readonly #certified: Certified
  /** What was signed last: asked again the same is sent again. */
  #last: { readonly number: number; readonly epoch: number; readonly attestation: Uint8Array } | undefined

  constructor(session: Session, certified: Certified) {
    this.#session = session
    this.#certified = certified
  }

  /** Answers the host, where its record says the same. */
  async answer({ member, control }: Peer, { epoch, number }: AuthorityMessageOf<'attest'>): Promise<void> {
    const { record, environment } = this.#session
    const at = this.#certified.whole()?.steps.at(-1)
    const isPresent =
      at?.last.number === number && at.host.epoch === epoch && number > 0 && number < record.committed
    if (!isPresent) return environment.dropped.addFrom(member.id, 'attest-unfit')
    if (this.#last?.number !== number || this.#last.epoch !== epoch)
      this.#last = {
        number,
        epoch,
        attestation: await signAttestation(environment, record.sessionId, at),
      }
    control?.send({ type: 'attested', attestation: this.#last.attestation })
  }
}
