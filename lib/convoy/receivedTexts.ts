import {
  checkChatText,
  unheardMessages,
  type Interception,
  type Interceptors,
  type Member,
  type ReceivedText,
} from '../comms/index.ts'
import { Unheard } from '../core/index.ts'
import type { RecordMember, Session } from '../session/index.ts'
import type { ChatMessage } from './types.ts'

/** What texts that arrive stand on. */
export interface ReceivedTextsParts {
  readonly session: Session
  readonly interceptors: Interceptors
  readonly describe: (member: RecordMember) => Member
  /** Told of each text, once somebody listens. */
  readonly heard: (message: ChatMessage) => void
}

/** Chat on its way from the session to the program: interceptors judge it, and it waits for a listener. */
export class ReceivedTexts {
  readonly #parts: ReceivedTextsParts
  readonly #unheard = new Unheard<ChatMessage>(unheardMessages)

  constructor(parts: ReceivedTextsParts) {
    this.#parts = parts
  }

  /** Somebody listens from now on. */
  listened(): void {
    for (const message of this.#unheard.take()) this.#parts.heard(message)
  }

  /** Takes a text that arrived. */
  take({ from, text, direct }: ReceivedText): void {
    const { session, interceptors, describe, heard } = this.#parts
    const event: Extract<Interception, { type: 'chat' }> = {
      type: 'chat',
      from: describe(from),
      text,
      direct,
    }
    const judged = interceptors.judge(event, (each, replacement) => ({
      ...each,
      text: checkChatText(replacement),
    }))
    if (judged === undefined) return
    const { clock, dropped } = session.environment
    const message: ChatMessage = {
      from: judged.from,
      to: direct ? describe(session.self) : null,
      text: judged.text,
      receivedAt: clock.wallTime(),
    }
    if (this.#unheard.heard) heard(message)
    else if (!this.#unheard.keep(message)) dropped.addFrom(from.id, 'chat-unheard')
  }
}
