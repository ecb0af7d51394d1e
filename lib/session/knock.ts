import { ConvoyError, throwIfAborted } from '../core/index.ts'
import type { Invite, PublicIdentity } from '../identity/index.ts'
import { protocolVersion, type VehicleClass } from '../protocol/index.ts'
import type { EarlyChallenge, ReachedSession } from '../rendezvous/index.ts'
import { passwordChallenge, type GameVersion } from './admissionChecks.ts'
import { knockStepTimeoutMs } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import type { ForeignKnock, KnockMessage } from './knockMessages.ts'
import type { PasswordMemory } from './passwordMemory.ts'
import { openReached } from './reachedHost.ts'
import { SealedRoute } from './sealedRoute.ts'

/** What a joiner says of itself. */
export interface JoinerProfile {
  readonly incarnation: Uint8Array
  readonly name: string
  readonly game: GameVersion | null
  readonly vehicleClass: VehicleClass | null
  readonly claims: readonly string[]
  readonly password: PasswordMemory
  /** The incarnation that was lost, where a member comes back by itself ([ADM-16]). */
  readonly former?: Uint8Array
}

/** A host that said welcome, and the way to make a link to it. */
export interface WelcomedKnock {
  readonly route: SealedRoute
  readonly host: PublicIdentity
  /** The term of authority that the host proved. */
  readonly epoch: number
  /**
   * The host's word, where it comes with its answer to the offer since people carry both: rejected where the host refuses.
   * Undefined where it has said welcome.
   */
  readonly verdict?: Promise<void>
}

/** What a {@link knock} may go by. */
export interface KnockOptions {
  /** How long the host, which has little to do for it, may take for its first answer, ms. */
  readonly challengeWithinMs?: number | undefined
  /** The epoch that this side knows of: no former host is knocked at. */
  readonly leastEpoch?: number | undefined
}

/**
 * The joiner's side of admission ([ADM-2]): makes sure that the host is the one of the session in the invite, knocks, proves
 * what is asked for, and waits for the welcome. Where people carry what is said, it does not wait ([ADM-18]).
 * @throws ConvoyError those of {@link openReached}, such as `host-mismatch`; any refusal code, `timeout`, `closed` or `aborted`.
 */
export async function knock(
  reached: ReachedSession,
  invite: Invite,
  profile: JoinerProfile,
  environment: SessionEnvironment,
  signal?: AbortSignal,
  { challengeWithinMs = knockStepTimeoutMs, leastEpoch }: KnockOptions = {},
): Promise<WelcomedKnock> {
  const route = new SealedRoute(reached.route, environment)
  try {
    const { host, epoch } = await openReached(environment, invite, reached, leastEpoch)
    throwIfAborted(signal)
    route.settleRemote(host)
    route.send({
      type: 'knock',
      protocol: protocolVersion,
      sessionId: invite.sessionId,
      boxKey: environment.identity.boxKey,
      secret: invite.secret ?? null,
      incarnation: profile.incarnation,
      ...(profile.former === undefined ? {} : { former: profile.former }),
      name: profile.name,
      game: profile.game === null ? null : { ...profile.game },
      vehicleClass: profile.vehicleClass,
      claims: [...profile.claims],
      ...(environment.channels === undefined ? {} : { channels: { ...environment.channels } }),
    })
    const early = route.byHand?.challenge
    const challenge = early ?? (await askedBy(route, signal, challengeWithinMs))
    route.send({
      type: 'proof',
      nonce: challenge.nonce,
      password: await answer(challenge, invite.sessionId, profile.password, environment),
    })
    const verdict = welcomed(route, signal)
    if (early !== undefined) {
      // Whoever makes the link awaits it; it must not count as unhandled before.
      verdict.catch(() => {})
      return { route, host, epoch, verdict }
    }
    await verdict
    return { route, host, epoch }
  } catch (error) {
    route.close()
    throw error
  }
}

async function askedBy(
  route: SealedRoute,
  signal: AbortSignal | undefined,
  withinMs: number,
): Promise<EarlyChallenge> {
  const { message } = await route.next(signal, withinMs)
  if (message.type !== 'challenge') throw refusalOf(message)
  return message
}

async function welcomed(route: SealedRoute, signal: AbortSignal | undefined): Promise<void> {
  const { message } = await route.next(signal)
  if (message.type !== 'welcome') throw refusalOf(message)
}

async function answer(
  challenge: EarlyChallenge,
  sessionId: Uint8Array,
  password: PasswordMemory,
  { identity }: SessionEnvironment,
): Promise<Uint8Array | null> {
  if (challenge.password === null) return null
  return password.prove(
    { ...challenge.password, sessionId },
    passwordChallenge(sessionId, challenge.nonce, identity.signKey),
  )
}

function refusalOf(message: KnockMessage | ForeignKnock): ConvoyError {
  if (message.type === 'refused') {
    const { code, waitMs } = message
    return new ConvoyError(code, message.message, waitMs === undefined ? {} : { details: { waitMs } })
  }
  return new ConvoyError('message-malformed', `The host answered with "${message.type}" out of turn.`)
}
