import { Counters, seededRandom, silentLogger } from '../../../lib/core/index.ts'
import { deriveSessionId, signVote } from '../../../lib/identity/index.ts'
import { defaultRules } from '../../../lib/protocol/index.ts'
import type { SessionEnvironment } from '../../../lib/session/index.ts'
import { SessionRecord } from '../../../lib/session/record.ts'
import type { Change } from '../../../lib/session/recordEntries.ts'
import { SimulatedClock, simulatedIdentity, simulatedVerify } from '../../../lib/testing/index.ts'

export const founderNonce = new Uint8Array(16).fill(7)

/** Somebody with a record, and no network. */
export class RecordPeer {
  readonly environment: SessionEnvironment
  readonly incarnation: Uint8Array
  record: SessionRecord

  constructor(seed: number, founder?: RecordPeer) {
    const random = seededRandom(seed)
    this.environment = {
      clock: new SimulatedClock(),
      random,
      logger: silentLogger,
      identity: simulatedIdentity(random),
      dropped: new Counters(),
      verify: simulatedVerify,
      connect: () => Promise.reject(new Error('no links in this test')),
    }
    this.incarnation = random.bytes(8)
    this.record = this.newRecord(founder)
  }

  get signKey(): Uint8Array {
    return this.environment.identity.signKey
  }

  get voter(): { signKey: Uint8Array; incarnation: Uint8Array } {
    const { signKey, incarnation } = this
    return { signKey, incarnation }
  }

  /** An empty record of the session of `founder`. */
  newRecord(founder: RecordPeer = this): SessionRecord {
    return new SessionRecord(deriveSessionId(founder.signKey, founderNonce), this.environment)
  }

  async found(): Promise<this> {
    const { identity } = this.environment
    await this.record.append({
      type: 'founded',
      signKey: identity.signKey,
      boxKey: identity.boxKey,
      incarnation: this.incarnation,
      name: 'Anna',
      vehicleClass: 'truck',
      founderNonce,
      game: { name: 'ets2', version: '1.50' },
      password: null,
      rules: defaultRules,
      channels: { zebra: 2, ant: 1 },
      invite: new Uint8Array(32).fill(1),
    })
    return this
  }

  joined(name: string, slot: number, claims?: string[]): Change {
    const { signKey, boxKey } = this.environment.identity
    const who = { signKey, boxKey, incarnation: this.incarnation, name, slot, vehicleClass: 'truck' as const }
    return { type: 'joined', ...who, ...(claims === undefined ? {} : { claims }) }
  }

  /** Holds everything that `other` holds from where this record ends, and takes as much for committed. */
  async follow(other: RecordPeer): Promise<this> {
    for (let entry = other.record.entry(this.record.length); entry !== undefined;)
      entry = other.record.entry((await this.record.accept(entry.bytes)).number + 1)
    this.record.commit(other.record.committed)
    return this
  }

  /** Begins `epoch` with the votes of `voters`. */
  async elect(epoch: number, voters: readonly RecordPeer[]): Promise<void> {
    const { record, signKey } = this
    const { sessionId, length: number } = record
    const previous = record.digestAt(number) ?? new Uint8Array(32)
    const vote = { sessionId, epoch, number, previous, candidate: signKey }
    const votes = await Promise.all(voters.map(({ environment }) => signVote(environment, vote)))
    await record.append({ type: 'elected', signKey, votes, expelled: [] }, epoch)
  }

  /** Decides, and takes it for committed, as a host with a majority does. */
  async decide(...changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      await this.record.append(change)
      this.record.commit(this.record.length)
    }
  }

  /** Takes a snapshot, and lets go of what nobody needs. */
  async snapshot(): Promise<void> {
    const snapshot = this.record.nextSnapshot()
    if (snapshot === undefined) throw new Error('There is no snapshot to take.')
    await this.decide(snapshot)
    this.record.trim()
  }
}
