import type { BotRequest } from '../../examples/bots/makeLocalBot.ts'
import type { Rules } from '../../lib/index.ts'

/** What a member's process is told. Questions are numbered, since several may be open at a time. */
export type ToMember =
  | {
      readonly type: 'start'
      readonly request: BotRequest & { readonly identitySeed: string }
      /** Every member that may be seen, and its number in the script. */
      readonly cast: readonly (readonly [memberId: string, index: number])[]
    }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  | { readonly type: 'close' }

export type Question =
  | { readonly type: 'view' }
  /** Decides, as host, something that everybody has to know of afterwards. */
  | { readonly type: 'decide'; readonly decision: number }
  | { readonly type: 'ban'; readonly memberId: string }

/** What it tells. */
export type FromMember =
  /** It hosts, or was admitted: the first time, or once more after it had been removed. */
  | { readonly type: 'ready'; readonly invite: string }
  /** It asked to join, in vain; it tries again. */
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  | { readonly type: 'removed'; readonly reason: string; readonly detail: string; readonly code?: string }
  | { readonly type: 'hostChanged'; readonly epoch: number; readonly hostId: string }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }

/** `code` is that of the ConvoyError by which it failed; null when it was done. `view` is null while it is in no convoy. */
export type Answer = { readonly view: MemberView | null } | { readonly code: string | null }

/** The convoy as one member has it. */
export interface MemberView {
  readonly memberId: string
  readonly isHost: boolean
  readonly hostId: string
  readonly epoch: number
  readonly state: 'active' | 'frozen'
  readonly voters: readonly string[]
  readonly roster: readonly { readonly id: string; readonly slot: number; readonly name: string }[]
  /** Members it has a link of its own to. */
  readonly linkedTo: readonly string[]
  readonly rules: Rules
  readonly record: { readonly committed: number; readonly digest: string }
  /** Vehicles it draws: how far from where they are at that moment. */
  readonly vehicles: readonly { readonly memberId: string; readonly errorCm: number }[]
}
