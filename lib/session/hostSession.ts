import {
  deriveSessionId,
  derivePasswordVerifier,
  passwordIterations,
  passwordSaltBytes,
  type Invite,
} from '../identity/index.ts'
import type { LoadOrder, Rules, VehicleClass } from '../protocol/index.ts'
import type { AdmitHook, GameVersion, VerifyClaims } from './admissionChecks.ts'
import type { SessionEnvironment } from './environment.ts'
import type { Reopen } from './hostRedial.ts'
import type { JoinerProfile } from './knock.ts'
import { MemberRole } from './memberRole.ts'
import { inviteHashOf } from './moderation/requests.ts'
import { PasswordMemory } from './passwordMemory.ts'
import { SessionRecord } from './record.ts'
import { Rejoin } from './rejoin.ts'
import { Session } from './session.ts'
import { issueTicket } from './ticket.ts'

/** What a session is founded with. */
export interface Founding {
  readonly name: string
  readonly vehicleClass: VehicleClass | null
  readonly game: GameVersion | null
  readonly rules: Rules
  readonly loadOrder: LoadOrder
  readonly password: string | undefined
  readonly passwordIterations?: number
  /** Which whoever joins has to show, unless it has that of another invite; null where anybody may knock. */
  readonly inviteSecret: Uint8Array | null
  readonly admit: AdmitHook | undefined
  readonly verifyClaims?: VerifyClaims | undefined
}

/** A session that was founded, and what its founder does as a member. */
export interface HostedSessionState {
  readonly session: Session
  readonly role: MemberRole
}

/** Founds a session with this peer as its host. */
export async function hostSession(
  founding: Founding,
  environment: SessionEnvironment,
): Promise<HostedSessionState> {
  const { identity, random } = environment
  const founderNonce = random.bytes(16)
  const sessionId = deriveSessionId(identity.signKey, founderNonce)
  const record = new SessionRecord(sessionId, environment)
  await record.append({
    type: 'founded',
    signKey: identity.signKey,
    boxKey: identity.boxKey,
    incarnation: random.bytes(8),
    name: founding.name,
    vehicleClass: founding.vehicleClass,
    founderNonce,
    game: founding.game,
    password: await verifierOf(founding, sessionId, environment),
    rules: founding.rules,
    ...(environment.channels === undefined ? {} : { channels: { ...environment.channels } }),
    ...(founding.inviteSecret === null ? {} : { invite: inviteHashOf(founding.inviteSecret) }),
  })
  await record.append({ type: 'loadOrder', loadOrder: founding.loadOrder })
  const self = record.state.host
  if (self === undefined) throw new Error('A founded record has a host.')
  const { admit, verifyClaims } = founding
  const session = new Session(environment, record, self, { admit, verifyClaims })
  // For when another one decides, and members ask it for one.
  const role = new MemberRole(session, await issueTicket(environment, record, self))
  session.role = role
  return { session, role }
}

/** Has the founder find back to its session, should others have gone on without it. */
export function comeBackAfterwards(
  session: Session,
  role: MemberRole,
  way: {
    readonly invite: Invite
    readonly profile: Omit<JoinerProfile, 'password' | 'incarnation' | 'former'> & {
      readonly password: string | undefined
    }
    readonly loadOrder: LoadOrder
    readonly reopen: Reopen
  },
): void {
  const { environment, self } = session
  const { invite, profile, loadOrder, reopen } = way
  const password = new PasswordMemory(profile.password)
  role.wayBack = new Rejoin(
    {
      environment,
      invite,
      profile: { ...profile, password, incarnation: self.incarnation },
      loadOrder,
      reopen,
      session,
      role,
    },
    undefined,
  )
}

async function verifierOf(founding: Founding, sessionId: Uint8Array, { random }: SessionEnvironment) {
  if (founding.password === undefined) return null
  const params = {
    salt: random.bytes(passwordSaltBytes),
    iterations: founding.passwordIterations ?? passwordIterations,
  }
  const { publicKey } = await derivePasswordVerifier(founding.password, { ...params, sessionId })
  return { ...params, publicKey }
}
