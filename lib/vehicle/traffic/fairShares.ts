/**
 * How many of the vehicles of each owner fit into `room`: all of them, or as even shares as can be, what is left over
 * going to those listed first. All members come to the same shares without asking anybody, nobody is crowded out, and
 * what one doesn't need is there for the others ([TRF-11]).
 * @param counts - vehicles of each owner.
 */
export function fairShares(counts: readonly number[], room: number): number[] {
  const shares = counts.map(() => 0)
  let left = room
  for (;;) {
    const hungry = counts.flatMap((count, owner) => ((shares[owner] ?? 0) < count ? [owner] : []))
    if (hungry.length === 0 || left <= 0) return shares
    const least = Math.min(...hungry.map((owner) => (counts[owner] ?? 0) - (shares[owner] ?? 0)))
    const step = Math.max(1, Math.min(least, Math.floor(left / hungry.length)))
    for (const owner of hungry.slice(0, left)) {
      shares[owner] = (shares[owner] ?? 0) + step
      left -= step
    }
  }
}
