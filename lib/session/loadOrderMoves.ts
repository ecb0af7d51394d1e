/** How to bring a sequence into order: which places change places, then which elements move. */
export interface Moves {
  /** Pairs of indices whose elements stand in each other's place, the lower index first. */
  swaps: readonly (readonly [number, number])[]
  /** Indices of the elements that have to move; all others keep their relative order. */
  moved: ReadonlySet<number>
}

/**
 * The shortest explanation of why `ranks` is out of order ([LOD-7]). `ranks` holds each number from 0 to
 * n − 1 once: where the element at each index belongs.
 *
 * Elements outside a longest increasing subsequence are the fewest that have to move. Where two elements stand
 * in each other's place, saying so takes one finding instead of two.
 */
export function explainOrder(ranks: readonly number[]): Moves {
  const movesOnly = outsideLongestIncreasing(ranks)
  const swaps: [number, number][] = []
  const swappedRanks = [...ranks]
  for (const [index, rank] of ranks.entries()) {
    if (rank > index && ranks[rank] === index) {
      swaps.push([index, rank])
      swappedRanks[index] = index
      swappedRanks[rank] = rank
    }
  }
  const moved = outsideLongestIncreasing(swappedRanks)
  const shorter = swaps.length + moved.size <= movesOnly.size
  // A mod that changes places and then moves as well would have two findings that contradict each other.
  const distinct = swaps.every((pair) => pair.every((index) => !moved.has(index)))
  return shorter && distinct ? { swaps, moved } : { swaps: [], moved: movesOnly }
}

/** Indices of the elements outside one longest increasing subsequence: patience sorting, n log n. */
function outsideLongestIncreasing(ranks: readonly number[]): Set<number> {
  /** Per length, the index of the smallest element that ends an increasing subsequence of that length. */
  const ends: number[] = []
  const before: number[] = []
  for (const [index, rank] of ranks.entries()) {
    const length = firstNotBelow(ends, ranks, rank)
    before.push(length === 0 ? -1 : (ends[length - 1] as number))
    ends[length] = index
  }
  const outside = new Set(ranks.keys())
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index] as number) outside.delete(index)
  return outside
}

/** The first place in `ends` whose element is not below `rank`. */
function firstNotBelow(ends: readonly number[], ranks: readonly number[], rank: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranks[ends[middle] as number] as number) < rank) low = middle + 1
    else high = middle
  }
  return low
}
