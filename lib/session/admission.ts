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
  checkCandidate,
  checkGame,
  checkReturn,
  passwordChallenge,
  type AdmitHook,
  type Candidate,
  type Refusal,
} from './admissionChecks.ts'
import { checkChannels } from './channelVersions.ts'
import { admitHookTimeoutMs } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import { refusalLength, type Knock } from './knockMessages.ts'
import type { RecordState } from './recordState.ts'
import type { ReceivedKnockMessage, SealedRoute } from './sealedRoute.ts'

/** What the host's side of admission decides by. */
export interface AdmissionContext {
  readonly environment: SessionEnvironment
  readonly sessionId: Uint8Array
  readonly state: RecordState
  /** The secret of the invite; null where the invite has none. */
  readonly inviteSecret: Uint8Array | null
  readonly admit: AdmitHook | undefined
  /** Whether there is a slot for this key. */
  slotFree(signKey: Uint8Array): boolean
}

/** A candidate that passed everything in the knock. */
export interface WelcomedCandidate {
  readonly identity: PublicIdentity
  readonly knock: Knock
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
    route.send({ type: 'refused', code: refusal.code, message: refusal.message.slice(0, refusalLength) })
    return undefined
  }

  if (knock.type === 'foreign-knock') return refuse(versionRefusal(knock.protocol))
  const early =
    checkKnock(knock, context) ??
    checkGame(state.game, knock) ??
    checkChannels(state.channels, knock.channels ?? {})
  if (early !== undefined) return refuse(early)

  const nonce = environment.random.bytes(16)
  const verifier = state.password
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

  const late =
    checkReturn(
      { present: state.member(signKey)?.incarnation, departure: state.departure(signKey) },
      knock,
    ) ??
    checkCandidate(
      {
        rules: state.rules,
        game: state.game,
        banned: state.isBanned(signKey),
        slotFree: context.slotFree(signKey),
      },
      knock,
    ) ??
    (await askHook(context, candidateOf(identity, knock), signal))
  if (late !== undefined) return refuse(late)
  route.welcome()
  route.send({ type: 'welcome' })
  return { identity, knock }
}

function versionRefusal(protocol: number): Refusal {
  return {
    code: 'protocol-version',
    message: `This convoy speaks protocol ${protocolVersion}, you speak ${protocol}. Update the older side.`,
  }
}

/** Whether the knock is for this session, from one who holds the invite. */
function checkKnock(knock: Knock, context: AdmissionContext): Refusal | undefined {
  const secretFits =
    context.inviteSecret === null || (knock.secret !== null && equalBytes(knock.secret, context.inviteSecret))
  if (!equalBytes(knock.sessionId, context.sessionId) || !secretFits) {
    return {
      code: 'message-unauthentic',
      message: 'This knock does not fit the invite. Ask for a new invite.',
    }
  }
  return undefined
}

const reasonSchema = displayText(limits.reasonLength, 1)

async function askHook(
  { admit, environment }: AdmissionContext,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  if (admit === undefined) return undefined
  const refusedBecause = (message: string): Refusal => ({ code: 'admit-refused', message })
  try {
    const answer = await withDeadline(
      environment.clock,
      admitHookTimeoutMs,
      `The admit hook did not answer within ${admitHookTimeoutMs} ms.`,
      Promise.resolve(admit(candidate)),
      signal,
    )
    if (answer === true) return undefined
    const reason = typeof answer === 'string' ? answer.slice(0, limits.reasonLength) : ''
    return refusedBecause(v.is(reasonSchema, reason) ? reason : 'The host did not let you in.')
  } catch (error) {
    // The embedder's hook failing must not let strangers in, nor take the host down.
    environment.logger.error('The admit hook failed; the candidate was refused.', { error })
    return refusedBecause('The host could not decide on you. Try again later.')
  }
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
