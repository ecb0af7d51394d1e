import type { Rules } from '../../protocol/index.ts'
import { ownedAtMost } from './constants.ts'
import { fairShares } from './fairShares.ts'
import { spawnerOf } from './trafficId.ts'

/** What limits look at. */
export interface Counted {
  readonly id: number
  readonly ownerId: string
}

/** The most that one member owns. */
export function ownLimit(rules: Rules): number {
  return Math.min(rules.maxAiVehiclesPlayer, ownedAtMost)
}

/**
 * Those of `vehicles` that the rules have room for: the same whoever asks ([TRF-10], [TRF-11]).
 * @param owners - members' ids, by their slots; owners that left come after them.
 * @param trucks - vehicles that members drive.
 */
export function withinLimits<Vehicle extends Counted>(
  vehicles: Iterable<Vehicle>,
  rules: Rules,
  owners: readonly string[],
  trucks: number,
): Set<Vehicle> {
  if (!rules.traffic) return new Set()
  const spawned = new Map<number, number>()
  const byOwner = new Map<string, Vehicle[]>(owners.map((owner) => [owner, []]))
  for (const vehicle of [...vehicles].sort((a, b) => a.id - b.id)) {
    const spawner = spawnerOf(vehicle.id)
    const count = spawned.get(spawner) ?? 0
    let own = byOwner.get(vehicle.ownerId)
    if (own === undefined) byOwner.set(vehicle.ownerId, (own = []))
    if (count >= rules.maxAiVehiclesPlayerSpawn || own.length >= ownLimit(rules)) continue
    spawned.set(spawner, count + 1)
    own.push(vehicle)
  }
  const all = [...byOwner.values()]
  const shares = fairShares(
    all.map((own) => own.length),
    rules.maxVehiclesTotal - trucks,
  )
  return new Set(all.flatMap((own, owner) => own.slice(0, shares[owner])))
}
