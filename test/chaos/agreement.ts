import type { MemberView } from './memberMessages.ts'
import { decisionIn } from './decisions.ts'

/** What has to hold once faults are over. */
export interface Expected {
  /** Ids of the members that live. */
  readonly living: readonly string[]
  /** Id of the one that was banned; undefined where nobody was. */
  readonly banned: string | undefined
  /** The newest decision that a host said was made. */
  readonly decision: number
  /** How far from where it is a vehicle may be shown, cm. */
  readonly vehicleErrorCm: number
  readonly nameOf: (memberId: string) => string
}

/** What members don't agree on, or what they do although it is wrong, in words; nothing where all is well. */
export function disagreements(views: readonly (MemberView | undefined)[], expected: Expected): string[] {
  const { living, banned, decision, vehicleErrorCm, nameOf } = expected
  const here = views.filter((view) => view !== undefined)
  const found = living
    .filter((id) => !here.some(({ memberId }) => memberId === id))
    .map((id) => `${nameOf(id)} is in no convoy`)
  const same = (what: string, of: (view: MemberView) => unknown): void => {
    const sayings = new Map<string, string[]>()
    for (const view of here) {
      const saying = JSON.stringify(of(view))
      sayings.set(saying, [...(sayings.get(saying) ?? []), nameOf(view.memberId)])
    }
    if (sayings.size <= 1) return
    const sides = [...sayings].map(([saying, names]) => {
      const short = saying.length > longest ? `${saying.slice(0, longest)}…` : saying
      return `${short} (${names.join(', ')})`
    })
    found.push(`they disagree on ${what}: ${sides.join(' / ')}`)
  }
  same('the epoch', ({ epoch }) => epoch)
  same('the host', ({ hostId }) => nameOf(hostId))
  same('who votes', ({ voters }) => voters.map(nameOf).sort())
  same('the roster', ({ roster }) => roster.map(({ id, slot }) => [slot, nameOf(id)]))
  same('the rules', ({ rules }) => rules)
  same('the record', ({ record }) => record)
  const expectedIds = [...living].sort().join()
  for (const view of here) {
    const name = nameOf(view.memberId)
    const others = living.filter((id) => id !== view.memberId)
    const complain = (text: string): void => void found.push(`${name} ${text}`)
    if (view.state !== 'active') complain('has frozen rules')
    if (view.isHost !== (view.hostId === view.memberId)) complain('is not sure whether it is host')
    if (!living.includes(view.hostId)) complain(`follows ${nameOf(view.hostId)}, which is dead`)
    const ids = view.roster.map(({ id }) => id)
    if ([...ids].sort().join() !== expectedIds) complain(`has ${ids.map(nameOf).join(', ')} in its roster`)
    if (banned !== undefined && ids.includes(banned)) complain('has the banned one in its roster')
    if (decisionIn(view.rules) < decision)
      complain(`lost decision ${decision}: it has ${decisionIn(view.rules)}`)
    const unlinked = others.filter((id) => !view.linkedTo.includes(id))
    if (unlinked.length > 0) complain(`has no link to ${unlinked.map(nameOf).join(', ')}`)
    const unseen = others.filter((id) => !view.vehicles.some(({ memberId }) => memberId === id))
    if (unseen.length > 0) complain(`does not see ${unseen.map(nameOf).join(', ')}`)
    for (const { memberId, errorCm } of view.vehicles) {
      if (errorCm > vehicleErrorCm) complain(`sees ${nameOf(memberId)} ${errorCm} cm from where it is`)
    }
  }
  return found
}

/** Characters of a value that people still read. */
const longest = 160
