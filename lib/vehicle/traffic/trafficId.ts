/** Vehicles that one process of a member may spawn in its life: two a second for three months. */
const spawnsPerMember = 2 ** 24

/**
 * The id of a vehicle of traffic: unique in the session, and nobody else's to give out.
 * @param joinedAt - number of the record's entry that admitted the spawner, which no other process ever shares.
 * @param count - vehicles that it spawned so far, this one included.
 */
export function trafficId(joinedAt: number, count: number): number {
  return joinedAt * spawnsPerMember + count
}

/** Number of the entry that admitted who spawned the vehicle. */
export function spawnerOf(id: number): number {
  return Math.floor(id / spawnsPerMember)
}
