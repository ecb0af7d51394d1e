import * as v from 'valibot'
import { ConvoyError, isConvoyError, TokenBucket } from '../core/index.ts'
import { decodeMessage, displayText, encodeMessage, limits } from '../protocol/index.ts'
import { sharedChannelRate, type RecordMember, type Session } from '../session/index.ts'

/** Name of the session's channel that carries chat. */
export const chatChannel = 'chat'

/** Bytes of one chat message: every character may take four in UTF-8, and the fields around it some. */
const messageBytes = limits.chatLength * 4 + 64

const chatSchema = v.strictObject({
  text: displayText(limits.chatLength, 1),
  /** Whether it went to this receiver only. */
  direct: v.boolean(),
})

/** The text of a session message; undefined where `channel` is not chat's, or `body` no chat message. */
export function readChatText(channel: string, body: Uint8Array): string | undefined {
  if (channel !== chatChannel) return undefined
  try {
    return decodeMessage(chatSchema, body, messageBytes).text
  } catch (error) {
    if (!isConvoyError(error)) throw error
    return undefined
  }
}

/** A text that arrived. */
export interface ReceivedText {
  readonly from: RecordMember
  readonly text: string
  /** Whether it came to this member only. */
  readonly direct: boolean
}

/** @throws when `text` is no chat text. */
export function checkChatText(text: unknown): string {
  return v.parse(chatSchema.entries.text, text)
}

/** Plain text between the members of a session, directly from one to the other. */
export class Chat {
  readonly #session: Session
  readonly #outgoing: TokenBucket

  /** @param received - told of each text that arrives. */
  constructor(session: Session, received: (text: ReceivedText) => void) {
    this.#session = session
    this.#outgoing = new TokenBucket(session.environment.clock, sharedChannelRate, sharedChannelRate)
    session.onChannel(chatChannel, (from, body) => {
      // Whatever the author's own program lets out.
      if (session.moderation.muteOf(from, 'chat') !== undefined)
        return session.environment.dropped.addFrom(from.id, 'chat-muted')
      try {
        const { text, direct } = decodeMessage(chatSchema, body, messageBytes)
        received({ from, text, direct })
      } catch (error) {
        if (!isConvoyError(error)) throw error
        session.environment.dropped.addFrom(from.id, `chat-${error.code}`)
      }
    })
  }

  /**
   * Sends `text` to all, or to one.
   * @returns how many members it was sent to: those that are not connected right now miss it.
   * @throws ConvoyError `invalid-argument` when the text is empty, too long or holds control characters, or when
   * there is no such member; `muted`; `rate-limited` beyond what every receiver takes ([CHN-1]); `backlog-full` when too much
   * waits for all it is for.
   */
  send(text: string, toMemberId?: string): number {
    const checked = v.safeParse(chatSchema.entries.text, text)
    if (!checked.success) {
      throw new ConvoyError(
        'invalid-argument',
        `A chat text has 1 to ${limits.chatLength} characters, none of them control characters or half of a character.`,
      )
    }
    const direct = toMemberId !== undefined
    if (direct && this.#session.peer(toMemberId) === undefined) {
      throw new ConvoyError(
        'invalid-argument',
        `There is no other member "${toMemberId}". Take ids from convoy.members.`,
      )
    }
    this.#requireUnmuted()
    if (!this.#outgoing.tryTake()) {
      throw new ConvoyError(
        'rate-limited',
        `Chat takes ${sharedChannelRate} texts a second. Wait, and send fewer.`,
      )
    }
    const targets = direct ? [toMemberId] : [...this.#session.peers()].map(({ member }) => member.id)
    return this.#session.sendChannel(
      targets,
      chatChannel,
      encodeMessage(chatSchema, { text, direct }, messageBytes),
    )
  }

  #requireUnmuted(): void {
    const { moderation, self } = this.#session
    const mute = moderation.muteOf(self, 'chat')
    if (mute === undefined) return
    const waitMs = mute.until === null ? undefined : Math.ceil(mute.until - moderation.hostTime())
    const how = waitMs === undefined ? '' : ` for another ${Math.ceil(waitMs / 1_000)} s`
    const details = waitMs === undefined ? {} : { details: { waitMs } }
    throw new ConvoyError('muted', `You are muted in chat${how}. ${mute.detail}`.trim(), details)
  }
}
