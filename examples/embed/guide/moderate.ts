import { isConvoyError, type Convoy, type Member } from 'openconvoy'

const weekMs = 7 * 24 * 3_600_000

/** What to offer in the menu of `member`: only what this member may do to it. */
export function actionsOn(convoy: Convoy, member: Member): Record<string, () => Promise<void>> {
  const actions: Record<string, () => Promise<void>> = {}
  const { scopes } = convoy.self
  if (member.presence === 'self' || member.role === 'host') return actions
  if (scopes.includes('mute'))
    actions['Mute for ten minutes'] = () => convoy.mute(member.id, { expiresInMs: 600_000, reason: 'Spam.' })
  if (scopes.includes('kick'))
    actions.Kick = () => convoy.kick(member.id, { reason: 'Take a break.', coolOffMs: 300_000 })
  if (scopes.includes('ban'))
    actions['Ban for a week'] = () => convoy.ban(member.id, { reason: 'Ramming.', expiresInMs: weekMs })
  if (scopes.includes('grant')) actions['Make staff'] = () => convoy.setRole(member.id, 'staff')
  return actions
}

/** Says when a joiner who was refused may try again; undefined where that is not known. */
export function waitSeconds(error: unknown): number | undefined {
  if (!isConvoyError(error) || typeof error.details !== 'object' || error.details === null) return undefined
  const { waitMs } = error.details as { waitMs?: number }
  return waitMs === undefined ? undefined : Math.ceil(waitMs / 1_000)
}
