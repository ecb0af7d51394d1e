import * as v from 'valibot'
import {
  ConvoyError,
  isConvoyError,
  SerialQueue,
  throwIfAborted,
  TokenBucket,
  type Cancel,
} from '../core/index.ts'
import { chatChannel } from '../comms/index.ts'
import { decodeMessage } from '../protocol/index.ts'
import {
  embedderChannelPrefix,
  evidenceChannel,
  reportChannel,
  type RecordMember,
  type Session,
} from '../session/index.ts'
import type { StateRecipient, VehiclePublisher, VehicleReceiver } from '../vehicle/index.ts'
import { Asking } from './asking.ts'
import { clipOf, personOf } from './clip.ts'
import {
  digestsWaiting,
  evidenceKeptMs,
  evidenceMessagesAtOnce,
  evidenceMessagesPerSecond,
  reportBodyBytes,
  reportMessagesAtOnce,
  reportMessagesPerSecond,
  reportsAtOnce,
  reportSeconds,
  reportsPerSecond,
  reportTextLength,
  reviewEveryMs,
  signingTickMs,
} from './constants.ts'
import { openEvidence } from './evidenceDigest.ts'
import { evidenceMessageBytes, evidenceMessageSchema } from './evidenceMessages.ts'
import { EvidenceSigner } from './evidenceSigner.ts'
import { Recorder } from './recorder.ts'
import { readReportFile, reportDigest, reportIdOf, writeReport } from './reportFile.ts'
import { reportMessageBytes, reportMessageSchema } from './reportMessages.ts'
import { ReportReceiver, type ReportSink, type TakenReport } from './reportReceiver.ts'
import { reportCategories, reportText, type ReportCategory } from './reportSchema.ts'
import { ReportSender } from './reportSender.ts'

/** What a report says. */
export interface ReportOptions {
  readonly category: ReportCategory
  /** What happened, in the reporter's words: at most 1,000 characters. */
  readonly text?: string
  /** How much of what was received until now it shows, 1…60 (default 30). */
  readonly seconds?: number
  readonly signal?: AbortSignal
}

/** A report that was handed in. */
export interface SentReport {
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly file: Uint8Array
}

/** What {@link Evidence} stands on. */
export interface EvidenceParts {
  readonly session: Session
  readonly vehicles: VehicleReceiver
  readonly publisher: VehiclePublisher
  /** Whether to keep evidence, and ask others to sign theirs; this member signs for others all the same. */
  readonly keeps: boolean
  readonly sink: ReportSink | undefined
  /** Metres to a member's vehicle; undefined while one of both is not placed. */
  distanceTo(memberId: string): number | undefined
  /** Whether the line to a member is full. */
  isStrained(memberId: string): boolean
  /** What the game's clock shows, where the host has set it. */
  gameMinutes(): number | undefined
  /** A report for this member came, or one of its own where reports are for it. */
  reported(report: TakenReport): void
}

/**
 * What each member can prove of the last minute, and the reports that it makes of it: docs/protocol/10-evidence.md.
 */
export class Evidence {
  readonly #parts: EvidenceParts
  readonly #session: Session
  readonly #recorder: Recorder
  readonly #signer: EvidenceSigner
  readonly #asking: Asking
  readonly #sender: ReportSender
  readonly #receiver: ReportReceiver
  readonly #own: TokenBucket
  /** Digests are checked one after the other. */
  readonly #checks: SerialQueue
  readonly #linked = new Map<StateRecipient, string>()
  readonly #stopTimer: Cancel
  #reviewAt = 0

