import { describe, expect, it } from 'vitest'
import { runSeed } from './runSeed.ts'

/** Sizes of sessions as `npm run simulate` has them. */
const range = { least: 2, most: 24 }
/** Seeds of one test: few enough to show which promise was broken where. */
const seedsPerTest = 20
/** For busy machines; a seed takes about half a second. */
const timeoutMs = 300_000

describe('sessions in which everything goes wrong at random', () => {
  it.each([1, 21, 41, 61, 81])(
    'keep every promise of docs/protocol/11-simulation.md, from seed %i on',
    async (first) => {
      const broken: unknown[] = []
      for (let seed = first; seed < first + seedsPerTest; seed++) {
        const { violations, diverged } = await runSeed({ seed, range, faults: [] })
        for (const violation of violations) broken.push({ seed, ...violation })
        if (diverged) broken.push({ seed, diverged })
      }
      expect(broken).toEqual([])
    },
    timeoutMs,
  )
})
