import { ConvoyError, equalBytes, isConvoyError, sleep, withDeadline } from '../core/index.ts'
import { encodeMessage } from '../protocol/index.ts'
import { reportChannel, type Session } from '../session/index.ts'
import { partBytes, partEveryMs, partPatienceMs } from './constants.ts'
import {
  reportMessageBytes,
  reportMessageSchema,
  type ReportMessage,
  type ReportRefusal,
} from './reportMessages.ts'

const refusalTexts: Readonly<Record<ReportRefusal, string>> = {
  'not-responsible': 'it does not take reports any more',
  busy: 'it takes others right now. Try again in a minute',
  'too-many': 'there were too many lately. Try again in a few minutes',
  malformed: 'it could not read it',
  forged: 'it did not take it for signed by this member',
  'not-saved': 'it could not save it',
}

/** What became of a report: what its receiver says; `host-gone` where that one is, `closed` where this side is. */
type Outcome = 'taken' | ReportRefusal | 'host-gone' | 'closed'

interface Sending {
  readonly memberId: string
  readonly id: Uint8Array
  isSettled: boolean
  readonly settle: (outcome: Outcome) => void
}

/** Says `message` to a member. @throws ConvoyError as `Session.sendChannel` does, and `closed` where there is no link. */
export function sayReport(session: Session, memberId: string, message: ReportMessage): void {
  const body = encodeMessage(reportMessageSchema, message, reportMessageBytes)
  if (session.sendChannel([memberId], reportChannel, body) === 0)
    throw new ConvoyError('host-gone', 'There is no link to who the report is for.')
}

/** Sends reports, part by part beside driving ([EVD-7]). */
export class ReportSender {
  readonly #session: Session
  readonly #sendings = new Set<Sending>()

  constructor(session: Session) {
    this.#session = session
  }

  /**
   * Sends a file to a member; resolves once it is taken there.
   * @throws ConvoyError `report-refused`, `host-gone`, `closed`, `timeout`, `aborted`, or as `Session.sendChannel` does.
   */
  async send(memberId: string, id: Uint8Array, file: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#session.environment
    let settle: Sending['settle'] = () => undefined
    const outcome = new Promise<Outcome>((resolve) => (settle = resolve))
    const sending: Sending = { memberId, id, isSettled: false, settle }
    this.#sendings.add(sending)
    try {
      sayReport(this.#session, memberId, { type: 'begin', id, bytes: file.length })
      for (let offset = 0; offset < file.length && !sending.isSettled; offset += partBytes) {
        const bytes = file.subarray(offset, offset + partBytes)
        sayReport(this.#session, memberId, { type: 'part', id, offset, bytes })
        await sleep(clock, partEveryMs, signal)
      }
      const answer = await withDeadline(
        clock,
        partPatienceMs,
        'Who the report is for did not say that it has it. Send it again.',
        outcome,
        signal,
      )
      if (answer === 'closed')
        throw new ConvoyError('closed', 'The convoy was closed before the report was there.')
      if (answer === 'host-gone')
        throw new ConvoyError('host-gone', 'Who the report is for is gone. Send it again.')
      if (answer !== 'taken') {
        throw new ConvoyError('report-refused', `The report was not taken: ${refusalTexts[answer]}.`, {
          details: { reason: answer },
        })
      }
    } finally {
      this.#sendings.delete(sending)
    }
  }

  /** An answer came. */
  answered(memberId: string, id: Uint8Array, outcome: 'taken' | ReportRefusal): void {
    for (const sending of this.#sendings) {
      if (sending.memberId === memberId && equalBytes(sending.id, id)) settle(sending, outcome)
    }
  }

  /** The member is gone: waiting for it is of no use. */
  forget(memberId: string): void {
    for (const sending of this.#sendings) if (sending.memberId === memberId) settle(sending, 'host-gone')
  }

  /** Gives up what is under way. Idempotent. */
  close(): void {
    for (const sending of this.#sendings) settle(sending, 'closed')
  }
}

function settle(sending: Sending, outcome: Outcome): void {
  sending.isSettled = true
  sending.settle(outcome)
}

/** As {@link sayReport}, where nobody is there to be told that it could not be said. */
export function answerReport(session: Session, memberId: string, message: ReportMessage): void {
  try {
    sayReport(session, memberId, message)
  } catch (error) {
    if (!isConvoyError(error)) throw error
  }
}
