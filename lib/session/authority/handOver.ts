import { ConvoyError, withDeadline } from '../../core/index.ts'
import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'
import type { Ballot } from './ballot.ts'
import type { Candidacy } from './candidacy.ts'
import { mostEpochsAhead, transferMs } from './constants.ts'
import type { Leadership } from './leadership.ts'
import type { Voting } from './voting.ts'

/**
 * Has `peer` elected in this host's place ([AUT-13]).
 * @throws ConvoyError `no-majority`, `authority-moved`, `timeout`, `aborted`.
 */
export async function handOver(
  session: Session,
  leadership: Leadership,
  ballot: Ballot,
  peer: Peer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { record, environment, authority } = session
  const { signKey } = peer.member
  const gone = new Promise<void>((resolve) => {
    const unsubscribe = session.events.on('hostChanged', ({ host }) => {
      if (host.id !== peer.member.id) return
      unsubscribe()
      resolve()
    })
    session.events.on('closed', unsubscribe)
  })
  await leadership.prepare(peer, signal)
  const epoch = authority.epoch + 1
  const number = record.length
  const previous = record.digestAt(number) ?? new Uint8Array(32)
  const { sessionId } = record
  const consent = await ballot.cast({ sessionId, epoch, number, previous, candidate: signKey })
  if (consent === undefined) throw new ConvoyError('authority-moved', 'Another host is being elected.')
  leadership.pause(transferMs)
  peer.control?.send({ type: 'succeed', epoch, consent })
  const late = 'The member did not take over in time. This peer goes on as host.'
  await withDeadline(environment.clock, transferMs, late, gone, signal)
}

/** Stands for host where the host asks this peer to, with its vote ([AUT-13]). */
export async function takeOver(
  { authority, environment }: Session,
  voting: Voting,
  candidacy: Candidacy,
  isHost: boolean,
  peer: Peer,
  { epoch, consent }: AuthorityMessageOf<'succeed'>,
): Promise<void> {
  const fits =
    isHost &&
    epoch > authority.epoch &&
    epoch <= authority.epoch + mostEpochsAhead &&
    (await voting.isConsent(consent, epoch, environment.identity.signKey))
  if (!fits) return environment.dropped.addFrom(peer.member.id, 'succeed-unfit')
  await candidacy.stand(epoch, consent)
}
