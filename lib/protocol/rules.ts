import * as v from 'valibot'
import { ConvoyError } from '../core/index.ts'
import { displayText, token, vehicleClass } from './fields.ts'
import { limits } from './limits.ts'

const wholeNumber = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))

/**
 * The host's settings. Names and defaults of the first group are those of the game's dedicated server
 * (`server_config.sii`), in camelCase; its password is an option of `hostConvoy` and never part of the rules.
 */
export const rulesSchema = v.strictObject({
  lobbyName: v.optional(displayText(63), ''),
  description: v.optional(displayText(63), ''),
  welcomeMessage: v.optional(displayText(127), ''),
  /** The game's limit is 8; ours is {@link limits.convoyMembers}. Counts the host. */
  maxPlayers: v.optional(wholeNumber(1, limits.convoyMembers), 8),
  maxVehiclesTotal: v.optional(wholeNumber(0, 1_000), 100),
  maxAiVehiclesPlayer: v.optional(wholeNumber(0, 1_000), 50),
  maxAiVehiclesPlayerSpawn: v.optional(wholeNumber(0, 1_000), 50),
  playerDamage: v.optional(v.boolean(), true),
  traffic: v.optional(v.boolean(), true),
  hideInCompany: v.optional(v.boolean(), false),
  hideColliding: v.optional(v.boolean(), false),
  forceSpeedLimiter: v.optional(v.boolean(), false),
  /** With it, mods marked optional really are optional. */
  modsOptioning: v.optional(v.boolean(), false),
  timezones: v.optional(wholeNumber(0, 2), 0),
  /** True: no collisions in service areas. */
  serviceNoCollision: v.optional(v.boolean(), false),
  /** True: no collisions while paused. */
  inMenuGhosting: v.optional(v.boolean(), false),
  nameTags: v.optional(v.boolean(), true),
  friendsOnly: v.optional(v.boolean(), false),
  /** Whether the session is in the public list of the rendezvous it is announced on. */
  showServer: v.optional(v.boolean(), true),
  /** Fingerprints of the members that moderate. */
  moderatorList: v.optional(v.pipe(v.array(token(64)), v.maxLength(64)), []),
  // Ours besides
  /** Advisory, km/h; null for none. */
  speedLimit: v.optional(v.nullable(wholeNumber(1, 200)), null),
  /** The classes that may join. */
  vehicleClasses: v.optional(v.pipe(v.array(vehicleClass), v.maxLength(8)), ['truck', 'car', 'bus']),
  /** Whether members without a vehicle may join. */
  spectators: v.optional(v.boolean(), true),
  /** Milliseconds; null for none. */
  pingLimit: v.optional(v.nullable(wholeNumber(1, 10_000)), null),
  /** Seconds without moving; null for none. */
  afkTimeout: v.optional(v.nullable(wholeNumber(10, 86_400)), null),
  /** Names of the claims a joiner must show. */
  requiredClaims: v.optional(v.pipe(v.array(token(64)), v.maxLength(16)), []),
  /** Metres. */
  chatRange: v.optional(wholeNumber(1, 1_000_000), 500),
  /** Metres. */
  radioRange: v.optional(wholeNumber(1, 1_000_000), 500),
})

/** See {@link rulesSchema}. */
export type Rules = v.InferOutput<typeof rulesSchema>

/** What the rules are when the host sets none. */
export const defaultRules: Rules = v.parse(rulesSchema, {})

/** Some of the rules: what a change names. */
export const rulesChangesSchema = v.partial(rulesSchema)

/** See {@link rulesChangesSchema}. */
export type RulesChanges = v.InferOutput<typeof rulesChangesSchema>

/** `rules` with what `changes` names. */
export function changeRules(rules: Rules, changes: RulesChanges): Rules {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined)
  return { ...rules, ...(Object.fromEntries(named) as Partial<Rules>) }
}

/** Those of `changes` that are not in force already. */
export function differingRules(rules: Rules, changes: RulesChanges): RulesChanges {
  const differing = Object.entries(changes).filter(([name, value]) => {
    const inForce = rules[name as keyof Rules]
    return value !== undefined && JSON.stringify(value) !== JSON.stringify(inForce)
  })
  return Object.fromEntries(differing)
}

/**
 * Checks rules that an embedding program set.
 * @throws ConvoyError `invalid-argument` that names the rule.
 */
export function parseRulesChanges(changes: unknown): RulesChanges {
  const checked = v.safeParse(rulesChangesSchema, changes)
  if (checked.success) return checked.output
  const [issue] = checked.issues
  const rule = v.getDotPath(issue) ?? 'rules'
  throw new ConvoyError('invalid-argument', `The rule "${rule}" is not valid: ${issue.message}.`)
}
