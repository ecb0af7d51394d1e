import { ConvoyError, withDeadline } from '../core/index.ts'
import type { LoadOrder } from '../protocol/index.ts'
import { entriesMessageBytes, loadOrderTimeoutMs, recordBytes } from './constants.ts'
import { banRefusal } from './admissionChecks.ts'
import type { ControlLink } from './controlLink.ts'
import type { ControlMessage } from './controlMessages.ts'
import { describeVerdict } from './describeLoadOrder.ts'
import type { SessionEnvironment } from './environment.ts'
import type { Knock } from './knockMessages.ts'
import { compareLoadOrders } from './loadOrderCheck.ts'
import { findingsWithin } from './loadOrderFinding.ts'
import type { RecordedBan } from './moderation/moderationState.ts'
import type { SessionRecord } from './record.ts'

/** Says no to a joiner on the link. */
export type LinkRefusal = Extract<ControlMessage, { type: 'refused' }>

/**
 * Waits for the load order of a candidate ([ADM-9]).
 * @throws ConvoyError `timeout`, `closed` or `aborted`.
 */
export function receiveLoadOrder(
  control: ControlLink,
  { clock, dropped }: SessionEnvironment,
  signal: AbortSignal,
): Promise<LoadOrder> {
  let received = false
  const loadOrder = new Promise<LoadOrder>((resolve, reject) => {
    control.onClosed(() => reject(new ConvoyError('closed', 'The joiner left before it was admitted.')))
    control.onMessage((message) => {
      if (message.type !== 'loadOrder' || received) return dropped.add(`control-unexpected-${message.type}`)
      received = true
      resolve(message.loadOrder)
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
  record: SessionRecord,
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
  if (record.bytes > recordBytes / 2) {
    return refused('session-full', 'This convoy has seen too many come and go. Ask the host to start anew.')
  }
  return undefined
}

/** The committed entries of a record in as few messages as their size allows. */
export function* entryMessages(record: SessionRecord): Generator<ControlMessage> {
  const { epoch, committed } = record
  let entries: Uint8Array[] = []
  let bytes = 0
  for (const entry of record.entries.slice(0, committed)) {
    if (entries.length > 0 && bytes + entry.length > entriesMessageBytes) {
      yield { type: 'entries', epoch, entries, committed: 0 }
      entries = []
      bytes = 0
    }
    entries.push(entry)
    bytes += entry.length + 5
  }
  if (entries.length > 0) yield { type: 'entries', epoch, entries, committed: 0 }
}
