import {
  deriveSessionId,
  derivePasswordVerifier,
  passwordIterations,
  passwordSaltBytes,
} from '../identity/index.ts'
import type { LoadOrder, Rules, VehicleClass } from '../protocol/index.ts'
import type { AdmitHook, GameVersion } from './admissionChecks.ts'
import type { SessionEnvironment } from './environment.ts'
import { HostRole } from './hostRole.ts'
import { SessionRecord } from './record.ts'
import { Session } from './session.ts'

/** What a session is founded with. */
export interface Founding {
  readonly name: string
  readonly vehicleClass: VehicleClass | null
  readonly game: GameVersion | null
  readonly rules: Rules
  readonly loadOrder: LoadOrder
  readonly password: string | undefined
  readonly passwordIterations?: number
  readonly inviteSecret: Uint8Array | null
  readonly admit: AdmitHook | undefined
}

/** A session and the role that decides in it. */
export interface HostedSessionState {
  readonly session: Session
  readonly role: HostRole
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
  })
  await record.append({ type: 'loadOrder', loadOrder: founding.loadOrder })
  const self = record.state.host
  if (self === undefined) throw new Error('A founded record has a host.')
  const session = new Session(environment, record, self)
  const role = new HostRole(session, { inviteSecret: founding.inviteSecret, admit: founding.admit })
  session.role = role
  return { session, role }
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
