import * as v from 'valibot'
import { displayText } from './fields.ts'
import { limits } from './limits.ts'

/**
 * A digest of a mod's content. Compared within a kind only: the game's own `scs` checksums say nothing about
 * a `sha256` of the file. u64 values are decimal strings, since they exceed 2^53.
 */
export const checksumSchema = v.strictObject({
  kind: displayText(16, 1),
  value: displayText(128, 1),
})

/** One mod as the game names it. */
export const modSchema = v.strictObject({
  /** The package name that identifies the mod, e.g. `promods-def-v284` or `mod_workshop_package.…`. */
  package: displayText(128, 1),
  /** What the game shows for it. */
  name: displayText(128),
  version: v.optional(displayText(32)),
  checksum: v.optional(checksumSchema),
  /** Whether its author marked it optional in multiplayer; counts under the rule `modsOptioning` only. */
  optional: v.optional(v.boolean(), false),
})

/** The ordered mod list, **highest priority first**, and the DLCs that are active. */
export const loadOrderSchema = v.strictObject({
  mods: v.pipe(v.array(modSchema), v.maxLength(limits.loadOrderMods)),
  /** DLC tokens; the order means nothing. */
  dlcs: v.pipe(v.array(displayText(64, 1)), v.maxLength(128)),
})

/** See {@link checksumSchema}. */
export type Checksum = v.InferOutput<typeof checksumSchema>
/** See {@link modSchema}. */
export type Mod = v.InferOutput<typeof modSchema>
/** See {@link loadOrderSchema}. */
export type LoadOrder = v.InferOutput<typeof loadOrderSchema>

/** No mods, no DLCs: what a session without a load order check uses. */
export const emptyLoadOrder: LoadOrder = { mods: [], dlcs: [] }
