import * as v from 'valibot'

/**
 * What members are held to: `speed` (`speedLimit`, `forceSpeedLimiter`), `acceleration` that no truck has, `teleport` beyond ferries,
 * services and fast travel, `class` (`vehicleClasses`, `spectators`), `traffic` beyond its quota, `rate` of messages,
 * `ghosting` where no rule allows it, `ping` (`pingLimit`) and `idle` (`afkTimeout`).
 */
export const enforcedKind = v.picklist([
  'speed',
  'acceleration',
  'teleport',
  'class',
  'traffic',
  'rate',
  'ghosting',
  'ping',
  'idle',
])

/** See {@link enforcedKind}. */
export type EnforcedKind = v.InferOutput<typeof enforcedKind>

/** All of them. */
export const enforcedKinds: readonly EnforcedKind[] = enforcedKind.options

/** Those that only the host can tell: by its own links, or by the record. */
const hostsOwn: ReadonlySet<EnforcedKind> = new Set(['class', 'ping'])

/** Those that are about a vehicle: who has none can't be seen at them. */
const ofVehicles: ReadonlySet<EnforcedKind> = new Set([
  'speed',
  'acceleration',
  'teleport',
  'traffic',
  'ghosting',
  'idle',
])

/** Whether members may tell the host of it. */
export function isReportable(kind: EnforcedKind): boolean {
  return !hostsOwn.has(kind)
}

/** Whether it takes a vehicle. */
export function takesVehicle(kind: EnforcedKind): boolean {
  return ofVehicles.has(kind)
}
