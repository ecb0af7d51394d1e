import type { EnforcedKind } from './kinds.ts'
import type { Warning } from './warning.ts'

/** Why, in a sentence for the player. */
const reasons: Readonly<Record<EnforcedKind, (measured: number, limit: number) => string>> = {
  speed: (measured, limit) => `You drive ${whole(measured)} km/h where ${whole(limit)} are allowed.`,
  acceleration: (measured, limit) =>
    `Your vehicle ${measured > 0 ? 'gains' : 'loses'} ${whole(Math.abs(measured))} m/s each second; no vehicle does more than ${whole(Math.abs(limit))}.`,
  teleport: (measured) => `Your vehicle jumped ${whole(measured)} m further than its speed explains.`,
  class: () => 'The rules no longer allow what you joined as.',
  traffic: () => 'You keep more traffic than the rules leave you.',
  rate: () => 'You send more messages than anybody may.',
  ghosting: (measured) =>
    `You have driven as a ghost for ${whole(measured)} s, which the rules don't allow here.`,
  ping: (measured, limit) => `Your connection takes ${whole(measured)} ms; the limit is ${whole(limit)} ms.`,
  idle: (measured, limit) => `You have not moved for ${whole(measured)} s; the limit is ${whole(limit)} s.`,
}

/** Why somebody was warned or removed. */
export function reasonFor(kind: EnforcedKind, measured: number, limit: number): string {
  return reasons[kind](measured, limit)
}

/** What a player is shown. */
export function textOf({ kind, action, measured, limit }: Warning): string {
  if (action === 'released') return 'You are out of the slow lane: others can touch your vehicle again.'
  const reason = reasonFor(kind, measured, limit)
  return action === 'warning'
    ? reason
    : `${reason} Until that has been over for a while you are in the slow lane: nobody can touch your vehicle.`
}

function whole(value: number): string {
  return String(Math.round(value))
}
