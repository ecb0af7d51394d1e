/** A position, metres. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly z: number
}

/** A member that would take vehicles over. */
export interface Candidate {
  readonly id: string
  /** Vehicles it may still be given. */
  room: number
  /** Where its truck is; undefined while it is not placed. */
  readonly place: Place | undefined
}

/** Metres between two places, straight; Infinity where one is not known. */
export function metresBetween(a: Place | undefined, b: Place | undefined): number {
  if (a === undefined || b === undefined) return Infinity
  const dx = a.x - b.x
  const dy = a.y - b.y
  const dz = a.z - b.z
  return Math.sqrt(dx * dx + dy * dy + dz * dz)
}

/** Of `candidates` with room, in the order of their slots, the one nearest to `place`, other than `exceptId`. */
export function nearestTo(
  place: Place,
  candidates: readonly Candidate[],
  exceptId: string,
): Candidate | undefined {
  let best: Candidate | undefined
  for (const candidate of candidates) {
    if (candidate.id === exceptId || candidate.room <= 0) continue
    if (best === undefined || metresBetween(candidate.place, place) < metresBetween(best.place, place)) {
      best = candidate
    }
  }
  return best
}
