import { describe, expect, it } from 'vitest'
import type { Convoy } from '../../lib/index.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

const shownBy = (convoy: Convoy, name: string): unknown =>
  convoy.members.find((member) => member.name === name)?.profile

describe('[CHN-40] profiles', () => {
  it('are seen by everyone, by newcomers too, and as they change', async () => {
    const world = new SimulatedWorld()
    const anna = await world.host('Anna', { profile: { company: 'Nordfrakt' } })
    const ben = await world.join('Ben', anna.invite, { profile: { plates: 'B 1' } })
    const changes = recordOf(anna, 'memberChanged')
    await world.clock.run(500)
    ben.setProfile({ plates: 'B 2', tag: 'lead' })
    const cem = await world.join('Cem', anna.invite)
    await world.clock.runUntil(() => isFullyConnected(cem, 3))
    await world.clock.run(500)
    for (const convoy of [anna, ben, cem]) {
      expect(shownBy(convoy, 'Anna')).toEqual({ company: 'Nordfrakt' })
      expect(shownBy(convoy, 'Ben')).toEqual({ plates: 'B 2', tag: 'lead' })
      expect(shownBy(convoy, 'Cem')).toEqual({})
    }
    expect(changes.filter(({ name }) => name === 'Ben').at(-1)?.profile.tag).toBe('lead')
    await world.close()
    expect(world.clock.pendingTimers).toBe(0)
  })

  it('of a megabyte, with unknown fields, or changing all the time are refused with an error', async () => {
    const world = new SimulatedWorld()
    const megabyte = 'x'.repeat(1_000_000)
    await expect(world.host('Anna', { profile: { paint: megabyte } })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const refused = (code: string): unknown => expect.objectContaining({ code })
    expect(() => ben.setProfile({ company: megabyte })).toThrow(refused('invalid-argument'))
    expect(() => ben.setProfile({ mood: 'fine' } as never)).toThrow(refused('invalid-argument'))
    for (let change = 0; change < 5; change++) ben.setProfile({ tag: `${change}` })
    expect(() => ben.setProfile({ tag: '5' })).toThrow(refused('rate-limited'))
    await world.clock.run(500)
    expect(shownBy(anna, 'Ben')).toEqual({ tag: '4' })
    await world.close()
  })

  it('are gone with their member, and come back with it', async () => {
    const world = new SimulatedWorld()
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite, { profile: { tag: 'old' } })
    await world.clock.run(500)
    await world.clock.complete(ben.close())
    await world.clock.run(500)
    await world.join('Ben', anna.invite)
    await world.clock.run(500)
    expect(shownBy(anna, 'Ben')).toEqual({})
    await world.close()
  })
})
