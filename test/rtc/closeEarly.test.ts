import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('support/closeEarly.ts', import.meta.url))

/** How long a closed connection may keep its process, on a busy machine; by itself werift did for 33 s, node-datachannel for good. */
const lingerMs = 15_000

describe('a process ends by itself after connections were closed while they came about:', () => {
  it.each([
    // Of a hundred pairs one was never freed.
    ['datachannel', 700],
    ['werift', 28],
  ] as const)(
    '%s, %i pairs',
    async (engine, pairs) => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--conditions=openconvoy-source', program, engine, String(pairs)],
        { timeout: 90_000 },
      )
      expect(Number(stdout)).toBeLessThan(lingerMs)
    },
    120_000,
  )
})
