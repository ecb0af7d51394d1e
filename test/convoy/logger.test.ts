import { describe, expect, it } from 'vitest'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

const extraMod = { mods: [{ package: 'extra', name: 'Extra', optional: false }], dlcs: [] }

describe('the logger', () => {
  it('hears of what the program should know, and may throw without harm', async () => {
    const world = new SimulatedWorld()
    const heard: string[] = []
    const note = (message: string): never => {
      heard.push(message)
      throw new Error('Broken logger')
    }
    const logger = { debug: note, info: note, warn: note, error: note }
    const anna = await world.host('Anna', { logger })
    anna.on('memberJoined', () => {
      throw new Error('Broken listener')
    })
    const ben = await world.join('Ben', anna.invite, { logger })
    const refused = world.join('Cem', anna.invite, { loadOrder: extraMod })
    await expect(refused).rejects.toMatchObject({ code: 'load-order-mismatch' })
    await world.clock.run(1_000)
    expect(heard).toContainEqual(expect.stringContaining('listener'))
    expect([anna.members.length, ben.members.length]).toEqual([2, 2])
    await world.close()
  })
})
