import { voterOf } from './authority/voters.ts'
import { neighboursToAsk } from './neighbours.ts'
import type { Peer } from './peer.ts'
import type { Session } from './session.ts'

/** Who is to follow a host that leaves: who votes already before others, then who drives, then who has been here longest. */
export function heirOf(session: Session): Peer | undefined {
  const rank = ({ member }: Peer): number[] => [
    voterOf(session.record.voters, member.signKey) === undefined ? 1 : 0,
    member.vehicleClass === null ? 1 : 0,
    member.joinedAt,
  ]
  return neighboursToAsk(session).sort((a, b) => compare(rank(a), rank(b)))[0]
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, at) => value !== b[at])
  return (a[index] ?? 0) - (b[index] ?? 0)
}
