import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('heapGrowth.ts', import.meta.url))

describe('holding updates against the rules', () => {
  // In a process of its own, whose garbage collector can be asked for, and which nothing else disturbs.
  it('[ENF-1] allocates nothing per update', async () => {
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
    const { note, findings } = JSON.parse(stdout) as { note: number; findings: number }
    expect(findings).toBe(0)
    expect(note).toBeLessThan(32)
  })
})
