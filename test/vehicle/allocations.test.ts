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
      // Room for all garbage of a run, so that none is collected before it is counted.
      '--min-semi-space-size=128',
      '--max-semi-space-size=128',
      '--conditions=openconvoy-source',
      program,
    ])
    const growth = JSON.parse(stdout) as Record<string, number>
    expect(Object.keys(growth)).toEqual(['encode', 'publish', 'receive', 'sample'])
    // Bytes per call. One object or closure a call would be 16 or more; what the collector itself leaves is less than 1.
    for (const [path, bytes] of Object.entries(growth)) expect(bytes, path).toBeLessThan(4)
  })
})
