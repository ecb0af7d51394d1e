import type { Clock, Listenable, Logger, RandomSource } from '../../core/index.ts'
import type { Verify } from '../../identity/index.ts'
import type { Rendezvous } from '../rendezvous.ts'
import type { CodeKind } from './codeText.ts'

/** What `manualCodes` takes. */
export interface ManualCodesOptions {
  /** How long a code is good for, ms, 10,000…3,600,000 (default 5 min). */
  patienceMs?: number
  /** Real time where left out. */
  clock?: Clock
  /** The platform's randomness where left out. */
  random?: RandomSource
  logger?: Logger
  /** Checks the signatures of announcements; the platform's own way where left out. */
  verify?: Verify
}

/** A code to be carried to the other side, by whatever chat, as a file, or read out. */
export interface ManualCode {
  readonly kind: CodeKind
  readonly text: string
}

/** Events of {@link ManualCodes}. */
export type ManualCodesEvents = {
  /** A code was made: of a joiner its offer, of a host its answer. */
  code: ManualCode
  /** A code that was made is of no use any more: its conversation is over, whichever way it ended. */
  over: ManualCode
}

/** What {@link ManualCodes.take} made of a code. */
export type TakenCode =
  /** A call: `invite` is what `joinConvoy` takes. */
  | { readonly kind: 'call'; readonly invite: string }
  /** An offer: `answer` is the code to send back, a welcome or a refusal. */
  | { readonly kind: 'offer'; readonly answer: string }
  /** An answer: the joining that waits for it goes on. */
  | { readonly kind: 'answer' }

/** A rendezvous without any service: people carry three texts from one to the other. */
export interface ManualCodes extends Rendezvous, Listenable<ManualCodesEvents> {
  readonly byHand: true
  /**
   * The host's call: a text for everybody who may join, good for about 10 minutes. It holds the invite.
   * @param invite - that of the convoy, which must be announced here: `convoy.invite`.
   * @throws ConvoyError `session-not-found` when this session is not announced here; those of `decodeInvite`.
   */
  call(invite: string): Promise<string>
  /**
   * Takes a code that somebody pasted, of whichever kind; words and quotes around it do no harm.
   * @returns for an offer, once the host has answered it.
   * @throws ConvoyError `code-malformed`, `code-mistyped`, `code-version`, `code-foreign`, `code-expired`; `code-used`, which
   * for an offer has the former answer in `details.answer`; `host-mismatch` for a call; `rate-limited`, `closed`, `aborted`.
   */
  take(text: string, signal?: AbortSignal): Promise<TakenCode>
}
