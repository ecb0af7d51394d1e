export * from './announcement.ts'
export * from './authorityAt.ts'
export * from './authorityChanges.ts'
export * from './certificate.ts'
export * from './constants.ts'
export * from './createIdentity.ts'
export * from './election.ts'
export {
  envelopeOverheadOf,
  inspectEnvelope,
  openEnvelope,
  peekEnvelope,
  signEnvelope,
  type EnvelopeContent,
  type InspectedEnvelope,
  type OpenedEnvelope,
  type OpenEnvelopeOptions,
  type PeekedEnvelope,
} from './envelope.ts'
export type { EnvelopePurpose } from './envelopeLayout.ts'
export * from './fingerprint.ts'
export { domainHash } from './hash.ts'
export * from './identity.ts'
export * from './invite.ts'
export { isInviteHint } from './inviteHint.ts'
export {
  checkPasswordProof,
  derivePasswordProver,
  derivePasswordVerifier,
  passwordParamsSchema,
  passwordVerifierSchema,
  provePassword,
  type PasswordParams,
  type PasswordProver,
  type PasswordVerifier,
} from './password.ts'
export * from './replayGuard.ts'
export { sealMessage, sealOverhead } from './sealed.ts'
export * from './sessionId.ts'
export * from './signer.ts'
export * from './succession.ts'
export * from './verificationBudget.ts'
export * from './vote.ts'
