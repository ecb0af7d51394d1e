import { equalBytes } from '../../core/index.ts'
import {
  authorityAfter,
  checkProofSize,
  followSuccession,
  foundingAuthority,
  lineageOf,
  totalBytes,
  type AuthorityAt,
  type Founding,
} from '../../identity/index.ts'
import { opening, type SessionEnvironment } from '../environment.ts'
import type { HeldEntry } from '../heldEntry.ts'
import type { SessionRecord } from '../record.ts'

/** A succession proof, with what each item of it leads to. */
export interface Lead {
  readonly proof: readonly Uint8Array[]
  /** Who decides and who votes at first, and after each item of the proof. */
  readonly steps: readonly [AuthorityAt, ...AuthorityAt[]]
}

/**
 * The shortest proof of who is host that this peer knows: certificates, and the entries after the last of them ([SUC-10],
 * [SUC-11]). Without any it is all of the entries.
 */
export class Certified {
  readonly #record: SessionRecord
  readonly #environment: SessionEnvironment
  #lead: Lead | undefined

  constructor(record: SessionRecord, environment: SessionEnvironment) {
    this.#record = record
    this.#environment = environment
  }

  /** Number of the last entry that the proof with certificates reaches; 0 where there is none. */
  get number(): number {
    return this.#lead?.steps.at(-1)?.last.number ?? 0
  }

  /** That proof; undefined where there is none. */
  get proof(): readonly Uint8Array[] | undefined {
    return this.#lead?.proof
  }

  /**
   * Proves who is host.
   * @throws ConvoyError `message-too-large`: see `checkProofSize`.
   */
  succession(): Uint8Array[] {
    if (this.#record.epoch === 0) return []
    const entries = this.#laterEntries()
    const proof = [...(this.#lead?.proof ?? []), ...lineageOf(entries).proof.map(({ bytes }) => bytes)]
    checkProofSize(proof)
    return proof
  }

  /** What leads from the founding to who decides and who votes in the end; undefined in an empty record. */
  whole(): Lead | undefined {
    const first = this.#lead ?? this.#founding()
    if (first === undefined) return undefined
    const { proof: entries, voters } = lineageOf(this.#laterEntries())
    const proof = [...first.proof]
    const steps: [AuthorityAt, ...AuthorityAt[]] = [...first.steps]
    for (const entry of voters === undefined ? entries : [...entries, voters]) {
      const { change } = entry
      if (change.type !== 'elected' && change.type !== 'voters') continue
      proof.push(entry.bytes)
      steps.push(authorityAfter(steps.at(-1) ?? steps[0], { ...entry, change }))
    }
    return { proof, steps }
  }

  /** Goes by this from now on, where it is shorter or reaches further than what it takes the place of. */
  adopt(lead: Lead): boolean {
    const { number } = this
    const reach = lead.steps.at(-1)?.last.number ?? 0
    const known = this.#lead?.proof
    if (reach < number) return false
    if (reach === number && known !== undefined && totalBytes(lead.proof) >= totalBytes(known)) return false
    this.#lead = lead
    return true
  }

  /**
   * Checks a proof that the host handed on, and goes by it where it agrees with what is committed here.
   * @throws ConvoyError those of `followSuccession`.
   */
  async take(proof: readonly Uint8Array[]): Promise<void> {
    const record = this.#record
    const founding = this.#foundedAs()
    if (founding === undefined) return
    const { sessionId } = record
    const after = await followSuccession({ sessionId, ...founding }, proof, opening(this.#environment))
    const { host, last } = after.at(-1) ?? foundingAuthority(founding.founderKey)
    const known = record.hostOf(host.epoch)
    const digest = record.entry(last.number)?.digest
    const agrees =
      known !== undefined &&
      equalBytes(known, host.signKey) &&
      last.number < record.committed &&
      (digest === undefined || last.digest === undefined || equalBytes(digest, last.digest))
    if (!agrees) return this.#environment.dropped.add('certified-unknown')
    this.adopt({ proof, steps: [foundingAuthority(founding.founderKey), ...after] })
  }

  /** What was decided from the entry with this number on is void, and who attested that with it. */
  truncate(number: number): void {
    if (this.number >= number) this.#lead = undefined
  }

  #laterEntries(): readonly HeldEntry[] {
    return this.#record.authorityEntries.filter((entry) => entry.number > this.number)
  }

  #foundedAs(): Pick<Founding, 'founderKey' | 'founderNonce'> | undefined {
    const change = this.#record.authorityEntries[0]?.change
    if (change?.type !== 'founded') return undefined
    return { founderKey: change.signKey, founderNonce: change.founderNonce }
  }

  #founding(): Lead | undefined {
    const founding = this.#foundedAs()
    return founding && { proof: [], steps: [foundingAuthority(founding.founderKey)] }
  }
}
