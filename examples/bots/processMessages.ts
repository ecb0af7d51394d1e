import type { BotSnapshot } from './bot.ts'
import type { BotRequest } from './makeLocalBot.ts'

/** What the program tells a bot's process. */
export type ToBotProcess =
  | { readonly type: 'start'; readonly request: BotRequest }
  | { readonly type: 'measure'; readonly cast: readonly (readonly [memberId: string, index: number])[] }
  | { readonly type: 'snapshot' }
  | { readonly type: 'close' }

/** What a bot's process tells the program. */
export type FromBotProcess =
  | {
      readonly type: 'ready'
      readonly memberId: string
      readonly invite: string
      readonly joinMs: number | undefined
    }
  | { readonly type: 'snapshot'; readonly snapshot: BotSnapshot }
  | { readonly type: 'failed'; readonly message: string }
