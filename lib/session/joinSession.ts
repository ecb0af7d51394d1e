import { ConvoyError, equalBytes, withDeadline } from '../core/index.ts'
import type { Invite } from '../identity/index.ts'
import type { LoadOrder } from '../protocol/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import { hostLinkTimings, loadOrderTimeoutMs } from './constants.ts'
import { ControlLink } from './controlLink.ts'
import type { SessionEnvironment } from './environment.ts'
import { knock, type JoinerProfile } from './knock.ts'
import { MemberRole } from './memberRole.ts'
import { SessionRecord } from './record.ts'
import { Session } from './session.ts'

/**
 * Joins the session of an invite over a route that a rendezvous opened: knock, link, load order, ticket.
 * @throws ConvoyError any refusal code, `host-mismatch`, `link-failed`, `timeout`, `closed` or `aborted`.
 */
export async function joinSession(
  reached: ReachedSession,
  invite: Invite,
  profile: JoinerProfile,
  loadOrder: LoadOrder,
  environment: SessionEnvironment,
  signal?: AbortSignal,
): Promise<Session> {
  const { route, host } = await knock(reached, invite, profile, environment, signal)
  try {
    const link = await environment.connect({
      initiator: true,
      signals: route.signalPort(),
      timings: hostLinkTimings,
      ...(signal === undefined ? {} : { signal }),
    })
    const control = new ControlLink(link, environment)
    try {
      const record = new SessionRecord(invite.sessionId, environment)
      const ticket = await withDeadline(
        environment.clock,
        loadOrderTimeoutMs,
        'The host did not decide on your load order.',
        admission(control, record, host.signKey, loadOrder),
        signal,
      )
      return enter(environment, record, control, ticket)
    } catch (error) {
      control.detach()
      link.close()
      throw error
    }
  } finally {
    route.finish()
  }
}

/** Shows the load order and follows what the host answers; resolves to the ticket. */
function admission(
  control: ControlLink,
  record: SessionRecord,
  hostKey: Uint8Array,
  loadOrder: LoadOrder,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    control.link.on('closed', () =>
      reject(new ConvoyError('closed', 'The host hung up before admitting you.')),
    )
    control.onMessage(async (message) => {
      switch (message.type) {
        case 'entries':
          for (const bytes of message.entries) await record.accept(bytes)
          return
        case 'refused':
          return reject(
            new ConvoyError(message.code, message.message, { details: { findings: message.findings ?? [] } }),
          )
        case 'admitted':
          if (
            record.length !== message.entries ||
            !equalBytes(record.state.host?.signKey ?? hostKey, hostKey)
          ) {
            return reject(new ConvoyError('message-malformed', 'The host sent an incomplete record.'))
          }
          return resolve(message.ticket)
        default:
          return
      }
    })
    control.onClosed(() => reject(new ConvoyError('closed', 'The host hung up before admitting you.')))
    control.send({ type: 'loadOrder', loadOrder })
  })
}

function enter(
  environment: SessionEnvironment,
  record: SessionRecord,
  control: ControlLink,
  ticket: Uint8Array,
): Session {
  const self = record.state.member(environment.identity.signKey)
  const { host } = record.state
  if (self === undefined || host === undefined) {
    throw new ConvoyError('message-malformed', 'The host admitted you but its record does not say so.')
  }
  const session = new Session(environment, record, self)
  const role = new MemberRole(session, ticket)
  session.role = role
  session.attach(host, control, true)
  role.start()
  return session
}
