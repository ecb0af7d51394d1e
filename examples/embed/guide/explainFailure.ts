import { describeFinding, isConvoyError, type Finding } from 'openconvoy'

/** What a program shows a player who could not join, and what it offers to do about it. */
export interface Explanation {
  readonly text: string
  readonly offer: 'ask for the password' | 'ask for a new invite' | 'try again' | 'nothing'
  /** What to change about the mods, one sentence each. */
  readonly steps: readonly string[]
}

/** Turns what `joinConvoy` threw into words and a next step. */
export function explainFailure(error: unknown): Explanation {
  // Anything else is a mistake of the program, not of the player.
  if (!isConvoyError(error)) throw error
  const text = error.message
  switch (error.code) {
    case 'password-required':
    case 'password-wrong':
      return { text, offer: 'ask for the password', steps: [] }
    case 'invite-malformed':
    case 'invite-mistyped':
    case 'host-mismatch':
      return { text, offer: 'ask for a new invite', steps: [] }
    case 'rendezvous-unreachable':
    case 'session-not-found':
    case 'session-full':
    case 'link-failed':
    case 'rate-limited':
    case 'timeout':
    case 'closed':
      return { text, offer: 'try again', steps: [] }
    case 'load-order-mismatch': {
      const { findings } = error.details as { findings: readonly Finding[] }
      return { text, offer: 'try again', steps: findings.map(describeFinding) }
    }
    default:
      // Every message says what to do: it can be shown as it is.
      return { text, offer: 'nothing', steps: [] }
  }
}
