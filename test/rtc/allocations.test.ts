import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('support/heapGrowth.ts', import.meta.url))

// In a process of its own, whose garbage collector can be asked for, and which nothing else disturbs.
it('a datagram allocates nothing, neither going out of a link nor coming in', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    // Room for all garbage of a run, so that none is collected before it is counted.
    '--min-semi-space-size=128',
    '--max-semi-space-size=128',
    '--conditions=openconvoy-source',
    program,
  ])
  const { exchange, dropped } = JSON.parse(stdout) as { exchange: number; dropped: object }
  expect(dropped).toEqual({})
  // Bytes for one out and one in. One object or closure would be 16 or more; what the collector itself leaves is less than 1.
  expect(exchange).toBeLessThan(4)
})
