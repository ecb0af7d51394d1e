import * as v from 'valibot'
import { ConvoyError, equalBytes, withDeadline } from '../core/index.ts'
import {
  checkPasswordProof,
  fingerprintOf,
  verifySignature,
  verifySync,
  type PublicIdentity,
  type Verify,
} from '../identity/index.ts'
import { displayText, limits, protocolVersion } from '../protocol/index.ts'
import {
  banRefusal,
  checkCandidate,
  checkClaims,
  checkCoolOff,
  checkGame,
  checkReturn,
  passwordChallenge,
  type AdmitHook,
  type Candidate,
  type Refusal,
  type VerifyClaims,
} from './admissionChecks.ts'
import { checkChannels } from './channelVersions.ts'
import { admitHookTimeoutMs } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import { refusalLength, type Knock } from './knockMessages.ts'
import type { RecordedBan } from './moderation/moderationState.ts'
import { inviteHashOf } from './moderation/requests.ts'
import type { RecordState } from './recordState.ts'
import type { ReceivedKnockMessage, SealedRoute } from './sealedRoute.ts'

/** What the host's side of admission decides by. */
export interface AdmissionContext {
  readonly environment: SessionEnvironment
  readonly sessionId: Uint8Array
  readonly state: RecordState
  readonly admit: AdmitHook | undefined
  readonly verifyClaims: VerifyClaims | undefined
  /** Whether there is a slot for this key. */
  slotFree(signKey: Uint8Array): boolean
  /** How long a newcomer has to wait, ms, where too many came before it by this invite. */
  joinWaitMs(invite: Uint8Array | undefined): number
}

/** A candidate that passed everything in the knock. */
export interface WelcomedCandidate {
  readonly identity: PublicIdentity
  readonly knock: Knock
  /** Those of its claims that count. */
  readonly claims: readonly string[]
  /** Digest of the secret of its invite, where the record knows that. */
  readonly invite: Uint8Array | undefined
}

/**
 * The host's side of admission in the knock, in the order of [ADM-3]: the first check that fails decides.
 * Answers the candidate itself, with a welcome or the refusal.
 * @returns undefined when the candidate was refused.
 * @throws ConvoyError `timeout`, `closed` or `aborted` when the conversation broke off.
 */
export async function admit(
  route: SealedRoute,
  { message: knock, signKey }: ReceivedKnockMessage,
  context: AdmissionContext,
  signal: AbortSignal,
): Promise<WelcomedCandidate | undefined> {
  const { environment, sessionId, state } = context
  if (knock.type !== 'knock' && knock.type !== 'foreign-knock') throw outOfTurn(knock.type)
  const identity: PublicIdentity = { signKey, boxKey: knock.boxKey }
  route.settleRemote(identity)

  const refuse = (refusal: Refusal): undefined => {
    environment.dropped.add(`refused-${refusal.code}`)
    route.send({ type: 'refused', ...refusal, message: refusal.message.slice(0, refusalLength) })
    return undefined
  }

  if (knock.type === 'foreign-knock') return refuse(versionRefusal(knock.protocol))
  const early =
    checkKnock(knock, context) ??
    checkGame(state.game, knock) ??
    checkChannels(state.channels, knock.channels ?? {})
  if (early !== undefined) return refuse(early)

  const asked = route.byHand?.challenge
  const nonce = asked?.nonce ?? environment.random.bytes(16)
  const verifier = state.password
  if (asked === undefined)
    route.send({
      type: 'challenge',
      nonce,
      password: verifier === null ? null : { salt: verifier.salt, iterations: verifier.iterations },
    })
  const { message: proof } = await route.next(signal)
  if (proof.type !== 'proof') throw outOfTurn(proof.type)
  if (!equalBytes(proof.nonce, nonce)) {
    return refuse({
      code: 'message-unauthentic',
      message: 'The answer belongs to another knock. Join again.',
    })
  }
  if (verifier !== null) {
    const challenge = passwordChallenge(sessionId, nonce, signKey)
    if (
      proof.password === null ||
      !(await checkPasswordProof(verifier.publicKey, challenge, proof.password, proofVerifier(environment)))
    ) {
      return refuse({
        code: 'password-wrong',
        message: 'That is not the password of this convoy. Ask the host.',
      })
    }
  }

  const departure = state.departure(signKey)
  const present = state.member(signKey)?.incarnation
  const refusal =
    checkReturn({ present, departure }, knock) ?? checkCoolOff(departure, environment.clock.wallTime())
  if (refusal !== undefined) return refuse(refusal)
  const judged = await judge(context, identity, knock, signal)
  if ('code' in judged) return refuse(judged)
  route.welcome()
  route.send({ type: 'welcome' })
  return { identity, knock, ...judged }
}

