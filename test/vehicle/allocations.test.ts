import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('support/heapGrowth.ts', import.meta.url))

describe('hot paths', () => {
  // In a process of its own, whose garbage collector can be asked for, and which nothing else disturbs.
  it('allocate nothing per update: publishing, receiving, sampling', async () => {
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
    expect(Object.keys(bytesPerCall)).toEqual([
      'encode',
      'publish',
      'publishNoted',
      'receive',
      'receiveObserved',
      'sample',
    ])
    // 0.002 where this was written. An object of one field has 16; a fractional number that an engine hands from one
    // function to another on the heap has as many, and a new engine may do that now and then.
    for (const [path, bytes] of Object.entries(bytesPerCall)) expect(bytes, path).toBeLessThan(32)
    // 15 s by itself on two cores; other tests may run beside it.
  }, 90_000)
})
