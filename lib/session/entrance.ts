import { ConvoyError, equalBytes, isConvoyError, withDeadline } from '../core/index.ts'
import type { Invite, PublicIdentity } from '../identity/index.ts'
import type { LoadOrder } from '../protocol/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import type { Link, LinkTimings } from '../rtc/index.ts'
import { loadOrderTimeoutMs } from './constants.ts'
import { ControlLink } from './controlLink.ts'
import type { SessionEnvironment } from './environment.ts'
import { knock, type JoinerProfile } from './knock.ts'
import type { Arrival } from './linkAdmission.ts'
import type { LinkSignals } from './linkSignals.ts'
import type { SessionRecord } from './record.ts'
import type { RecordMember } from './recordState.ts'
import { linkOverRoute } from './routeLink.ts'
import { SnapshotParts } from './snapshot/snapshotMessages.ts'

/** The link to a host, and who that is. */
export interface HostWay {
  readonly host: PublicIdentity
  /** The term of authority that the host proved to be in when it was reached. */
  readonly epoch: number
  readonly link: Link
  readonly signals: LinkSignals
  readonly control: ControlLink
}

/** What a host hands to who it admits. */
export interface Admission {
  readonly ticket: Uint8Array
  /** How many entries the record has. */
  readonly entries: number
}

/** What {@link enter} goes by. */
export interface EntranceOptions {
  readonly environment: SessionEnvironment
  readonly invite: Invite
  readonly profile: JoinerProfile
  readonly loadOrder: LoadOrder
  /** Where they differ from those of any link to a host. */
  readonly timings?: Partial<LinkTimings>
  /** How long the host may take for its first answer, ms. */
  readonly challengeWithinMs?: number
  /** The epoch that this side knows of: no former host is entered at. */
  readonly leastEpoch?: number
  /** Asked once there is a link: throws where this attempt shall not go on. */
  readonly mayEnter?: () => void
  /** How much of the record this side has already, where it comes back. */
  readonly holds?: Arrival['holds']
  /** Takes an entry of the record; they come in order. */
  entry(bytes: Uint8Array): Promise<void>
  /** Takes a snapshot that stands for the entries up to it, from who decides. */
  snapshot(bundle: Uint8Array, host: PublicIdentity): Promise<void>
  /**
   * Called while the message that admits is being acted on, so that the next one finds everything in place.
   * @throws where the record does not say so.
   */
  admitted(admission: Admission, way: HostWay): void
}

/**
 * The way into a session over a route that a rendezvous opened: knock, link, load order, ticket.
 * @throws ConvoyError any refusal code, `host-mismatch`, `link-failed`, `timeout`, `closed` or `aborted`; no link is
 * left open then, unless `admitted` took it at the very moment of giving up.
 */
export async function enter(
  reached: ReachedSession,
  options: EntranceOptions,
  signal?: AbortSignal,
): Promise<HostWay> {
  const { environment, invite, profile, timings } = options
  const { route, host, epoch, verdict } = await knock(reached, invite, profile, environment, signal, options)
  try {
    const { link, signals } = await linkOverRoute(route, environment, {
      initiator: true,
      timings,
      verdict,
      signal,
    })
    const control = new ControlLink(link, environment)
    const way: HostWay = { host, epoch, link, signals, control }
    const taken = { over: false }
    const admitted = (admission: Admission): void => {
      options.admitted(admission, way)
      taken.over = true
    }
    try {
      options.mayEnter?.()
      await withDeadline(
        environment.clock,
        loadOrderTimeoutMs,
        'The host did not decide on your load order.',
        admission(options, host, control, admitted),
        signal,
      )
      return way
    } catch (error) {
      if (!taken.over) {
        control.detach()
        link.close()
      }
      throw error
    }
  } finally {
    route.finish()
  }
}

/** Shows the load order and follows what the host answers. */
function admission(
  options: EntranceOptions,
  host: PublicIdentity,
  control: ControlLink,
  admitted: (admission: Admission) => void,
): Promise<void> {
  const parts = new SnapshotParts()
  return new Promise((resolve, reject) => {
    control.onClosed(() => reject(new ConvoyError('closed', 'The host hung up before admitting you.')))
    control.onMessage(async (message) => {
      switch (message.type) {
        case 'entries':
          for (const bytes of message.entries) await options.entry(bytes)
          return
        case 'snapshot':
          try {
            const bundle = parts.take(message)
            if (bundle !== undefined) await options.snapshot(bundle, host)
          } catch (error) {
            options.environment.dropped.add(`snapshot-${isConvoyError(error) ? error.code : 'internal'}`)
            reject(error)
          }
          return
        case 'refused':
          return reject(
            new ConvoyError(message.code, message.message, {
              details: {
                findings: message.findings ?? [],
                ...(message.waitMs === undefined ? {} : { waitMs: message.waitMs }),
              },
            }),
          )
        case 'admitted':
          try {
            return resolve(admitted(message))
          } catch (error) {
            return reject(error)
          }
        default:
          options.environment.dropped.add(`control-unexpected-${message.type}`)
      }
    })
    const { loadOrder, holds } = options
    control.send({ type: 'loadOrder', loadOrder, ...(holds === undefined ? {} : { holds }) })
  })
}

/**
 * The one who was admitted, as the record that came has it ([ADM-10]).
 * @throws ConvoyError `message-malformed`, `host-mismatch`.
 */
export function admittedMember(
  record: SessionRecord,
  { entries }: Admission,
  { host }: HostWay,
  signKey: Uint8Array,
  incarnation: Uint8Array,
): RecordMember {
  if (record.length < entries) {
    throw new ConvoyError('message-malformed', 'The host left out entries of its record.')
  }
  record.commit(entries)
  if (record.hostKey === undefined || !equalBytes(record.hostKey, host.signKey)) {
    throw new ConvoyError('host-mismatch', 'The record belongs to a host other than the one that answered.')
  }
  const self = record.state.member(signKey)
  if (self === undefined || !equalBytes(self.incarnation, incarnation)) {
    throw new ConvoyError('message-malformed', 'The host admitted you but its record does not say so.')
  }
  return self
}
