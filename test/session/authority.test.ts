import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Convoy } from '../../lib/index.ts'
import { recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
beforeEach(() => {
  world = new SimulatedWorld()
})
afterEach(async () => {
  await world.close()
})

describe('rules', () => {
  it('[RUL-2] change while driving, and everyone sees what, by whom and when', async () => {
    const [anna, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    const changes = recordOf(ben, 'rulesChanged')
    await world.clock.complete(anna.setRules({ speedLimit: 80, traffic: false, nameTags: true }))
    await world.clock.run(500)
    expect(changes).toHaveLength(1)
    expect(changes[0]).toMatchObject({ changed: ['traffic', 'speedLimit'], by: { name: 'Anna' } })
    expect(changes[0]?.at).toBeCloseTo(world.clock.wallTime(), -4)
    for (const convoy of [anna, ben, cem])
      expect(convoy.rules).toMatchObject({ speedLimit: 80, traffic: false })
  })

  it('[RUL-1] that are out of range are refused, naming the rule', async () => {
    const anna = await world.host('Anna')
    await expect(anna.setRules({ maxPlayers: 1_000 })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('maxPlayers') as unknown,
    })
    await expect(world.host('Bea', { rules: { lobbyName: 'x'.repeat(64) } })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })

  it('[RUL-2] apply to those who join later', async () => {
    const anna = await world.host('Anna')
    await world.clock.complete(anna.setRules({ speedLimit: 60 }))
    const ben = await world.join('Ben', anna.invite)
    expect(ben.rules.speedLimit).toBe(60)
  })

  it('[RUL-3] are the host’s alone to change', async () => {
    const [, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    await expect(ben.setRules({ speedLimit: 200 })).rejects.toMatchObject({ code: 'not-permitted' })
  })
})

describe('a member that the host removes', () => {
  it('[MOD-1] learns why and may come back after a kick', async () => {
    const [anna, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    const removed = recordOf(ben, 'removed')
    const closed = recordOf(ben, 'closed')
    const left = recordOf(cem, 'memberLeft')
    await world.clock.complete(anna.kick(ben.self.id, 'Please park properly.'))
    await world.clock.run(2_000)
    expect(removed).toEqual([{ reason: 'kicked', detail: 'Please park properly.' }])
    expect(closed).toHaveLength(1)
    expect(left.map(({ member, reason }) => [member.name, reason])).toEqual([['Ben', 'kicked']])
    await expect(world.join('Ben', anna.invite)).resolves.toBeDefined()
  })

  it('[MOD-2] stays out after a ban', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    await world.clock.complete(anna.ban(ben.self.id, 'Ramming.'))
    await world.clock.run(2_000)
    expect(anna.members).toHaveLength(1)
    await expect(world.join('Ben', anna.invite)).rejects.toMatchObject({ code: 'banned' })
  })

  it('[MOD-1] is an error for an id that nobody has, or one’s own', async () => {
    const anna = await world.host('Anna')
    for (const id of ['nobody', anna.self.id]) {
      await expect(anna.kick(id)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })
})

describe('chat', () => {
  it('[CHT-1] reaches all, or one only', async () => {
    const [anna, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    const atAnna = recordOf(anna, 'chat')
    const atCem = recordOf(cem, 'chat')
    ben.sendChat('Hello all')
    ben.sendChat('Just you', anna.self.id)
    await world.clock.run(500)
    expect(atAnna.map(({ text, from, to }) => [text, from.name, to?.name ?? null])).toEqual([
      ['Hello all', 'Ben', null],
      ['Just you', 'Ben', 'Anna'],
    ])
    expect(atCem.map(({ text }) => text)).toEqual(['Hello all'])
  })

  it('[CHT-2] refuses texts that are empty, too long or hold control characters', async () => {
    const [, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    for (const text of ['', 'x'.repeat(501), 'beep\u0007', 'a\u202eb']) {
      expect(() => ben.sendChat(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
    expect(() => ben.sendChat('hi', 'nobody')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('[CHT-3] from a flooding member is cut to its budget and counted', async () => {
    const budgets = { channelMessagesPerSecond: 10, channelMessagesAtOnce: 20 }
    const anna = await world.host('Anna', { budgets })
    const ben = await world.join('Ben', anna.invite)
    const atAnna = recordOf(anna, 'chat')
    for (let index = 0; index < 200; index++) {
      ben.sendChat(`flood ${index}`)
      await world.clock.run(20)
    }
    await world.clock.run(1_000)
    expect(atAnna.length).toBeLessThan(120)
    expect(anna.stats().dropped['channel-rate']).toBeGreaterThan(80)
    expect(anna.stats().members).toMatchObject([
      { memberId: ben.self.id, dropped: { 'channel-rate': 200 - atAnna.length } },
    ])
  })

  it('[CHT-3] beyond what every receiver takes is refused to its author', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const atAnna = recordOf(anna, 'chat')
    for (let index = 0; index < 50; index++) ben.sendChat(`line ${index}`)
    expect(() => ben.sendChat('one more')).toThrow(expect.objectContaining({ code: 'rate-limited' }))
    await world.clock.run(1_000)
    ben.sendChat('later')
    await world.clock.run(500)
    expect(atAnna.length).toBe(51)
  })
})
