import { describe, expect, it } from 'vitest'
import { recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

describe('chat with somebody who has just joined', () => {
  it('[CHN-3] a text that the host sends as soon as it hears of a member reaches that member', async () => {
    const world = new SimulatedWorld()
    const anna = await world.host('Anna')
    anna.on('memberJoined', ({ id }) => anna.sendChat('Welcome!', id))
    const ben = await world.join('Ben', anna.invite)
    const texts = recordOf(ben, 'chat')
    await world.clock.run(1_000)
    expect(texts.map(({ text }) => text)).toEqual(['Welcome!'])
    await world.close()
  })

  it('[CHN-3] the host hears of a member when it can reach it, and of its leaving only after that', async () => {
    const world = new SimulatedWorld()
    const anna = await world.host('Anna')
    const story: string[] = []
    anna.on('memberJoined', ({ name, presence }) => story.push(`${name} joined, ${presence}`))
    anna.on('memberLeft', ({ member }) => story.push(`${member.name} left`))
    const ben = await world.join('Ben', anna.invite)
    await world.clock.run(500)
    await world.clock.complete(ben.close())
    await world.clock.run(2_000)
    expect(story).toEqual(['Ben joined, connected', 'Ben left'])
    await world.close()
  })
})
