import { ConvoyError, equalBytes, withDeadline } from '../core/index.ts'
import type { Invite } from '../identity/index.ts'
import type { LoadOrder } from '../protocol/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import { hostLinkTimings, loadOrderTimeoutMs } from './constants.ts'
import { ControlLink } from './controlLink.ts'
import type { SessionEnvironment } from './environment.ts'
import { HostRedial, type ReopenedWay } from './hostRedial.ts'
import { knock, type JoinerProfile } from './knock.ts'
import { LinkSignals } from './linkSignals.ts'
import { MemberRole } from './memberRole.ts'
import { SessionRecord } from './record.ts'
import { Session } from './session.ts'

/** What a joiner goes by on its link to the host. */
interface Entrance {
  readonly environment: SessionEnvironment
  readonly control: ControlLink
  readonly record: SessionRecord
  /** Sign key of the host that it knocked at. */
  readonly hostKey: Uint8Array
  readonly incarnation: Uint8Array
}

/**
 * Joins the session of an invite over a route that a rendezvous opened: knock, link, load order, ticket.
 * @param reopen - opens another route, should the link to the host break.
 * @throws ConvoyError any refusal code, `host-mismatch`, `link-failed`, `timeout`, `closed` or `aborted`; nothing is
 * left open then.
 */
export async function joinSession(
  reached: ReachedSession,
  invite: Invite,
  profile: JoinerProfile,
  loadOrder: LoadOrder,
  environment: SessionEnvironment,
  reopen: (signal: AbortSignal) => Promise<ReopenedWay>,
  signal?: AbortSignal,
): Promise<Session> {
  const { route, host } = await knock(reached, invite, profile, environment, signal)
  try {
    const signals = new LinkSignals(route.signalPort())
    const link = await environment.connect({
      initiator: true,
      signals,
      timings: hostLinkTimings,
      redials: true,
      ...(signal === undefined ? {} : { signal }),
    })
    const control = new ControlLink(link, environment)
    const record = new SessionRecord(invite.sessionId, environment)
    const entrance = {
      environment,
      control,
      record,
      hostKey: host.signKey,
      incarnation: profile.incarnation,
    }
    let entered: Session | undefined
    try {
      const session = await withDeadline(
        environment.clock,
        loadOrderTimeoutMs,
        'The host did not decide on your load order.',
        admission(entrance, loadOrder, (session) => (entered = session)),
        signal,
      )
      const { incarnation } = profile
      new HostRedial({ environment, invite, host, incarnation, link, signals, reopen })
      return session
    } catch (error) {
      control.detach()
      link.close()
      // Admitted at the very moment of giving up.
      await entered?.close()
      throw error
    }
  } finally {
    route.finish()
  }
}

/**
 * Shows the load order and follows what the host answers.
 * @param entered - told of the session while the message that admits is being acted on, so that the next one
 * finds the session in place.
 */
function admission(
  entrance: Entrance,
  loadOrder: LoadOrder,
  entered: (session: Session) => void,
): Promise<Session> {
  const { control, record, environment } = entrance
  return new Promise((resolve, reject) => {
    control.onClosed(() => reject(new ConvoyError('closed', 'The host hung up before admitting you.')))
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
          try {
            const session = enter(entrance, message.ticket, message.entries)
            entered(session)
            return resolve(session)
          } catch (error) {
            return reject(error)
          }
        default:
          environment.dropped.add(`control-unexpected-${message.type}`)
      }
    })
    control.send({ type: 'loadOrder', loadOrder })
  })
}

/** Checks what the record says of this peer and its host ([ADM-10]), and takes part from now on. */
function enter(entrance: Entrance, ticket: Uint8Array, entries: number): Session {
  const { environment, control, record, hostKey, incarnation } = entrance
  const { host } = record.state
  if (record.length !== entries || host === undefined) {
    throw new ConvoyError('message-malformed', 'The host sent an incomplete record. Join again.')
  }
  if (!equalBytes(host.signKey, hostKey)) {
    throw new ConvoyError('host-mismatch', 'The record was founded by another key than the host has.')
  }
  const self = record.state.member(environment.identity.signKey)
  if (self === undefined || !equalBytes(self.incarnation, incarnation)) {
    throw new ConvoyError('message-malformed', 'The host admitted you but its record does not say so.')
  }
  const session = new Session(environment, record, self)
  const role = new MemberRole(session, ticket)
  session.role = role
  session.attach(host, control, true)
  role.start()
  return session
}
