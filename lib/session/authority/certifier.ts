import { BytesMap, equalBytes } from '../../core/index.ts'
import {
  isProofShort,
  majorityOf,
  makeCertificate,
  openAttestation,
  signAttestation,
  totalBytes,
  type AuthorityAt,
  type Electorate,
} from '../../identity/index.ts'
import { opening } from '../environment.ts'
import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'
import type { Certified, Lead } from './certified.ts'
import { attestAgainMs, certifyAfterMs, certifyLookMs } from './constants.ts'

/** What members are asked to attest, and what they did. */
interface Round {
  /** Who decides and who votes. */
  readonly at: AuthorityAt
  /** Since when it has been so. */
  readonly since: number
  readonly attestations: BytesMap<Uint8Array>
  /** When each member was asked last. */
  readonly asked: Map<string, number>
}

/**
 * Has those who voted once attest, for the host that this peer is, who decides and who votes now: so newcomers need not be shown
 * all that led there ([SUC-10], [SUC-11]).
 */
export class Certifier {
  readonly #session: Session
  readonly #certified: Certified
  #round: Round | undefined
  /** The proof that each member was handed. */
  readonly #handed = new Map<string, readonly Uint8Array[]>()
  #signing = false
  #lookedAt = -Infinity

  constructor(session: Session, certified: Certified) {
    this.#session = session
    this.#certified = certified
  }

  detached({ member }: Peer): void {
    this.#round?.asked.delete(member.id)
    this.#handed.delete(member.id)
  }

  /**
   * Asks whoever can make the proof shorter, and hands on what came of it.
   * @param told - how many entries a member knows to be committed.
   */
  look(told: (peer: Peer) => number): void {
    const { record, environment } = this.#session
    const now = environment.clock.now()
    if (now - this.#lookedAt < certifyLookMs) return
    this.#lookedAt = now
    const { number } = this.#certified
    for (const peer of this.#session.peers()) if (peer.admitted && told(peer) > number) this.#handOn(peer)
    // The founder has nothing to prove.
    const lead = record.epoch === 0 ? undefined : this.#certified.whole()
    const at = lead?.steps.at(-1)
    if (lead === undefined || at === undefined || at.last.number >= record.committed) return
    const round = this.#roundFor(at, now)
    if (now - round.since < certifyAfterMs || this.#isShortest(at)) return
    const once = whoVotedOnce(lead)
    const { identity } = environment
    if (once.has(identity.signKey) && !round.attestations.has(identity.signKey)) void this.#attestSelf(round)
    for (const peer of this.#session.peers()) {
      const { member, admitted, control } = peer
      const isDue = now - (round.asked.get(member.id) ?? -Infinity) >= attestAgainMs
      const isOpen = admitted && once.has(member.signKey) && !round.attestations.has(member.signKey)
      if (!isOpen || !isDue || told(peer) <= at.last.number) continue
      round.asked.set(member.id, now)
      control?.send({ type: 'attest', epoch: at.host.epoch, number: at.last.number })
    }
  }

  /** Takes the word of a member that was asked for it. */
  async attested({ member }: Peer, { attestation }: AuthorityMessageOf<'attested'>): Promise<void> {
    const { record, environment } = this.#session
    const round = this.#round
    if (round?.asked.has(member.id) !== true || round.attestations.has(member.signKey))
      return environment.dropped.addFrom(member.id, 'attestation-unasked')
    const signer = await openAttestation(opening(environment), record.sessionId, round.at, attestation)
    if (!equalBytes(signer, member.signKey))
      return environment.dropped.addFrom(member.id, 'attestation-foreign')
    this.#count(round, signer, attestation)
  }

  async #attestSelf(round: Round): Promise<void> {
    if (this.#signing) return
    this.#signing = true
    const { record, environment } = this.#session
    const attestation = await signAttestation(environment, record.sessionId, round.at)
    this.#signing = false
    this.#count(round, environment.identity.signKey, attestation)
  }

  /** Goes by a shorter proof as soon as enough of an earlier electorate attested; the earlier, the shorter. */
  #count(round: Round, signer: Uint8Array, attestation: Uint8Array): void {
    if (this.#round !== round) return
    const { at, attestations } = round
    attestations.set(signer, attestation)
    const lead = this.#certified.whole()
    if (lead === undefined || lead.steps.at(-1)?.last.number !== at.last.number) return
    for (const [length, { electorate }] of lead.steps.slice(0, -1).entries()) {
      const needed = majorityOf(electorate)
      const attested = attestationsOf(electorate, attestations)
      if (attested.length < needed) continue
      const proof = [...lead.proof.slice(0, length), makeCertificate(at, attested.slice(0, needed))]
      const [first, ...others] = lead.steps
      if (totalBytes(proof) < totalBytes(lead.proof))
        this.#certified.adopt({ proof, steps: [first, ...others.slice(0, length), at] })
      return
    }
  }

  #handOn({ member, control }: Peer): void {
    const { proof } = this.#certified
    // One that no announcement could hold is of no use to anybody.
    if (proof === undefined || this.#handed.get(member.id) === proof || !isProofShort(proof)) return
    this.#handed.set(member.id, proof)
    control?.send({ type: 'certified', proof: [...proof] })
  }

  #roundFor(at: AuthorityAt, now: number): Round {
    const last = this.#round?.at
    if (
      this.#round === undefined ||
      last?.last.number !== at.last.number ||
      last.host.epoch !== at.host.epoch
    )
      this.#round = { at, since: now, attestations: new BytesMap(), asked: new Map() }
    return this.#round
  }

  /** Whether nobody's word can make the proof any shorter. */
  #isShortest(at: AuthorityAt): boolean {
    const { proof, number } = this.#certified
    return proof?.length === 1 && number === at.last.number
  }
}

/** Everybody who voted before those who do now. */
function whoVotedOnce({ steps }: Lead): BytesMap<true> {
  const once = new BytesMap<true>()
  for (const { electorate } of steps.slice(0, -1))
    for (const { signKey } of electorate.voters) once.set(signKey, true)
  return once
}

/** What those of an electorate attested: of two processes of one member it counts once. */
function attestationsOf({ voters }: Electorate, attestations: BytesMap<Uint8Array>): Uint8Array[] {
  return [...new Set(voters.flatMap(({ signKey }) => attestations.get(signKey) ?? []))]
}
