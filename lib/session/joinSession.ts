import type { Invite } from '../identity/index.ts'
import type { LoadOrder } from '../protocol/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import type { AdmitHook, VerifyClaims } from './admissionChecks.ts'
import { admittedMember, enter } from './entrance.ts'
import type { SessionEnvironment } from './environment.ts'
import type { Reopen } from './hostRedial.ts'
import type { JoinerProfile } from './knock.ts'
import { MemberRole } from './memberRole.ts'
import { PasswordMemory } from './passwordMemory.ts'
import { SessionRecord } from './record.ts'
import { Rejoin } from './rejoin.ts'
import { Session } from './session.ts'

/** Who joins, and with what. */
export interface Joiner extends Omit<JoinerProfile, 'password' | 'former'> {
  readonly password: string | undefined
  /** Asked while this member is host. */
  readonly admit: AdmitHook | undefined
  readonly verifyClaims?: VerifyClaims | undefined
  /**
   * Asked once there is a link, before anything is shown on it: throws where another attempt of this joiner has come as far
   * already, so that the host never has two.
   */
  readonly mayEnter?: () => void
}

/**
 * Joins the session of an invite over a route that a rendezvous opened: knock, link, load order, ticket. A member
 * comes back by itself for as long as its session is open.
 * @param reopen - opens another route, should the link to the host break.
 * @throws ConvoyError any refusal code, `host-mismatch`, `link-failed`, `timeout`, `closed` or `aborted`; nothing is
 * left open then.
 */
export async function joinSession(
  reached: ReachedSession,
  invite: Invite,
  joiner: Joiner,
  loadOrder: LoadOrder,
  environment: SessionEnvironment,
  reopen: Reopen,
  signal?: AbortSignal,
): Promise<Session> {
  const { admit, verifyClaims, mayEnter, ...shown } = joiner
  const profile: JoinerProfile = { ...shown, password: new PasswordMemory(joiner.password) }
  const record = new SessionRecord(invite.sessionId, environment)
  const { signKey } = environment.identity
  let begun: Session | undefined
  try {
    await enter(
      reached,
      {
        environment,
        invite,
        profile,
        loadOrder,
        ...(mayEnter === undefined ? {} : { mayEnter }),
        entry: async (bytes) => {
          await record.accept(bytes)
        },
        snapshot: (bundle, host) => record.install(bundle, host.signKey),
        admitted: (admission, way) => {
          const self = admittedMember(record, admission, way, signKey, profile.incarnation)
          const session = new Session(environment, record, self, { admit, verifyClaims })
          const role = new MemberRole(session, admission.ticket)
          session.role = role
          role.wayBack = new Rejoin({ environment, invite, profile, loadOrder, reopen, session, role }, way)
          begun = session
          session.attach(session.host, way.control, true)
          role.adopt(session.host, way.link, way.signals)
          role.start()
        },
      },
      signal,
    )
    if (begun === undefined) throw new Error('Who was let in was admitted.')
    return begun
  } catch (error) {
    // Admitted at the very moment of giving up.
    await begun?.close()
    throw error
  }
}
