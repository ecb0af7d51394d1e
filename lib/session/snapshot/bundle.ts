import * as v from 'valibot'
import { ConvoyError, equalBytes } from '../../core/index.ts'
import { followAuthority, type AuthorityAt } from '../../identity/index.ts'
import { bytesUpTo, decodeMessage, encodeMessage } from '../../protocol/index.ts'
import { AuthorityLine, type RecordedAuthority } from '../authority/authorityLine.ts'
import { entriesMessageBytes } from '../constants.ts'
import { opening, type SessionEnvironment } from '../environment.ts'
import { openEntry, type HeldEntry } from '../heldEntry.ts'
import type { RecordState } from '../recordState.ts'
import { checkFounding } from '../recordChecks.ts'
import { bundleBytes, bundleEntries, stateBytes } from './constants.ts'
import type { SnapshotChange } from './snapshotChange.ts'
import { decodeState, digestOfState, encodeState } from './stateBytes.ts'

const entry = bytesUpTo(entriesMessageBytes)
const entries = v.pipe(v.array(entry), v.maxLength(bundleEntries))

/** A snapshot with all that it takes to go on from it ([REC-11]). */
const bundleSchema = v.strictObject({
  founding: entry,
  /** What leads from there to who decided and who voted at the snapshot. */
  line: entries,
  snapshot: entry,
  /** What leads on from there to who decides now. */
  later: entries,
  state: bytesUpTo(stateBytes),
  epochState: v.nullable(bytesUpTo(stateBytes)),
})

/** See {@link bundleSchema}. */
export type SnapshotBundle = v.InferOutput<typeof bundleSchema>

/** Where the record of who reads a bundle is. */
export interface OwnRecord {
  readonly line: AuthorityLine
  /** How many entries are committed; 0 for who has none. */
  readonly committed: number
  /** Digest of the last of them. */
  readonly digest: Uint8Array | undefined
}

/** A snapshot of which everything was checked. */
export interface OpenedBundle {
  /** Who decided and who voted, up to the snapshot. */
  readonly line: AuthorityLine
  readonly snapshot: HeldEntry
  readonly state: RecordState
  readonly stateBytes: Uint8Array
  readonly epochStateBytes: Uint8Array | null
  /** Who decides now. */
  readonly host: AuthorityAt['host']
}

export function encodeBundle(bundle: SnapshotBundle): Uint8Array {
  return encodeMessage(bundleSchema, bundle, bundleBytes)
}

/**
 * Checks a snapshot that somebody handed over ([REC-12]). Who has a record already trusts who decides and votes there, not who
 * did in the beginning.
 * @returns undefined for one that tells nothing new.
 * @throws ConvoyError `message-too-large`, `message-malformed`, `message-misaddressed`, `message-expired`,
 * `message-unauthentic`; `record-forked` where it contradicts the record of this peer.
 */
export async function openBundle(
  bytes: Uint8Array,
  environment: SessionEnvironment,
  sessionId: Uint8Array,
  own: OwnRecord,
): Promise<OpenedBundle | undefined> {
  const bundle = decodeMessage(bundleSchema, bytes, bundleBytes)
  const open = (each: Uint8Array): Promise<HeldEntry> => openEntry(environment, sessionId, each)
  const snapshot = await open(bundle.snapshot)
  if (snapshot.number < own.committed) return undefined
  const founding = await open(bundle.founding)
  const from = own.line.standpoint(own.committed, own.digest)
  const entries = from === undefined ? [founding] : [...from.entries]
  let at = checkFounding(founding, sessionId)
  if (from !== undefined) at = from.authority
  if (entries[0] !== undefined && !equalBytes(entries[0].digest, founding.digest))
    throw forked('The snapshot belongs to another record of this session.')
  for (const each of bundle.line) {
    const opened = await open(each)
    // What its own record says needs no proof, and can't be told otherwise.
    if (opened.number < own.committed) continue
    at = await follow(at, opened, environment, sessionId)
    entries.push(opened)
  }
  const change = checkPlace(snapshot, at)
  const { state, authority } = checkState(bundle.state, change.state)
  if ((bundle.epochState === null) !== (change.epochState === null))
    throw malformed('The snapshot lacks the state of the beginning of its epoch.')
  if (bundle.epochState !== null && change.epochState !== null)
    checkState(bundle.epochState, change.epochState)
  checkAuthority(authority, entries, at)
  const line = new AuthorityLine()
  line.reset(entries, authority.hosts)
  if (!line.agreesWith(own.line, own.committed))
    throw forked('The snapshot tells of other hosts than this record.')
  const named = line.at(snapshot.number)
  if (named === undefined || !equalBytes(encodeState(state, named), bundle.state))
    throw malformed('The state of the snapshot names other voters than its entries.')
  let now = at
  for (const each of bundle.later) now = await follow(now, await open(each), environment, sessionId)
  const { host } = now
  return { line, snapshot, state, stateBytes: bundle.state, epochStateBytes: bundle.epochState, host }
}

function follow(
  at: AuthorityAt,
  { change, ...entryFields }: HeldEntry,
  environment: SessionEnvironment,
  sessionId: Uint8Array,
): Promise<AuthorityAt> {
  if (change.type !== 'elected' && change.type !== 'voters')
    throw malformed('An entry of the snapshot says nothing about who decides.')
  return followAuthority(at, { ...entryFields, change, sessionId }, opening(environment))
}

/** Whether it is a snapshot, and signed by who decided then. */
function checkPlace(
  { change, epoch, signKey, number, previous }: HeldEntry,
  at: AuthorityAt,
): SnapshotChange {
  const { host, last } = at
  if (change.type !== 'snapshot') throw malformed('What came as a snapshot is none.')
  if (epoch !== host.epoch || !equalBytes(signKey, host.signKey))
    throw new ConvoyError('message-unauthentic', 'The snapshot was not signed by the host of its epoch.')
  if (number <= last.number) throw malformed('The snapshot is older than what proves its host.')
  if (last.digest !== undefined && number === last.number + 1 && !equalBytes(previous, last.digest))
    throw malformed('The snapshot does not follow what proves its host.')
  return change
}

function checkState(bytes: Uint8Array, name: SnapshotChange['state']): ReturnType<typeof decodeState> {
  if (bytes.length !== name.bytes || !equalBytes(digestOfState(bytes), name.digest))
    throw malformed('The state is not the one that the snapshot names.')
  return decodeState(bytes)
}

/** Whether the state says the same of who decides and who votes as the entries that came with it. */
function checkAuthority(
  { hosts, voters }: RecordedAuthority,
  line: readonly HeldEntry[],
  { host }: AuthorityAt,
): void {
  const began = line.findLast(({ change }) => change.type === 'elected' || change.type === 'founded')
  const named = line.findLast(({ change }) => change.type === 'voters' || change.type === 'founded')
  const last = hosts.at(-1)
  const isHosts = last?.epoch === host.epoch && last.number === began?.number
  if (!isHosts || !equalBytes(last.signKey, host.signKey) || voters.since !== named?.number)
    throw malformed('The state of the snapshot names another host, or other voters, than its entries.')
}

const malformed = (message: string): ConvoyError => new ConvoyError('message-malformed', message)

const forked = (message: string): ConvoyError => new ConvoyError('record-forked', message)
