import type { Peer } from './peer.ts'
import type { Session } from './session.ts'

/** Whether `peer` is linked and heard right now: what it sends counts, and what is sent gets there. */
export function isNeighbour(peer: Peer | undefined): peer is Peer {
  return peer?.admitted === true && peer.control?.link.state === 'open'
}

/** Neighbours in the order in which they are asked to forward: the host, which has most links, then by round trip. */
export function neighboursToAsk(session: Session): Peer[] {
  const rank = (peer: Peer): number => {
    if (peer.member.id === session.host.id) return -1
    return peer.pingMs ?? Infinity
  }
  return [...session.peers()]
    .filter(isNeighbour)
    .map((peer) => ({ peer, rank: rank(peer) }))
    .sort((a, b) => (a.rank === b.rank ? a.peer.member.slot - b.peer.member.slot : a.rank - b.rank))
    .map(({ peer }) => peer)
}