  constructor(parts: EvidenceParts) {
    const { session, vehicles, publisher } = parts
    const { clock, dropped, logger } = session.environment
    this.#parts = parts
    this.#session = session
    this.#recorder = new Recorder(session)
    this.#signer = new EvidenceSigner(session, (memberId) => parts.isStrained(memberId))
    const spokeAt = (memberId: string): number => this.#recorder.spokeAt(memberId)
    this.#asking = new Asking({ session, spokeAt, distanceTo: (memberId) => parts.distanceTo(memberId) })
    this.#sender = new ReportSender(session)
    this.#receiver = new ReportReceiver({
      session,
      sink: parts.sink,
      isResponsible: () => isResponsible(session, session.self),
      taken: (report) => parts.reported(report),
    })
    this.#own = new TokenBucket(clock, reportsPerSecond, reportsAtOnce)
    this.#checks = new SerialQueue((error) => {
      dropped.add(`evidence-${isConvoyError(error) ? error.code : 'internal'}`)
      logger.debug('A digest was refused.', { error })
    })
    publisher.recipientObserver = (recipient, sample) => {
      const memberId = this.#linked.get(recipient)
      if (memberId !== undefined) this.#signer.noteSample(memberId, sample)
      if (parts.keeps) this.#recorder.keepOwn(sample)
    }
    if (parts.keeps) {
      vehicles.recorder = (memberId, update, times, isForwarded) =>
        this.#recorder.keepSample(memberId, update, times, isForwarded)
    }
    session.messaging.observer = {
      received: (member, channel, body) => {
        if (parts.keeps && isEvidence(channel)) this.#recorder.keepMessage(member, channel, body)
      },
      sent: (memberId, channel, body) => {
        if (isEvidence(channel)) this.#signer.noteMessage(memberId, channel, body)
      },
    }
    this.#listen()
    this.#stopTimer = clock.every(signingTickMs, () => this.#tick(clock.now()))
  }

  /**
   * Makes the file of a report about a member that is, or was until a minute ago, in the session.
   * @throws ConvoyError `invalid-argument`; `unsupported` where no evidence is kept.
   */
  async encode(memberId: string, options: ReportOptions): Promise<Uint8Array> {
    const { session } = this.#parts
    const { environment, record, self } = session
    const { category, text = '', seconds = reportSeconds } = options
    if (!this.#parts.keeps) {
      throw new ConvoyError('unsupported', 'No evidence is kept here: leave the option "evidence" out.')
    }
    if (!v.is(v.picklist(reportCategories), category))
      throw new ConvoyError('invalid-argument', `A category is one of ${reportCategories.join(', ')}.`)
    if (!v.is(reportText, text)) {
      throw new ConvoyError(
        'invalid-argument',
        `The text of a report has at most ${reportTextLength} characters, none of them control characters.`,
      )
    }
    if (!(seconds >= 1 && seconds <= evidenceKeptMs / 1_000))
      throw new ConvoyError('invalid-argument', `A report shows 1 to ${evidenceKeptMs / 1_000} seconds.`)
    const subject = session.peer(memberId)?.member ?? this.#recorder.tracksOf(memberId).at(-1)?.member
    if (subject === undefined || memberId === self.id) {
      throw new ConvoyError(
        'invalid-argument',
        `There was no other member "${memberId}" during the last minute. Take ids from convoy.members.`,
      )
    }
    throwIfAborted(options.signal)
    const clipMs = Math.round(seconds * 1_000)
    const to = environment.clock.now()
    const ids = { subject: memberId, reporter: self.id }
    const members = clipOf(this.#recorder, ids, { from: to - clipMs, to }, reportBodyBytes - 4_096)
    return writeReport(
      environment.identity,
      {
        type: 'report',
        sessionId: record.sessionId,
        lobbyName: record.state.rules.lobbyName,
        reporter: personOf(self),
        subject: personOf(subject),
        category,
        text,
        gameMinutes: this.#parts.gameMinutes() ?? null,
        clipMs,
        members,
      },
      environment,
    )
  }

  /**
   * Makes a report and hands it in to the host and all who moderate; resolves once the host has it.
   * @throws ConvoyError as {@link Evidence.encode} and `ReportSender.send` do; `rate-limited`.
   */
  async report(memberId: string, options: ReportOptions): Promise<SentReport> {
    const file = await this.encode(memberId, options)
    if (!this.#own.tryTake()) {
      throw new ConvoyError(
        'rate-limited',
        `One member hands in ${reportsAtOnce} reports at once, then one in two minutes. Wait, or save it with encodeReport.`,
      )
    }
    const { report: envelope } = readReportFile(file)
    const id = reportDigest(envelope)
    const { session } = this.#parts
    const hostId = session.host.id
    for (const { member } of session.peers()) {
      if (member.id === hostId || !isResponsible(session, member)) continue
      this.#sender.send(member.id, id, file, options.signal).catch((error: unknown) => {
        session.environment.logger.debug('A report did not reach a moderator.', { member: member.id, error })
      })
    }
    if (isResponsible(session, session.self)) {
      const refusal = await this.#receiver.take(session.self, file)
      if (refusal !== undefined) throw new ConvoyError('report-refused', 'The report could not be saved.')
    }
    if (!session.isHost) await this.#sender.send(hostId, id, file, options.signal)
    return { id: reportIdOf(envelope), file }
  }

  /** Stops. Idempotent. */
  close(): void {
    this.#stopTimer()
    this.#sender.close()
  }

  #listen(): void {
    const { session } = this.#parts
    const { events } = session
    session.onChannel(evidenceChannel, (from, body) => this.#receive(from, body), {
      perSecond: evidenceMessagesPerSecond,
      atOnce: evidenceMessagesAtOnce,
    })
    session.onChannel(reportChannel, (from, body) => this.#receiveReport(from, body), {
      perSecond: reportMessagesPerSecond,
      atOnce: reportMessagesAtOnce,
    })
    events.on('linkReady', ({ member, link }) => this.#linked.set(link, member.id))
    events.on('linkGone', ({ member }) => {
      for (const [link, memberId] of this.#linked) if (memberId === member.id) this.#linked.delete(link)
      this.#signer.forget(member.id)
      this.#asking.forget(member.id)
    })
    events.on('memberJoined', ({ id }) => this.#recorder.retire(id))
    events.on('memberLeft', ({ member: { id } }) => {
      this.#recorder.retire(id)
      this.#sender.forget(id)
      this.#receiver.forget(id)
    })
    events.on('reentered', ({ id }) => this.#recorder.retire(id))
    for (const { member, admitted, control } of session.peers()) {
      if (admitted && control !== undefined) this.#linked.set(control.link, member.id)
    }
  }

  #tick(now: number): void {
    this.#signer.tick(now)
    if (!this.#parts.keeps || now < this.#reviewAt) return
    this.#reviewAt = now + reviewEveryMs
    this.#asking.review(now)
  }

  #receive(from: RecordMember, body: Uint8Array): void {
    const { dropped, logger } = this.#session.environment
    try {
      const message = decodeMessage(evidenceMessageSchema, body, evidenceMessageBytes)
      if (message.type === 'ask') return this.#signer.want(from.id, message.on)
      if (!this.#asking.awaits(from.id)) return dropped.addFrom(from.id, 'evidence-unasked')
      if (this.#checks.length >= digestsWaiting) return dropped.addFrom(from.id, 'evidence-rate')
      this.#checks.add(async () => {
        const digest = await openEvidence(this.#session, from, message.envelope)
        if (this.#recorder.keepDigest(from, message.envelope, digest)) return
        dropped.addFrom(from.id, 'evidence-disputed')
        logger.warn('A member signs other vehicle states than it sends.', { member: from.id })
      })
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(from.id, `evidence-${error.code}`)
    }
  }

  #receiveReport(from: RecordMember, body: Uint8Array): void {
    try {
      const message = decodeMessage(reportMessageSchema, body, reportMessageBytes)
      switch (message.type) {
        case 'begin':
          return this.#receiver.begin(from, message)
        case 'part':
          return this.#receiver.part(from, message)
        case 'taken':
          return this.#sender.answered(from.id, message.id, 'taken')
        case 'refused':
          return this.#sender.answered(from.id, message.id, message.reason)
      }
    } catch (error) {
      if (!isConvoyError(error)) throw error
      this.#session.environment.dropped.addFrom(from.id, `report-${error.code}`)
    }
  }
}

/** Whether reports are for a member: the host, and who moderates. */
function isResponsible(session: Session, member: RecordMember): boolean {
  return session.moderation.roleOf(member) !== 'member'
}

/** Chat, and what the embedding program's members say to each other. */
function isEvidence(channel: string): boolean {
  return channel === chatChannel || channel.startsWith(embedderChannelPrefix)
}
