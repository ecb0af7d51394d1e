import { ConvoyError, equalBytes, withDeadline } from '../core/index.ts'
import type { LoadOrder } from '../protocol/index.ts'
import { banRefusal } from './admissionChecks.ts'
import { entriesMessageBytes, loadOrderTimeoutMs, recordBytes, snapshotWaitMs } from './constants.ts'
import type { ControlLink } from './controlLink.ts'
import type { ControlMessage } from './controlMessages.ts'
import { describeVerdict } from './describeLoadOrder.ts'
import { entryBatches } from './entryBatches.ts'
import type { SessionEnvironment } from './environment.ts'
import type { Knock } from './knockMessages.ts'
import { compareLoadOrders } from './loadOrderCheck.ts'
import { findingsWithin } from './loadOrderFinding.ts'
import type { RecordedBan } from './moderation/moderationState.ts'
import type { SessionRecord } from './record.ts'
import { snapshotMessages } from './snapshot/snapshotMessages.ts'

/** What a joiner shows first on the link. */
export type Arrival = Pick<Extract<ControlMessage, { type: 'loadOrder' }>, 'loadOrder' | 'holds'>

/** Says no to a joiner on the link. */
export type LinkRefusal = Extract<ControlMessage, { type: 'refused' }>

/**
 * Waits for the load order of a candidate, and how much of the record it has ([ADM-9]).
 * @throws ConvoyError `timeout`, `closed` or `aborted`.
 */
export function receiveLoadOrder(
  control: ControlLink,
  { clock, dropped }: SessionEnvironment,
  signal: AbortSignal,
): Promise<Arrival> {
  let received = false
  const loadOrder = new Promise<Arrival>((resolve, reject) => {
    control.onClosed(() => reject(new ConvoyError('closed', 'The joiner left before it was admitted.')))
    control.onMessage((message) => {
      if (message.type !== 'loadOrder' || received) return dropped.add(`control-unexpected-${message.type}`)
      received = true
      resolve(message)
    })
  })
  return withDeadline(clock, loadOrderTimeoutMs, 'The joiner did not send its load order.', loadOrder, signal)
}

/** Why a candidate with these mods is not admitted; undefined where it is. */
export function loadOrderRefusal(
  record: SessionRecord,
  knock: Knock,
  theirs: LoadOrder,
): LinkRefusal | undefined {
  if (knock.vehicleClass === null) return undefined
  const { loadOrder, rules } = record.state
  const verdict = compareLoadOrders(loadOrder, theirs, { modsOptioning: rules.modsOptioning })
  if (verdict.compatible) return undefined
  const message = describeVerdict(verdict)
  return {
    type: 'refused',
    code: 'load-order-mismatch',
    message,
    // The words, of up to three bytes a character, leave the rest of the message to the findings.
    findings: findingsWithin(verdict.findings, entriesMessageBytes - 3 * message.length),
  }
}

/** Why a candidate is not appended to the record although it passed everything so far ([ADM-11]). */
export function lateRefusal(
  record: Pick<SessionRecord, 'first' | 'snapshot' | 'tailBytes'>,
  slot: number | undefined,
  ban: RecordedBan | undefined,
  now: number,
): LinkRefusal | undefined {
  const refused = (code: LinkRefusal['code'], message: string): LinkRefusal => ({
    type: 'refused',
    code,
    message,
  })
  if (ban !== undefined) return { type: 'refused', ...banRefusal(ban, now) }
  if (slot === undefined) {
    return refused('session-full', 'The last place was taken meanwhile. Try again later.')
  }
  // The other half is for what those inside still decide.
  const isOverdue = record.tailBytes > recordBytes / 2
  if (isOverdue || (record.first > 0 && record.snapshot === undefined)) {
    const message =
      'The host can bring nobody up to date before its voters agree on a snapshot. Try again soon.'
    return { ...refused('rate-limited', message), waitMs: snapshotWaitMs }
  }
  return undefined
}

/**
 * The committed entries of a record in as few messages as their size allows: those that the other side lacks, where it comes
 * back and this record goes on from where it was; else from the newest snapshot on, where there is one ([ADM-10]).
 */
export function* recordMessages(
  record: SessionRecord,
  holds: Arrival['holds'],
): Generator<ControlMessage, void> {
  const own = holds === undefined ? undefined : record.digestAt(holds.committed)
  if (holds !== undefined && own !== undefined && equalBytes(own, holds.digest))
    return yield* entryMessages(record, holds.committed)
  const { snapshot } = record
  const bundle = record.bundle()
  if (snapshot === undefined || bundle === undefined) return yield* entryMessages(record, 0)
  yield* snapshotMessages(bundle)
  yield* entryMessages(record, snapshot.entry.number + 1)
}

function* entryMessages(record: SessionRecord, from: number): Generator<ControlMessage, void> {
  const { epoch, committed } = record
  for (const entries of entryBatches(record, from, committed))
    yield { type: 'entries', epoch, entries, committed: 0 }
}
