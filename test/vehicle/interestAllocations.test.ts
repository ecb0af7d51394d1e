import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('support/interestGrowth.ts', import.meta.url))

describe('interest and budgets', () => {
  // In a process of its own, whose garbage collector can be asked for, and which nothing else disturbs.
  it('allocate no object per vehicle judged or datagram sent', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      // Room for all garbage of a round, so that none is collected before it is counted.
      '--min-semi-space-size=128',
      '--max-semi-space-size=128',
      // Compiled at fixed moments instead of whenever another thread is done: the same figures each time.
      '--no-concurrent-recompilation',
      '--conditions=openconvoy-source',
      program,
    ])
    const bytesPerCall = JSON.parse(stdout) as Record<string, number>
    expect(Object.keys(bytesPerCall)).toEqual(['judge', 'spend'])
    // 56 and 5 where this was written: fractions that the engine hands from one function to another on the heap, 16 bytes
    // each. A vehicle is judged twice a second for each recipient; an interest made anew would take 56 more.
    expect(bytesPerCall.judge).toBeLessThan(80)
    expect(bytesPerCall.spend).toBeLessThan(16)
  })
})
