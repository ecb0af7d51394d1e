import { ConvoyError, equalBytes, isConvoyError, toHex } from '../core/index.ts'
import { readChatText } from '../comms/index.ts'
import {
  clockSkewMs,
  fingerprintOf,
  inspectEnvelope,
  type InspectedEnvelope,
  type Verify,
} from '../identity/index.ts'
import { decodeMessage, emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import { dequantise, emptyKnown, hashOfSample, maxCanonicalBytes, readCanonical } from '../vehicle/index.ts'
import { forwardedFlag } from './clip.ts'
import { evidenceKeptMs, reportBodyBytes, reportBytes } from './constants.ts'
import { covers, hashOfMessage, inspectEvidence, type EvidenceDigest } from './evidenceDigest.ts'
import { readReportFile, reportDigest } from './reportFile.ts'
import {
  appealSchema,
  reportSchema,
  sampleLeadBytes,
  type AppealBody,
  type ClipMember,
  type ReportBody,
  type ReportCategory,
  type ReportPerson,
} from './reportSchema.ts'

/**
 * What is known of a part of a report ([EVD-8]): `proved`: its author signed it for the reporter; `word`: only the reporter
 * vouches for it; `altered`: it contradicts what its author signed, or nobody vouches for it.
 */
export type EvidenceProof = 'proved' | 'word' | 'altered'

/** A vehicle state in a report. */
export interface ExaminedSample {
  /** When it was taken, ms after the clip begins, as far as the reporter knows. */
  readonly atMs: number
  /** How long it was under way, ms, in the reporter's words. */
  readonly delayMs: number
  readonly proof: EvidenceProof
  /** Whether it came through another member. */
  readonly isForwarded: boolean
  readonly state: VehicleState
}

/** A message in a report. */
export interface ExaminedMessage {
  readonly atMs: number
  readonly channel: string
  /** Of chat; undefined for messages of the embedding program. */
  readonly text: string | undefined
  readonly bytes: number
  readonly proof: EvidenceProof
}

/** Somebody in a report. */
export interface ExaminedPerson {
  /** Fingerprint of the keys. */
  readonly id: string
  /** As the reporter saw it. */
  readonly name: string
  readonly signKey: Uint8Array
}

/** One process of a member in a clip. */
export interface ExaminedMember extends ExaminedPerson {
  readonly role: 'subject' | 'reporter' | 'other'
  readonly samples: readonly ExaminedSample[]
  readonly messages: readonly ExaminedMessage[]
  /** Digests that fit, and that don't: forged, altered, or about something else. */
  readonly digests: { readonly valid: number; readonly altered: number }
  /** Samples that can't be read. */
  readonly unreadable: number
  /** Samples that its driver signed and that are not shown: lost on the way, or left out. */
  readonly missing: number
}

/** A report whose every part was checked. */
export interface ExaminedReport {
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly sessionId: string
  readonly lobbyName: string
  readonly category: ReportCategory
  readonly text: string
  readonly reporter: ExaminedPerson
  readonly subject: ExaminedPerson
  /** Whether the reporter signed the report as it is. */
  readonly authentic: boolean
  /** When it was signed, ms since the Unix epoch on the reporter's clock. */
  readonly at: number
  readonly clipMs: number
  readonly gameMinutes: number | null
  readonly members: readonly ExaminedMember[]
  readonly appeal: {
    readonly text: string
    readonly at: number
    /** Whether the subject signed it, as it is, about this report. */
    readonly authentic: boolean
  } | null
}

/**
 * Checks every part of a report's file.
 * @param verify - checks signatures (default Ed25519).
 * @throws ConvoyError `report-malformed` when it is no report, or was cut short or altered beyond reading. What can be read
 * is not thrown away for being altered: it is handed out as such.
 * @example
 * ```ts
 * const { subject, members } = await examineReport(await readFile('ramming.ocr'))
 * ```
 */
export async function examineReport(file: Uint8Array, verify?: Verify): Promise<ExaminedReport> {
  const { report: envelope, appeal } = readReportFile(file)
  const { signed, report } = await readReport(envelope, verify)
  const authentic = signed.authentic && equalBytes(signed.signKey, report.reporter.signKey)
  const context = { report, authentic, issuedAt: signed.issuedAt, verify }
  const members: ExaminedMember[] = []
  for (const member of report.members) members.push(await examineMember(member, context))
  return {
    id: toHex(reportDigest(envelope)),
    sessionId: toHex(report.sessionId),
    lobbyName: report.lobbyName,
    category: report.category,
    text: report.text,
    reporter: examinedPerson(report.reporter),
    subject: examinedPerson(report.subject),
    authentic,
    at: signed.issuedAt,
    clipMs: report.clipMs,
    gameMinutes: report.gameMinutes,
    members,
    appeal: appeal === null ? null : await examineAppeal(appeal, envelope, report, verify),
  }
}

/** A report's envelope and body, whether or not its signature fits; both are there or it throws `report-malformed`. */
export async function readReport(
  envelope: Uint8Array,
  verify: Verify | undefined,
): Promise<{ signed: InspectedEnvelope; report: ReportBody }> {
  const signed = await inspectEnvelope(envelope, 'report', verify)
  if (signed === undefined) throw unreadable()
  try {
    return { signed, report: decodeMessage(reportSchema, signed.body, reportBodyBytes) }
  } catch (cause) {
    if (!isConvoyError(cause)) throw cause
    throw unreadable(cause)
  }
}

interface Context {
  readonly report: ReportBody
  readonly authentic: boolean
  readonly issuedAt: number
  readonly verify: Verify | undefined
}

async function examineMember(member: ClipMember, context: Context): Promise<ExaminedMember> {
  const { report } = context
  const digests = await digestsOf(member, context)
  const { samples, unreadable, shown, isWithin } = samplesOf(member, digests, context)
  const vouched = context.authentic ? 'word' : 'altered'
  const signedMessages = new Set(digests.flatMap(({ messages }) => [...messages]))
  const role = equalBytes(member.signKey, report.subject.signKey)
    ? 'subject'
    : equalBytes(member.signKey, report.reporter.signKey)
      ? 'reporter'
      : 'other'
  const named = new Set(digests.filter(isWithin).flatMap((digest) => [...digest.samples]))
  return {
    ...examinedPerson(member),
    role,
    samples,
    messages: member.messages.map(({ at, channel, body }) => ({
      atMs: at,
      channel,
      text: readChatText(channel, body),
      bytes: body.length,
      proof: signedMessages.has(toHex(hashOfMessage(channel, body))) ? 'proved' : vouched,
    })),
    digests: { valid: digests.length, altered: member.digests.length - digests.length },
    unreadable,
    missing: [...named].filter((hash) => !shown.has(hash)).length,
  }
}

/** Digests that its driver signed for the reporter, about this session and process, at about that time. */
async function digestsOf(member: ClipMember, context: Context): Promise<EvidenceDigest[]> {
  const { report, issuedAt, verify } = context
  const claim = {
    signKey: member.signKey,
    audience: report.reporter.signKey,
    sessionId: report.sessionId,
    incarnation: member.incarnation,
  }
  const valid: EvidenceDigest[] = []
  for (const envelope of member.digests) {
    const digest = await inspectEvidence(envelope, claim, verify)
    // Times repeat after 70 minutes: one of an earlier hour must not vouch for this one.
    if (digest !== undefined && Math.abs(digest.issuedAt - issuedAt) < clockSkewMs + 2 * evidenceKeptMs)
      valid.push(digest)
  }
  return valid
}

interface SampledClip {
  readonly samples: ExaminedSample[]
  readonly unreadable: number
  /** Hashes of the samples. */
  readonly shown: ReadonlySet<string>
  /** Whether all that a digest names falls between the first and the last sample. */
  readonly isWithin: (digest: EvidenceDigest) => boolean
}

const known = emptyKnown()

function samplesOf(
  { samples: packed, firstAt }: ClipMember,
  digests: readonly EvidenceDigest[],
  { authentic }: Context,
): SampledClip {
  const samples: ExaminedSample[] = []
  const shown = new Set<string>()
  let unreadable = 0
  let firstTicks = 0
  let ticks: number | undefined
  let at = firstAt
  for (let offset = 0; offset < packed.length;) {
    const delayMs = (packed[offset] ?? 0) * 256 + (packed[offset + 1] ?? 0)
    const third = packed[offset + 2] ?? 0
    const length = third & ~forwardedFlag
    const begin = offset + sampleLeadBytes
    offset = begin + length
    const canonical = packed.subarray(begin, offset)
    if (canonical.length !== length || length > maxCanonicalBytes || !readCanonical(canonical, known)) {
      unreadable++
      continue
    }
    // Signed: so is when they were taken, one after the other.
    if (ticks !== undefined) at += signed24(known.ticks - ticks)
    else firstTicks = known.ticks
    ticks = known.ticks
    const hash = toHex(hashOfSample(canonical))
    shown.add(hash)
    const state = emptyVehicleState()
    dequantise(known.codes, state)
    const isForwarded = (third & forwardedFlag) !== 0
    const proof = proofOf(hash, { ticks, isForwarded, authentic }, digests)
    samples.push({ atMs: at / 4, delayMs, proof, isForwarded, state })
  }
  const lengthTicks = ticks === undefined ? -1 : (ticks - firstTicks) & 0xffffff
  const isWithin = ({ span }: EvidenceDigest): boolean =>
    span !== undefined && ((span.from - firstTicks) & 0xffffff) + (span.to - span.from) <= lengthTicks
  return { samples, unreadable, shown, isWithin }
}

function proofOf(
  hash: string,
  { ticks, isForwarded, authentic }: { ticks: number; isForwarded: boolean; authentic: boolean },
  digests: readonly EvidenceDigest[],
): EvidenceProof {
  const covering = digests.filter((digest) => covers(digest, ticks))
  if (covering.some((digest) => digest.samples.has(hash))) return 'proved'
  // What came through another member was not sent to the reporter, so that no digest for it can name it.
  if (!authentic || (covering.length > 0 && !isForwarded)) return 'altered'
  return 'word'
}

async function examineAppeal(
  appeal: Uint8Array,
  envelope: Uint8Array,
  { subject }: ReportBody,
  verify: Verify | undefined,
): Promise<ExaminedReport['appeal']> {
  const signed = await inspectEnvelope(appeal, 'report', verify)
  let body: AppealBody
  try {
    if (signed === undefined) throw unreadable()
    body = decodeMessage(appealSchema, signed.body, reportBytes)
  } catch (error) {
    if (!isConvoyError(error)) throw error
    return { text: '', at: signed?.issuedAt ?? 0, authentic: false }
  }
  const authentic =
    signed.authentic &&
    equalBytes(signed.signKey, subject.signKey) &&
    equalBytes(body.report, reportDigest(envelope))
  return { text: body.text, at: signed.issuedAt, authentic }
}

function examinedPerson({ signKey, boxKey, name }: ReportPerson): ExaminedPerson {
  return { id: fingerprintOf({ signKey, boxKey }), name, signKey }
}

/** A difference of two times of 24 bits, either way. */
function signed24(difference: number): number {
  return ((difference + 0x800000) & 0xffffff) - 0x800000
}

function unreadable(cause?: unknown): ConvoyError {
  return new ConvoyError('report-malformed', 'The report was cut short or altered beyond reading.', { cause })
}
