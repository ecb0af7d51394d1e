import { equalBytes, toHex } from '../../core/index.ts'
import { differingRules } from '../../protocol/index.ts'
import type { Decision, HeldEntry } from '../heldEntry.ts'
import type { MutedMedium } from '../moderation/moderationChanges.ts'
import type { Change } from '../recordEntries.ts'
import type { RecordMember, RecordState } from '../recordState.ts'
import type { StateContents } from './stateBytes.ts'

/**
 * What changed between two states, as if it had been decided at once: for those who follow a record of which a snapshot took
 * the place of many entries.
 */
export function newsBetween(before: RecordState, after: RecordState, snapshot: HeldEntry): Decision[] {
  const { epoch, at, signKey } = snapshot
  const all = [
    ...departures(before, after),
    ...arrivals(before, after),
    ...settings(before, after),
    ...bans(before, after),
    ...standings(before, after, at),
  ]
  return all.map((each) => ({ change: each.change, epoch, at: each.at ?? at, signKey: each.by ?? signKey }))
}

interface News {
  readonly change: Change
  /** When it was decided, where that is known. */
  readonly at?: number
  /** Who decided it, where that is known. */
  readonly by?: Uint8Array
}

function isSame(member: RecordMember, other: RecordMember | undefined): boolean {
  return other !== undefined && equalBytes(member.incarnation, other.incarnation)
}

function departures(before: RecordState, after: RecordState): News[] {
  const gone = before.members.filter((member) => !isSame(member, after.member(member.signKey)))
  return gone.map(({ signKey }) => {
    const { reason, detail } = after.departure(signKey) ?? { reason: 'lost' as const, detail: '' }
    return news({ type: 'left', signKey, reason, detail })
  })
}

function arrivals(before: RecordState, after: RecordState): News[] {
  const come = after.members.filter((member) => !isSame(member, before.member(member.signKey)))
  return come.map(({ id: _, joinedAt: __, claims, ...member }) => {
    return news({ type: 'joined', ...member, claims: claims === undefined ? undefined : [...claims] })
  })
}

function settings(before: RecordState, after: RecordState): News[] {
  const changes = differingRules(before.rules, after.rules)
  const time = after.gameTime
  const shared = differences([...before.shared], [...after.shared], ([name]) => name)
  return [
    ...(Object.keys(changes).length === 0 ? [] : [news({ type: 'rules', changes })]),
    ...(time === undefined || textOf(time) === textOf(before.gameTime)
      ? []
      : [news({ type: 'gameTime', ...time })]),
    ...shared.gone.map(([name]) => news({ type: 'shared', name, value: null })),
    ...shared.changed.map(([name, value]) => news({ type: 'shared', name, value })),
  ]
}

function bans(before: RecordState, after: RecordState): News[] {
  const { gone, changed } = differences(
    before.moderation.bans,
    after.moderation.bans,
    ({ subject }) => textOf(subject) ?? '',
  )
  return [
    ...gone.map(({ subject }) => news({ type: 'unbanned', subject })),
    ...changed.map(({ subject, detail, at, until, by }) => {
      const lastsMs = until === null ? null : until - at
      return { change: { type: 'banned' as const, subject, detail, lastsMs }, at, by }
    }),
  ]
}

/** Mutes, roles and restrictions. */
function standings(before: RecordState, after: RecordState, now: number): News[] {
  const [former, present] = [before.contents(), after.contents()]
  const mutes = differences(
    former.moderation.mutes,
    present.moderation.mutes,
    ({ signKey, medium }) => `${toHex(signKey)} ${medium}`,
  )
  const grants = differences(former.moderation.grants, present.moderation.grants, keyOf)
  const restricted = differences(former.restricted, present.restricted, keyOf)
  return [
    ...mutes.gone.map(({ signKey, medium }) => news({ type: 'unmuted', signKey, what: [medium] })),
    ...together(mutes.changed).flatMap(({ mute: { signKey, detail, until, by }, what }) => {
      if (until !== null && until <= now) return []
      const lastsMs = until === null ? null : until - now
      return [{ change: { type: 'muted' as const, signKey, what, detail, lastsMs }, by }]
    }),
    ...grants.changed.map((grant) => news({ type: 'granted', ...grant })),
    ...restricted.gone.map(({ signKey, detail }) =>
      news({ type: 'restricted', signKey, restriction: null, detail }),
    ),
    ...restricted.changed.map((restriction) => news({ type: 'restricted', ...restriction })),
  ]
}

type Mute = StateContents['moderation']['mutes'][number]

/** Mutes of one member that were decided at once. */
function together(mutes: readonly Mute[]): { mute: Mute; what: MutedMedium[] }[] {
  const groups = new Map<string | undefined, { mute: Mute; what: MutedMedium[] }>()
  for (const mute of mutes) {
    const { medium, ...rest } = mute
    const group = groups.get(textOf(rest)) ?? { mute, what: [] }
    group.what.push(medium)
    groups.set(textOf(rest), group)
  }
  return [...groups.values()]
}

/** What is no longer there, and what is new or another one than before. */
function differences<Item>(
  before: readonly Item[],
  after: readonly Item[],
  keyOfItem: (item: Item) => string,
) {
  const former = new Map(before.map((item) => [keyOfItem(item), item]))
  const present = new Set(after.map(keyOfItem))
  return {
    gone: before.filter((item) => !present.has(keyOfItem(item))),
    changed: after.filter((item) => textOf(former.get(keyOfItem(item))) !== textOf(item)),
  }
}

function keyOf({ signKey }: { readonly signKey: Uint8Array }): string {
  return toHex(signKey)
}

function textOf(item: unknown): string | undefined {
  return JSON.stringify(item, (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value))
}

function news(change: Change): News {
  return { change }
}
