import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { convoyOnBadNetwork } from './guide/convoyOnBadNetwork.ts'

describe('the example of docs/testing.md', () => {
  it('is the code that runs here', async () => {
    const [guide, code] = await Promise.all(
      ['../../docs/testing.md', './guide/convoyOnBadNetwork.ts'].map((path) =>
        readFile(new URL(path, import.meta.url), 'utf8'),
      ),
    )
    expect(guide).toContain(`\`\`\`ts\n${code}\`\`\`\n`)
  })

  it('sees updates, notices the death of the host, leaves nothing, and repeats', async () => {
    const run = await convoyOnBadNetwork(7)
    // Ten surprises, told twice each, and the heartbeat of a truck that stands in between; less what the network loses.
    expect(run.seen).toBeGreaterThan(25)
    expect(run.takenOverAfterMs).toBeLessThan(16_000)
    expect(run.timersLeft).toBe(0)
    expect(await convoyOnBadNetwork(7)).toEqual(run)
    expect((await convoyOnBadNetwork(8)).trace).not.toBe(run.trace)
  })
})
