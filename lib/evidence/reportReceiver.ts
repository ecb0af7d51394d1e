import { equalBytes, isConvoyError, TokenBucket } from '../core/index.ts'
import type { RecordMember, Session } from '../session/index.ts'
import {
  partPatienceMs,
  reportsAtOnce,
  reportsInAllAtOnce,
  reportsInAllPerSecond,
  reportsPerSecond,
  reportsUnderWay,
} from './constants.ts'
import { readReport } from './examine.ts'
import { readReportFile, reportIdOf } from './reportFile.ts'
import type { ReportMessage, ReportRefusal } from './reportMessages.ts'
import type { ReportBody, ReportCategory } from './reportSchema.ts'
import { answerReport } from './reportSender.ts'

/** What of a report is known without looking at its evidence. */
export interface ReportInfo {
  /** 32 hexadecimal digits. */
  readonly id: string
  /** Fingerprint and name of who reports… */
  readonly reporter: { readonly id: string; readonly name: string }
  /** …and sign key and name, in the reporter's words, of who is reported. */
  readonly subject: { readonly signKey: Uint8Array; readonly name: string }
  readonly category: ReportCategory
  readonly text: string
  /** Milliseconds since the Unix epoch, on the reporter's clock. */
  readonly at: number
}

/** Keeps reports, e.g. in a store. */
export interface ReportSink {
  /**
   * Keeps a report's file; one that fails refuses the report to its reporter.
   * @param info - for lists, without reading the file.
   */
  save(file: Uint8Array, info: ReportInfo): void | Promise<void>
}

/** A report that was taken. */
export interface TakenReport extends ReportInfo {
  /** The file: for `examineReport`, or `openconvoy report view`. */
  readonly file: Uint8Array
}

/** What a receiver of reports stands on. */
export interface ReportReceiverParts {
  readonly session: Session
  readonly sink: ReportSink | undefined
  /** Whether reports are for this member. */
  isResponsible(): boolean
  taken(report: TakenReport): void
}

interface Incoming {
  readonly id: Uint8Array
  readonly file: Uint8Array
  length: number
  heardAt: number
}

/** Takes the reports of members, where this one is the host or moderates ([EVD-7]). */
export class ReportReceiver {
  readonly #parts: ReportReceiverParts
  readonly #incoming = new Map<string, Incoming>()
  readonly #perMember = new Map<string, TokenBucket>()
  readonly #inAll: TokenBucket

  constructor(parts: ReportReceiverParts) {
    this.#parts = parts
    const { clock } = parts.session.environment
    this.#inAll = new TokenBucket(clock, reportsInAllPerSecond, reportsInAllAtOnce)
  }

  /** A member has a report. */
  begin(from: RecordMember, { id, bytes }: Extract<ReportMessage, { type: 'begin' }>): void {
    const now = this.#parts.session.environment.clock.now()
    this.#incoming.delete(from.id)
    this.#giveUp(now)
    if (!this.#parts.isResponsible()) return this.#refuse(from, id, 'not-responsible')
    if (this.#incoming.size >= reportsUnderWay) return this.#refuse(from, id, 'busy')
    if (!this.#tryTake(from)) return this.#refuse(from, id, 'too-many')
    this.#incoming.set(from.id, { id, file: new Uint8Array(bytes), length: 0, heardAt: now })
  }

  /** A part of it came. */
  part(from: RecordMember, { id, offset, bytes }: Extract<ReportMessage, { type: 'part' }>): void {
    const { clock, dropped } = this.#parts.session.environment
    const incoming = this.#incoming.get(from.id)
    // Parts that were under way when their report was refused.
    if (incoming === undefined || !equalBytes(incoming.id, id))
      return dropped.addFrom(from.id, 'report-unasked')
    const end = offset + bytes.length
    if (offset !== incoming.length || bytes.length === 0 || end > incoming.file.length) {
      this.#incoming.delete(from.id)
      return this.#refuse(from, id, 'malformed')
    }
    incoming.file.set(bytes, offset)
    incoming.length = end
    incoming.heardAt = clock.now()
    if (end < incoming.file.length) return
    this.#incoming.delete(from.id)
    this.take(from, incoming.file)
      .then((refusal) => {
        if (refusal !== undefined) this.#refuse(from, id, refusal)
        else answerReport(this.#parts.session, from.id, { type: 'taken', id })
      })
      .catch((error: unknown) => {
        this.#parts.session.environment.logger.error('A report could not be taken.', { error })
      })
  }

  /** Takes a whole report of a member, or says why not. */
  async take(from: RecordMember, file: Uint8Array): Promise<ReportRefusal | undefined> {
    const { environment, record } = this.#parts.session
    let body: ReportBody
    let id: string
    let at: number
    try {
      const { report: envelope, appeal } = readReportFile(file)
      const { signed, report } = await readReport(envelope, environment.verify)
      const isOwn =
        signed.authentic &&
        appeal === null &&
        equalBytes(signed.signKey, from.signKey) &&
        equalBytes(report.reporter.signKey, from.signKey) &&
        equalBytes(report.sessionId, record.sessionId)
      if (!isOwn) return 'forged'
      body = report
      id = reportIdOf(envelope)
      at = signed.issuedAt
    } catch (error) {
      if (!isConvoyError(error)) throw error
      return 'malformed'
    }
    const { subject, category, text } = body
    const info: ReportInfo = {
      id,
      reporter: { id: from.id, name: from.name },
      subject: { signKey: subject.signKey, name: subject.name },
      category,
      text,
      at,
    }
    try {
      await this.#parts.sink?.save(file, info)
    } catch (error) {
      environment.logger.error('A report could not be saved.', { report: id, error })
      return 'not-saved'
    }
    this.#parts.taken({ ...info, file })
    return undefined
  }

  /** A member is gone, and what it was about to send; how much it sent is remembered, should it come back. */
  forget(memberId: string): void {
    this.#incoming.delete(memberId)
  }

  #giveUp(now: number): void {
    for (const [memberId, { heardAt }] of this.#incoming)
      if (now - heardAt > partPatienceMs) this.#incoming.delete(memberId)
  }

  #tryTake({ id }: RecordMember): boolean {
    const bucket =
      this.#perMember.get(id) ??
      new TokenBucket(this.#parts.session.environment.clock, reportsPerSecond, reportsAtOnce)
    this.#perMember.set(id, bucket)
    // Whoever floods must not use up what all have together.
    return bucket.tryTake() && this.#inAll.tryTake()
  }

  #refuse(from: RecordMember, id: Uint8Array, reason: ReportRefusal): void {
    const { session } = this.#parts
    session.environment.dropped.addFrom(from.id, `report-${reason}`)
    answerReport(session, from.id, { type: 'refused', id, reason })
  }
}
