import { Encoder } from '@msgpack/msgpack'
import * as v from 'valibot'
import { displayText, limits, modSchema } from '../protocol/index.ts'

/**
 * A place in a mod list, 1 being the highest priority: the topmost one in the game's mod manager. Up to twice
 * the mods of one list, since a joiner's optional mods come on top of the host's.
 */
const position = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 * limits.loadOrderMods))

/** What names a mod to the game and to people. */
const modName = v.strictObject({ package: modSchema.entries.package, name: modSchema.entries.name })

/** Where a mod belongs: its place once every finding is settled, and the mod right below it (null: at the bottom). */
const destination = { expectedPosition: position, above: v.nullable(modName) }

const version = v.nullable(displayText(32))
const digest = displayText(128, 1)

/**
 * One way in which a joiner's load order differs from the host's. `position` is the mod's place in the
 * joiner's list, `yours` is what the joiner has. See docs/protocol/04a-load-order.md.
 */
export const findingSchema = v.variant('kind', [
  /** The session needs this DLC and the joiner's game does not have it active. */
  v.strictObject({ kind: v.literal('missing-dlc'), dlc: displayText(64, 1) }),
  /** The host has this mod, the joiner does not. */
  v.strictObject({ kind: v.literal('missing'), mod: modName, version, ...destination }),
  /** The same mod in another version. */
  v.strictObject({
    kind: v.literal('version'),
    mod: modName,
    position,
    yours: displayText(32),
    hosts: displayText(32),
  }),
  /** The same mod, as far as its version tells, with other content. */
  v.strictObject({
    kind: v.literal('checksum'),
    mod: modName,
    position,
    version,
    checksumKind: displayText(16, 1),
    yours: digest,
    hosts: digest,
  }),
  /** The joiner has this mod, the host does not. */
  v.strictObject({ kind: v.literal('extra'), mod: modName, position, version }),
  /** Two mods stand in each other's place: `upper` belongs where `lower` is now, above it. */
  v.strictObject({
    kind: v.literal('swapped'),
    upper: v.strictObject({ mod: modName, position }),
    lower: v.strictObject({ mod: modName, position }),
  }),
  /** A mod stands too high or too low. */
  v.strictObject({ kind: v.literal('misplaced'), mod: modName, position, ...destination }),
])

/** See {@link findingSchema}. */
export type Finding = v.InferOutput<typeof findingSchema>

/** The package and the shown name of a mod in a {@link Finding}. */
export type ModName = v.InferOutput<typeof modName>

/**
 * The most findings one comparison can have: each mod of the host is missing or both wrong in itself and
 * misplaced, each mod of the joiner extra, and every DLC missing.
 */
export const mostFindings = 2 * limits.loadOrderMods + 128

/**
 * As many of `findings`, from the first on, as take at most `maxBytes` as MessagePack: what goes into one
 * refusal message however long the lists are.
 */
export function findingsWithin(findings: readonly Finding[], maxBytes: number): Finding[] {
  const encoder = new Encoder()
  // An array's header takes up to 5 bytes.
  let bytes = 5
  const fitting: Finding[] = []
  for (const finding of findings) {
    bytes += encoder.encodeSharedRef(finding).length
    if (bytes > maxBytes) break
    fitting.push(finding)
  }
  return fitting
}
