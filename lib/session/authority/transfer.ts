import { ConvoyError, withDeadline } from '../../core/index.ts'
import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'
import type { Ballot } from './ballot.ts'
import { transferMs } from './constants.ts'
import type { Leadership } from './leadership.ts'

/**
 * Hands authority over to `peer`: makes it a voter that holds everything, and gives it this peer's vote ([AUT-13]).
 * @param nextEpoch - the epoch that it is to begin, asked once it is ready.
 * @throws ConvoyError `authority-moved`, `timeout`, `aborted`, and what making it a voter throws.
 */
export async function transferTo(
  peer: Peer,
  session: Session,
  { leadership, ballot, nextEpoch }: { leadership: Leadership; ballot: Ballot; nextEpoch: () => number },
  signal?: AbortSignal,
): Promise<void> {
  const { record, environment, events } = session
  const { signKey: candidate, id } = peer.member
  const gone = new Promise<void>((resolve) => {
    const unsubscribe = events.on('hostChanged', ({ host }) => {
      if (host.id !== id) return
      unsubscribe()
      resolve()
    })
    events.on('closed', unsubscribe)
  })
  await leadership.prepare(peer, signal)
  const epoch = nextEpoch()
  const { sessionId, length: number } = record
  const previous = record.digestAt(number) ?? new Uint8Array(32)
  const consent = await ballot.cast({ sessionId, epoch, number, previous, candidate })
  if (consent === undefined) throw new ConvoyError('authority-moved', 'Another host is being elected.')
  leadership.pause(transferMs)
  peer.control?.send({ type: 'succeed', epoch, consent })
  const late = 'The member did not take over in time. This peer goes on as host.'
  await withDeadline(environment.clock, transferMs, late, gone, signal)
}
