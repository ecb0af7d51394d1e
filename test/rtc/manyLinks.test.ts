import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Holdings } from './support/manyLinks.ts'

const program = fileURLToPath(new URL('support/manyLinks.ts', import.meta.url))

/**
 * Bytes of heap that may come on top: what V8 caches and compiles meanwhile. It came to 1.2 to 3.2 MB, after a thousand
 * links as after two thousand, and a snapshot showed no object of a link in it.
 */
const heapBytes = 6_000_000

// At the same time, since each mostly waits for its engine to let go.
describe.concurrent(
  'links opened and closed in one process leave heap, sockets, handles and threads as they were:',
  () => {
    it.each([
      ['datachannel', 1_000],
      ['werift', 1_000],
    ] as const)(
      '%s, %i of them',
      async (engine, links) => {
        const { stdout } = await promisify(execFile)(process.execPath, [
          '--expose-gc',
          '--conditions=openconvoy-source',
          program,
          engine,
          String(links),
        ])
        const { before, after } = JSON.parse(stdout) as { before: Holdings; after: Holdings }
        expect(after.heapBytes - before.heapBytes).toBeLessThan(heapBytes)
        const { sockets, handles, threads } = before
        expect(after).toMatchObject({ sockets, handles })
        expect(after.threads ?? 0).toBeLessThanOrEqual(threads ?? 0)
      },
      120_000,
    )
  },
)
