import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('heapGrowth.ts', import.meta.url))

it('receiving and sampling traffic allocates nothing beyond what playout does', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    // Room for all garbage of a round, so that none is collected before it is counted.
    '--min-semi-space-size=128',
    '--max-semi-space-size=128',
    // Compiled at fixed moments: the same figures each time.
    '--no-concurrent-recompilation',
    '--conditions=openconvoy-source',
    program,
  ])
  const { receive, sample, playoutReceive, playoutSample } = JSON.parse(stdout) as Record<string, number>
  // An object of one field has 16; an engine may hand a fractional number on over the heap now and then.
  expect((receive ?? NaN) - (playoutReceive ?? NaN)).toBeLessThan(32)
  // Of twenty vehicles.
  expect((sample ?? NaN) - (playoutSample ?? NaN)).toBeLessThan(32)
})
