import { describe, expect, it } from 'vitest'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

async function joining(hosted: Record<string, number>, theirs?: Record<string, number>): Promise<unknown> {
  const world = new SimulatedWorld()
  const anna = await world.host('Anna', { channels: hosted })
  const outcome = await world
    .join('Ben', anna.invite, theirs === undefined ? {} : { channels: theirs })
    .then(() => 'joined')
    .catch((error: unknown) => error)
  await world.close()
  return outcome
}

describe('[ADM-15] versions of channels', () => {
  it('that differ are an error at joining that names the channel and both versions', async () => {
    expect(await joining({ cargo: 2, jobs: 1 }, { jobs: 1, cargo: 1 })).toMatchObject({
      code: 'channel-mismatch',
      message: expect.stringMatching(/version 2 of the channel "cargo", you have 1/) as string,
    })
  })

  it('that are the same, or that one side has none of, keep nobody out', async () => {
    expect(await joining({ cargo: 2 }, { cargo: 2 })).toBe('joined')
    expect(await joining({ cargo: 2 }, { tag: 7 })).toBe('joined')
    expect(await joining({ cargo: 2 })).toBe('joined')
    expect(await joining({}, { constructor: 3 })).toBe('joined')
  })

  it('that no knock can hold are refused before anyone is asked', async () => {
    expect(await joining({ cargo: 1 }, { cargo: -1 })).toMatchObject({ code: 'invalid-argument' })
    expect(await joining({ cargo: 1 }, { ['c'.repeat(25)]: 1 })).toMatchObject({ code: 'invalid-argument' })
  })
})
