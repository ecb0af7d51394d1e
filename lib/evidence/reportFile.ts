import {
  concat,
  ConvoyError,
  equalBytes,
  isConvoyError,
  toHex,
  utf8,
  type Clock,
  type RandomSource,
} from '../core/index.ts'
import { domainHash, signEnvelope, type Identity } from '../identity/index.ts'
import { decodeMessage, encodeMessage } from '../protocol/index.ts'
import { reportBodyBytes, reportBytes, reportLifetimeMs, reportTextLength } from './constants.ts'
import { appealSchema, reportFileSchema, reportSchema, reportText, type ReportBody } from './reportSchema.ts'
import * as v from 'valibot'

const magic = utf8('OCREPORT')
const formatVersion = 1
const leadBytes = magic.length + 1

/** A report's file, taken apart. */
export interface ReportFile {
  /** Signed by the reporter. */
  readonly report: Uint8Array
  /** Signed by the subject, where it appealed. */
  readonly appeal: Uint8Array | null
}

/** What clock and chance are needed for. */
export interface SigningEnvironment {
  readonly clock: Clock
  readonly random: RandomSource
}

/** Signs a report and puts it into a file. */
export async function writeReport(
  identity: Pick<Identity, 'signKey' | 'signer'>,
  report: ReportBody,
  environment: SigningEnvironment,
): Promise<Uint8Array> {
  const body = encodeMessage(reportSchema, report, reportBodyBytes)
  const envelope = await signEnvelope(
    identity,
    { purpose: 'report', body, lifetimeMs: reportLifetimeMs },
    environment,
  )
  return writeReportFile({ report: envelope, appeal: null })
}

/**
 * Adds the subject's answer to a report, in place of a former one.
 * @param identity - of the report's subject.
 * @param text - at most 1,000 characters, no control characters.
 * @returns the file with the answer.
 * @throws ConvoyError `invalid-argument`; `report-malformed` when the file is none.
 * @example
 * ```ts
 * await writeFile(path, await addAppeal(await readFile(path), identity, 'The bus in front of me braked.', { clock, random }))
 * ```
 */
export async function addAppeal(
  file: Uint8Array,
  identity: Pick<Identity, 'signKey' | 'signer'>,
  text: string,
  environment: SigningEnvironment,
): Promise<Uint8Array> {
  const { report } = readReportFile(file)
  if (!v.is(reportText, text) || text === '') {
    throw new ConvoyError(
      'invalid-argument',
      `An appeal has 1 to ${reportTextLength} characters, none of them control characters.`,
    )
  }
  const body = encodeMessage(
    appealSchema,
    { type: 'appeal', report: reportDigest(report), text },
    reportBytes,
  )
  const appeal = await signEnvelope(
    identity,
    { purpose: 'report', body, lifetimeMs: reportLifetimeMs },
    environment,
  )
  return writeReportFile({ report, appeal })
}

/**
 * Takes a file apart; nothing of it is checked yet.
 * @throws ConvoyError `report-malformed` when it is too large, no report, of another version, or cut short.
 */
export function readReportFile(file: Uint8Array): ReportFile {
  if (file.length > reportBytes)
    throw new ConvoyError('report-malformed', `A report has at most ${reportBytes} bytes.`)
  if (!equalBytes(file.subarray(0, magic.length), magic))
    throw new ConvoyError('report-malformed', 'The file is not a report of OpenConvoy.')
  const version = file[magic.length]
  if (version !== formatVersion) {
    throw new ConvoyError(
      'report-malformed',
      `The report has version ${version ?? 'none'}, this program reads ${formatVersion}: use the version of OpenConvoy that wrote it.`,
    )
  }
  try {
    return decodeMessage(reportFileSchema, file.subarray(leadBytes), reportBytes)
  } catch (cause) {
    if (!isConvoyError(cause)) throw cause
    throw new ConvoyError('report-malformed', 'The report was cut short or altered beyond reading.', {
      cause,
    })
  }
}

/** By which a report is named: in its appeal, on its way, in a store. */
export function reportDigest(envelope: Uint8Array): Uint8Array {
  return domainHash('openconvoy report 1', 16, envelope)
}

/** The same as text: 32 hexadecimal digits. */
export function reportIdOf(envelope: Uint8Array): string {
  return toHex(reportDigest(envelope))
}

/** Puts a report and its appeal into a file. */
export function writeReportFile(content: ReportFile): Uint8Array {
  return concat(magic, Uint8Array.of(formatVersion), encodeMessage(reportFileSchema, content, reportBytes))
}
