import * as v from 'valibot'

/**
 * What somebody may do besides driving and talking: remove members (`kick`, `ban`), `mute` them, change `rules` or the game's
 * `time`, hand on scopes (`grant`), make invites (`invite`), and read `report`s.
 */
export const moderationScopes = ['kick', 'ban', 'mute', 'rules', 'time', 'grant', 'invite', 'report'] as const

/** See {@link moderationScopes}. */
export type ModerationScope = (typeof moderationScopes)[number]

/** Roles that can be given; the host's goes with authority. */
export const grantedRole = v.picklist(['moderator', 'staff', 'member'])

/** See {@link grantedRole}. */
export type GrantedRole = v.InferOutput<typeof grantedRole>

/** Who somebody is in a session. */
export type Role = 'host' | GrantedRole

/** What a role is given where nothing else is said. */
export const usualScopes: Readonly<Record<Role, readonly ModerationScope[]>> = {
  host: moderationScopes,
  moderator: ['kick', 'ban', 'mute', 'rules', 'time', 'invite', 'report'],
  staff: ['kick', 'mute', 'report'],
  member: [],
}

const ranks: Readonly<Record<Role, number>> = { host: 3, moderator: 2, staff: 1, member: 0 }

/** The higher, the more: nobody acts on those of their own rank, or above. */
export const rankOf = (role: Role): number => ranks[role]
