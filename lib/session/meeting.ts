import { ConvoyError, equalBytes } from '../core/index.ts'
import type { OpenedAnnouncement } from '../identity/index.ts'
import { protocolVersion } from '../protocol/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import type { Link } from '../rtc/index.ts'
import { memberLinkTimings, rejoinAnswerMs } from './constants.ts'
import type { LinkSignals } from './linkSignals.ts'
import type { RecordMember } from './recordState.ts'
import { linkOverRoute } from './routeLink.ts'
import { SealedRoute } from './sealedRoute.ts'
import type { Session } from './session.ts'

/** A link to another member that came about at a meeting point. */
export interface Encounter {
  readonly member: RecordMember
  readonly link: Link
  readonly signals: LinkSignals
}

/**
 * Goes to the meeting point of a session whose host is gone ([SUC-12]).
 * @param announced - what was checked of who announces there.
 * @throws ConvoyError `session-not-found` where it is no help: it is this very peer, no member, or linked already; `unknown-member`
 * where it does not know this peer; `link-failed`, `timeout`, `closed`, `aborted`.
 */
export async function meet(
  session: Session,
  reached: ReachedSession,
  announced: OpenedAnnouncement,
  signal: AbortSignal,
): Promise<Encounter> {
  const { environment, record, self } = session
  const route = new SealedRoute(reached.route, environment)
  try {
    const member = record.state.member(announced.host.signKey)
    if (member === undefined || member.id === self.id || session.peer(member.id)?.control !== undefined)
      throw new ConvoyError('session-not-found', 'No host, and nobody new, is announced for this session.')
    route.settleRemote(member)
    const { sessionId } = record
    const { boxKey } = environment.identity
    route.send({
      type: 'resume',
      protocol: protocolVersion,
      sessionId,
      boxKey,
      incarnation: self.incarnation,
    })
    const { message } = await route.next(signal, rejoinAnswerMs)
    if (message.type === 'refused') throw new ConvoyError(message.code, message.message)
    if (message.type !== 'welcome')
      throw new ConvoyError('message-malformed', `The member answered with "${message.type}" out of turn.`)
    const made = await linkOverRoute(route, environment, {
      initiator: true,
      timings: memberLinkTimings,
      signal,
    })
    return { member, ...made }
  } finally {
    route.finish()
  }
}

/**
 * Answers at the meeting point that this peer announces: members as the record has them, and nobody else.
 * @returns undefined for everybody else.
 * @throws ConvoyError `link-failed`, `timeout`, `closed`, `aborted`.
 */
export async function answerMeeting(
  { environment, record }: Session,
  route: SealedRoute,
  signal: AbortSignal,
): Promise<Encounter | undefined> {
  const { message, signKey } = await route.next(signal)
  // Who wants to join sees by the announcement that nobody decides here.
  if (message.type !== 'resume')
    throw new ConvoyError('message-malformed', `Somebody said "${message.type}" out of turn.`)
  const member = record.state.member(signKey)
  route.settleRemote(member ?? { signKey, boxKey: message.boxKey })
  const fits =
    member !== undefined &&
    equalBytes(member.incarnation, message.incarnation) &&
    equalBytes(message.sessionId, record.sessionId)
  if (!fits) {
    environment.dropped.add('meeting-refused')
    route.send({ type: 'refused', code: 'unknown-member', message: 'You are no member. Join again.' })
    return undefined
  }
  route.welcome()
  route.send({ type: 'welcome' })
  const made = await linkOverRoute(route, environment, {
    initiator: false,
    timings: memberLinkTimings,
    signal,
  })
  return { member, ...made }
}