/** The checks of who comes, the embedding program's word at last ([ADM-6], [ADM-7]). */
async function judge(
  context: AdmissionContext,
  identity: PublicIdentity,
  knock: Knock,
  signal: AbortSignal,
): Promise<Refusal | { claims: readonly string[]; invite: Uint8Array | undefined }> {
  const { environment, state } = context
  const { signKey } = identity
  const { clock } = environment
  const invite = inviteOf(knock, context)
  const banOf = (claims: readonly string[]): RecordedBan | undefined =>
    state.moderation.banOf({ signKey, claims, invite }, environment.identity.signKey, clock.wallTime())
  const now = clock.wallTime()
  const facts = { rules: state.rules, game: state.game, slotFree: context.slotFree(signKey), now }
  const shown = checkCandidate({ ...facts, ban: banOf(knock.claims) }, knock)
  if (shown !== undefined) return shown
  const candidate = candidateOf(identity, knock)
  const until = clock.now() + admitHookTimeoutMs
  const answer = await askVerifier(context, candidate, until, signal)
  if ('code' in answer) return answer
  const { claims } = answer
  const ban = banOf(claims)
  const verified = ban === undefined ? checkClaims(state.rules, claims) : banRefusal(ban, now)
  if (verified !== undefined) return verified
  // Who is here already takes nobody's place.
  const waitMs = state.member(signKey) === undefined ? context.joinWaitMs(invite) : 0
  if (waitMs > 0) {
    const message = `Too many joined this way of late. Try again in ${Math.ceil(waitMs / 1_000)} s.`
    return { code: 'rate-limited', message, waitMs }
  }
  return (await askHook(context, { ...candidate, claims }, until, signal)) ?? { claims, invite }
}

function versionRefusal(protocol: number): Refusal {
  return {
    code: 'protocol-version',
    message: `This convoy speaks protocol ${protocolVersion}, you speak ${protocol}. Update the older side.`,
  }
}

/** Whether the knock is for this session, from one who holds the invite. */
function checkKnock(knock: Knock, context: AdmissionContext): Refusal | undefined {
  const secretFits = !context.state.moderation.needsInvite || inviteOf(knock, context) !== undefined
  if (!equalBytes(knock.sessionId, context.sessionId) || !secretFits) {
    return {
      code: 'message-unauthentic',
      message: 'This knock does not fit the invite. Ask for a new invite.',
    }
  }
  return undefined
}

/** The invite that a knock shows, where the record knows its secret ([MOD-12]). */
function inviteOf({ secret }: Knock, { state }: AdmissionContext): Uint8Array | undefined {
  if (secret === null) return undefined
  const hash = inviteHashOf(secret)
  return state.moderation.knowsInvite(hash) ? hash : undefined
}

const reasonSchema = displayText(limits.reasonLength, 1)

/** Those of the candidate's claims that count: all that it shows, where nobody verifies them. */
async function askVerifier(
  { verifyClaims, environment }: AdmissionContext,
  candidate: Candidate,
  until: number,
  signal: AbortSignal,
): Promise<Refusal | { claims: readonly string[] }> {
  if (verifyClaims === undefined) return candidate
  try {
    const verified = await inTime(environment, until, () => verifyClaims(candidate), signal)
    return { claims: candidate.claims.filter((claim) => verified.includes(claim)) }
  } catch (error) {
    return hookFailed(environment, error)
  }
}

async function askHook(
  { admit, environment }: AdmissionContext,
  candidate: Candidate,
  until: number,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  if (admit === undefined) return undefined
  try {
    const answer = await inTime(environment, until, () => admit(candidate), signal)
    if (answer === true) return undefined
    const reason = typeof answer === 'string' ? answer.slice(0, limits.reasonLength) : ''
    const message = v.is(reasonSchema, reason) ? reason : 'The host did not let you in.'
    return { code: 'admit-refused', message }
  } catch (error) {
    return hookFailed(environment, error)
  }
}

/** What a hook answers before `until`. */
function inTime<T>(
  { clock }: SessionEnvironment,
  until: number,
  ask: () => T | Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const late = `The hooks for who joins did not answer within ${admitHookTimeoutMs} ms.`
  return withDeadline(clock, Math.max(0, until - clock.now()), late, Promise.resolve(ask()), signal)
}

/** The embedder's hook failing must not let strangers in, nor take the host down. */
function hookFailed({ logger }: SessionEnvironment, error: unknown): Refusal {
  logger.error('A hook for who joins failed; the candidate was refused.', { error })
  return { code: 'admit-refused', message: 'The host could not decide on you. Try again later.' }
}

function candidateOf(identity: PublicIdentity, knock: Knock): Candidate {
  return {
    id: fingerprintOf(identity),
    name: knock.name,
    game: knock.game,
    vehicleClass: knock.vehicleClass,
    claims: knock.claims,
  }
}

function outOfTurn(type: string): ConvoyError {
  return new ConvoyError('message-malformed', `The joiner sent "${type}" out of turn.`)
}

/** Proofs are Ed25519 also where identities are simulated; there, nothing may complete on another thread. */
function proofVerifier(environment: SessionEnvironment): Verify {
  return environment.verify === undefined ? verifySignature : verifySync
}
