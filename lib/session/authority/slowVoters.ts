import type { Peer } from '../peer.ts'
import type { SessionRecord } from '../record.ts'
import { slowVoterMs } from './constants.ts'
import type { Replication } from './replication.ts'
import { votesIn } from './voters.ts'

interface Wait {
  readonly acknowledged: number
  readonly since: number
}

/**
 * Dials again the links to voters that are heard, but do not confirm: after an outage a reliable channel repeats what was lost
 * after seconds only, while a connection made anew carries it at once ([LNK-72]).
 */
export class SlowVoters {
  readonly #record: SessionRecord
  readonly #replication: Replication
  readonly #waits = new Map<string, Wait>()

  constructor(record: SessionRecord, replication: Replication) {
    this.#record = record
    this.#replication = replication
  }

  look(peers: Iterable<Peer>, now: number): void {
    for (const { member, admitted, control } of peers) {
      const acknowledged = this.#replication.acknowledgedBy(member.id)
      const isWaitedFor = acknowledged < this.#record.length && votesIn(this.#record.confirming, member)
      if (!admitted || control === undefined || !isWaitedFor) {
        this.#waits.delete(member.id)
        continue
      }
      const wait = this.#waits.get(member.id)
      const isStill = wait?.acknowledged === acknowledged
      if (isStill && now - wait.since < slowVoterMs) continue
      if (isStill && control.link.state === 'open') control.link.redial()
      this.#waits.set(member.id, { acknowledged, since: now })
    }
  }
}
