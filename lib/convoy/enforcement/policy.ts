import * as v from 'valibot'
import { ConvoyError } from '../../core/index.ts'
import { enforcedKinds, type EnforcedKind } from './kinds.ts'

/**
 * After how many offences of a kind within {@link EnforcementPolicy.forgetMs} the host does what; null for never. An offence that
 * lasts counts anew every ten seconds (`idle`: thirty).
 */
export interface EnforcementSteps {
  /** The player is told: see the event `warned`. */
  readonly warn: number | null
  /** Everyone shows the vehicle as a ghost that collides with nothing, until the offences are forgotten. */
  readonly slowLane: number | null
  /** The member is removed, with the reason; it may come back. */
  readonly kick: number | null
}

/** How a host acts on what is seen of members. */
export interface EnforcementPolicy {
  /** By kind; those that are left out go by the defaults. */
  readonly steps: Readonly<Record<EnforcedKind, EnforcementSteps>>
  /** How many members have to say the same of somebody where the host has not seen it itself (default 3). */
  readonly witnesses: number
  /** How long an offence counts, ms (default five minutes). */
  readonly forgetMs: number
}

/** What differs from {@link defaultPolicy}. */
export interface EnforcementOptions {
  readonly steps?: Partial<Readonly<Record<EnforcedKind, Partial<EnforcementSteps>>>>
  readonly witnesses?: number
  readonly forgetMs?: number
}

/**
 * What a host does unless its program says otherwise. Nobody is kicked for how they drive: the slow lane protects the others just as well, and
 * a false alarm costs little. Who floods, idles or lags is not put into it, since that helps nobody; those go in the end.
 */
export const defaultPolicy: EnforcementPolicy = {
  steps: {
    // Half a minute of it.
    speed: { warn: 1, slowLane: 4, kick: null },
    // Each of these is hardly ever an accident.
    acceleration: { warn: 1, slowLane: 3, kick: null },
    teleport: { warn: 1, slowLane: 3, kick: null },
    class: { warn: 1, slowLane: 3, kick: null },
    traffic: { warn: 1, slowLane: null, kick: 6 },
    rate: { warn: 1, slowLane: null, kick: 6 },
    ghosting: { warn: 1, slowLane: 3, kick: null },
    // A minute and a half above the limit that the host set.
    ping: { warn: 1, slowLane: null, kick: 9 },
    // A minute after the warning.
    idle: { warn: 1, slowLane: null, kick: 3 },
  },
  witnesses: 3,
  forgetMs: 5 * 60_000,
}

/** Offences of a kind that are remembered of one member, and may be asked for. */
export const mostOffences = 100

const after = v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(mostOffences))))
const optionsSchema = v.strictObject({
  steps: v.optional(
    v.strictObject(
      Object.fromEntries(
        enforcedKinds.map((kind) => [
          kind,
          v.optional(v.strictObject({ warn: after, slowLane: after, kick: after })),
        ]),
      ),
    ),
  ),
  witnesses: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(64))),
  forgetMs: v.optional(v.pipe(v.number(), v.minValue(10_000), v.maxValue(24 * 3_600_000))),
})

/** @throws ConvoyError `invalid-argument` that names what is wrong. */
export function policyOf(options: EnforcementOptions = {}): EnforcementPolicy {
  const checked = v.safeParse(optionsSchema, options)
  if (!checked.success) {
    const [issue] = checked.issues
    const where = ['enforcement', v.getDotPath(issue)].filter(Boolean).join('.')
    throw new ConvoyError('invalid-argument', `The option "${where}" is not valid: ${issue.message}.`)
  }
  const { steps = {}, witnesses = defaultPolicy.witnesses, forgetMs = defaultPolicy.forgetMs } = options
  const merged = enforcedKinds.map((kind) => [kind, { ...defaultPolicy.steps[kind], ...steps[kind] }])
  return {
    steps: Object.fromEntries(merged) as Record<EnforcedKind, EnforcementSteps>,
    witnesses,
    forgetMs,
  }
}
