import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeInvite, type Convoy } from '../../lib/index.ts'
import { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld

beforeEach(() => {
  world = new SimulatedWorld()
})

afterEach(async () => {
  await world.close()
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
})

type Four = [Convoy, Convoy, Convoy, Convoy]
/** Anna hosts, Ben moderates, Cem and Dora are members. */
async function four(): Promise<Four> {
  const all = (await world.convoy('Anna', 'Ben', 'Cem', 'Dora')) as Four
  await done(all[0].setRole(all[1].self.id, 'moderator'))
  await world.clock.run(200)
  return all
}

const done = <T>(promise: Promise<T>): Promise<T> => world.clock.complete(promise)
const names = (convoy: Convoy): string[] => convoy.members.map(({ name }) => name)
const roleOf = (convoy: Convoy, name: string) => convoy.members.find((each) => each.name === name)?.role

describe('roles', () => {
  it('[MOD-3] are seen by all, newcomers included, with the scopes that they bring', async () => {
    const [anna, ben, cem, dora] = await four()
    await done(anna.setRole(cem.self.id, 'staff'))
    await world.clock.run(200)
    const emil = await world.join('Emil', anna.invite)
    for (const convoy of [anna, ben, cem, dora, emil]) {
      expect(['Anna', 'Ben', 'Cem', 'Dora'].map((name) => roleOf(convoy, name))).toEqual([
        'host',
        'moderator',
        'staff',
        'member',
      ])
    }
    expect(ben.self.scopes).toEqual(['kick', 'ban', 'mute', 'rules', 'time', 'invite', 'report'])
    expect(cem.self.scopes).toEqual(['kick', 'mute', 'report'])
    expect(dora.self.scopes).toEqual([])
  })

  it('[MOD-3] stay with an identity that leaves and comes back', async () => {
    const [anna, ben] = await four()
    await done(ben.close())
    await world.clock.run(1_000)
    const again = await world.join('Ben', anna.invite)
    expect(again.self.role).toBe('moderator')
  })

  it('[MOD-3] of the rule moderatorList hold from the founding on, until a grant says otherwise', async () => {
    const anna = await world.host('Anna', {
      rules: { moderatorList: [] },
    })
    const ben = await world.join('Ben', anna.invite)
    const changed = recordOf(ben, 'memberChanged')
    await done(anna.setRules({ moderatorList: [ben.self.id] }))
    await world.clock.run(200)
    expect(ben.self.role).toBe('moderator')
    expect(changed.some(({ id, role }) => id === ben.self.id && role === 'moderator')).toBe(true)
    await done(anna.setRole(ben.self.id, 'member'))
    await world.clock.run(200)
    expect(ben.self.role).toBe('member')
  })

  it('[MOD-3] a moderator with "grant" makes staff, and gives no more than it has', async () => {
    const [anna, ben, cem, dora] = await four()
    await expect(ben.setRole(cem.self.id, 'staff')).rejects.toMatchObject({ code: 'not-permitted' })
    await done(anna.setRole(ben.self.id, 'moderator', ['kick', 'grant']))
    await world.clock.run(200)
    await done(ben.setRole(cem.self.id, 'staff'))
    await world.clock.run(200)
    expect(anna.members.find(({ name }) => name === 'Cem')?.scopes).toEqual(['kick'])
    await expect(ben.setRole(dora.self.id, 'staff', ['ban'])).rejects.toMatchObject({ code: 'not-permitted' })
    await expect(ben.setRole(dora.self.id, 'moderator')).rejects.toMatchObject({ code: 'not-permitted' })
  })
})

describe('what a moderator asks for', () => {
  it('[MOD-4] is decided by the host, and told everyone as the moderator’s', async () => {
    const [anna, ben, cem, dora] = await four()
    const changed = recordOf(cem, 'rulesChanged')
    const left = recordOf(anna, 'memberLeft')
    await done(ben.setRules({ speedLimit: 70 }))
    expect(ben.rules.speedLimit).toBe(70)
    await done(ben.time.setGame(600, 3))
    await done(ben.kick(dora.self.id, 'Lights.'))
    await world.clock.run(500)
    expect(cem.rules.speedLimit).toBe(70)
    expect(changed.map(({ by }) => by.name)).toEqual(['Ben'])
    expect(cem.time.game()?.scale).toBe(3)
    expect(left).toMatchObject([{ member: { name: 'Dora' }, reason: 'kicked', detail: 'Lights.' }])
    expect(names(cem)).toEqual(['Anna', 'Ben', 'Cem'])
  })

  it('[MOD-4] is refused at home where it goes beyond its scopes, and costs the host nothing', async () => {
    const [anna, ben, cem] = await four()
    const before = anna.stats().dropped
    for (const attempt of [
      cem.kick(ben.self.id),
      cem.setRules({ speedLimit: 1 }),
      cem.time.setGame(1),
      ben.kick(anna.self.id),
      ben.setRules({ moderatorList: [cem.self.id] }),
      cem.createInvite(),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'not-permitted' })
    }
    expect(anna.stats().dropped).toEqual(before)
  })

  it('[MOD-4] fails where another one takes over before the host has answered', async () => {
    const [anna, ben, cem, dora] = await four()
    await world.clock.runUntil(() => anna.authority.voters.length >= 3)
    const asked = done(ben.mute(dora.self.id))
    world.network.kill('Anna')
    await expect(asked).rejects.toMatchObject({ code: 'authority-moved' })
    expect(cem.self.muted).toEqual([])
  })

  it('[MOD-4] fails where the host cannot be reached, in time', async () => {
    const [, ben, , dora] = await four()
    const heal = world.network.cut('Anna', 'Ben')
    await expect(done(ben.mute(dora.self.id))).rejects.toMatchObject({ code: 'timeout' })
    heal()
    await world.clock.run(5_000)
    // The host heard of it in the end.
    expect(dora.self.muted).toEqual(['chat', 'radio'])
  })

  it('[MOD-4] can be given up', async () => {
    const [, ben, , dora] = await four()
    const given = new AbortController()
    world.network.cut('Anna', 'Ben')
    const asked = ben.mute(dora.self.id, {}, given.signal)
    given.abort()
    await expect(asked).rejects.toMatchObject({ code: 'aborted' })
  })

  it('[MOD-4] is limited in number, which the asker is told', async () => {
    const [anna, ben, , dora] = await four()
    const asked = Array.from({ length: 60 }, (_, index) =>
      ben.mute(dora.self.id, { expiresInMs: 1_000 + index }),
    )
    const settled = await done(Promise.allSettled(asked))
    const refused = settled.filter((each) => each.status === 'rejected')
    expect(refused.length).toBeGreaterThan(30)
    expect(refused.every(({ reason }) => (reason as { code: string }).code === 'rate-limited')).toBe(true)
    expect(settled.length - refused.length).toBeGreaterThanOrEqual(20)
    expect(anna.stats().dropped['request-rate']).toBe(refused.length)
  })

  it('[MOD-4] works at whoever is host', async () => {
    const [anna, ben, cem, dora] = await four()
    await world.clock.runUntil(() => anna.authority.voters.length >= 3)
    await done(anna.transferHost(cem.self.id))
    await world.clock.run(500)
    expect(cem.isHost).toBe(true)
    await done(ben.kick(dora.self.id))
    await world.clock.run(500)
    expect(names(anna)).toEqual(['Anna', 'Ben', 'Cem'])
    await expect(done(anna.kick(ben.self.id))).rejects.toMatchObject({ code: 'not-permitted' })
  })
})

describe('a kick', () => {
  it('[MOD-1] keeps the member out until it has cooled off, and tells it for how long', async () => {
    const [anna, , , dora] = await four()
    await done(anna.kick(dora.self.id, { reason: 'Ramming.', coolOffMs: 30_000 }))
    await world.clock.run(10_000)
    await expect(world.join('Dora', anna.invite)).rejects.toMatchObject({
      code: 'kicked',
      message: expect.stringContaining('Ramming.') as unknown,
      details: { waitMs: expect.closeTo(20_000, -3.3) as unknown },
    })
    await world.clock.run(21_000)
    await expect(world.join('Dora', anna.invite)).resolves.toBeDefined()
  })

  it('[MOD-1] of a minute where nothing else is said, and none where that is asked for', async () => {
    const [anna, , cem, dora] = await four()
    await done(anna.kick(dora.self.id))
    await done(anna.kick(cem.self.id, { coolOffMs: 0 }))
    await world.clock.run(58_000)
    await expect(world.join('Dora', anna.invite)).rejects.toMatchObject({ code: 'kicked' })
    await expect(world.join('Cem', anna.invite)).resolves.toBeDefined()
    await world.clock.run(3_000)
    await expect(world.join('Dora', anna.invite)).resolves.toBeDefined()
  })

  it('[MOD-1] holds under the next host', async () => {
    const signaling = new SimulatedRendezvous({ network: world.network })
    const at = (name: string) => ({ rendezvous: signaling.rendezvous(name) })
    const anna = await world.host('Anna', at('Anna'))
    const others: Convoy[] = []
    for (const name of ['Ben', 'Cem', 'Dora']) others.push(await world.join(name, anna.invite, at(name)))
    const [ben, cem, dora] = others as [Convoy, Convoy, Convoy]
    await world.clock.runUntil(() => isFullyConnected(anna, 4) && anna.authority.voters.length === 3)
    await done(anna.kick(dora.self.id))
    await world.clock.run(500)
    world.network.kill('Anna')
    await world.clock.run(6_000)
    expect(ben.isHost || cem.isHost).toBe(true)
    await expect(world.join('Dora', anna.invite, at('Dora'))).rejects.toMatchObject({ code: 'kicked' })
    await done(Promise.all([ben.close(), cem.close()]))
    await done(signaling.close())
    await world.clock.run(5_000)
  })
})

describe('a ban', () => {
  it('[MOD-2] by a moderator keeps out who was here, and who has left, until it ends', async () => {
    const [anna, ben, cem, dora] = await four()
    const banned = recordOf(anna, 'banned')
    const left = recordOf(cem, 'memberLeft')
    const { id } = dora.self
    await done(dora.close())
    await world.clock.run(1_000)
    await done(ben.ban(id, { reason: 'Ramming.', expiresInMs: 60_000 }))
    await world.clock.run(500)
    expect(banned).toMatchObject([{ memberId: id, name: 'Dora', reason: 'Ramming.', by: ben.self.id }])
    expect(cem.bans).toMatchObject([{ memberId: id, until: expect.any(Number) as unknown }])
    await expect(world.join('Dora', anna.invite)).rejects.toMatchObject({
      code: 'banned',
      message: 'The host has banned you from this convoy. Ramming.',
      details: { waitMs: expect.any(Number) as unknown },
    })
    await done(ben.ban(cem.self.id))
    await world.clock.run(60_000)
    expect(left).toMatchObject([{ reason: 'left' }])
    expect(anna.bans).toMatchObject([{ name: 'Cem', until: null }])
    await expect(world.join('Dora', anna.invite)).resolves.toBeDefined()
  })

  it('[MOD-2] can be lifted, and holds under the next host until then', async () => {
    const [anna, ben, cem, dora] = await four()
    const unbanned = recordOf(cem, 'unbanned')
    await done(ben.ban(dora.self.id))
    await world.clock.runUntil(() => anna.authority.voters.length >= 3)
    await done(anna.transferHost(cem.self.id))
    await world.clock.run(3_000)
    expect(cem.isHost).toBe(true)
    expect(cem.bans).toHaveLength(1)
    const [ban] = ben.bans
    if (ban === undefined) throw new Error('Ben knows of no ban.')
    await done(ben.unban(ban.subject))
    await world.clock.run(500)
    expect([anna, ben, cem].map(({ bans }) => bans.length)).toEqual([0, 0, 0])
    expect(unbanned).toMatchObject([{ by: { name: 'Ben' } }])
  })

  it('[MOD-2] [MOD-13] of a claim removes who has it, and keeps out whose claim is verified', async () => {
    const vouched = new Map([
      ['Ben', ['vtc']],
      ['Cem', ['vtc', 'steam:2']],
      ['Dora', []],
    ])
    const anna = await world.host('Anna', {
      verifyClaims: ({ name, claims }) =>
        claims.filter((claim) => vouched.get(name)?.includes(claim) ?? false),
    })
    const [ben, cem, dora] = [
      await world.join('Ben', anna.invite, { claims: ['vtc'] }),
      await world.join('Cem', anna.invite, { claims: ['vtc', 'steam:2'] }),
      await world.join('Dora', anna.invite, { claims: ['vtc', 'steam:2'] }),
    ]
    expect([ben, cem, dora].map(({ self }) => self.claims)).toEqual([['vtc'], ['vtc', 'steam:2'], []])
    await done(anna.ban({ claim: 'steam:2' }, 'Not again.'))
    await world.clock.run(2_000)
    // Dora only says that it has the claim.
    expect(names(anna)).toEqual(['Anna', 'Ben', 'Dora'])
    await expect(world.join('Cem', anna.invite, { claims: ['steam:2'] })).rejects.toMatchObject({
      code: 'banned',
    })
    await done(anna.setRules({ requiredClaims: ['vtc'] }))
    await expect(world.join('Emil', anna.invite, { claims: ['vtc'] })).rejects.toMatchObject({
      code: 'claims-missing',
    })
    await expect(world.join('Cem', anna.invite, { claims: ['vtc'] })).resolves.toBeDefined()
  })

  it('[MOD-13] verifying claims shares the time of the admit hook, and one that fails refuses', async () => {
    const answers: (() => readonly string[] | Promise<readonly string[]>)[] = [
      () => new Promise(() => undefined),
      () => {
        throw new Error('The database is down.')
      },
    ]
    for (const [index, verifyClaims] of answers.entries()) {
      const anna = await world.host(`Anna ${index}`, { verifyClaims })
      await expect(world.join('Ben', anna.invite, { claims: ['vtc'] })).rejects.toMatchObject({
        code: 'admit-refused',
      })
    }
  })

  it('[MOD-2] [MOD-12] of an invite removes who came by it, and nobody else', async () => {
    const anna = await world.host('Anna', { rules: { showServer: false } })
    const [forFriends, forForum] = [await done(anna.createInvite()), await done(anna.createInvite())]
    expect(new Set([anna.invite, forFriends, forForum]).size).toBe(3)
    const ben = await world.join('Ben', forFriends)
    const cem = await world.join('Cem', forForum)
    const dora = await world.join('Dora', forForum)
    await world.join('Emil', anna.invite)
    await done(anna.setRole(dora.self.id, 'staff'))
    await done(anna.ban({ inviteOf: cem.self.id }, 'Leaked.'))
    await world.clock.run(2_000)
    expect(names(anna)).toEqual(['Anna', 'Ben', 'Emil'])
    await expect(world.join('Felix', forForum)).rejects.toMatchObject({ code: 'banned' })
    await expect(world.join('Felix', forFriends)).resolves.toBeDefined()
    await done(ben.close())
    const { sessionId, hostFingerprint } = (await import('../../lib/index.ts')).decodeInvite(anna.invite)
    const guessed = encodeInvite({ sessionId, hostFingerprint, hints: [], secret: new Uint8Array(16) })
    await expect(world.join('Mallory', guessed)).rejects.toMatchObject({ code: 'message-unauthentic' })
  })

  it('[MOD-12] every invite goes on working under a host that came by another one', async () => {
    const signaling = new SimulatedRendezvous({ network: world.network })
    const at = (name: string) => ({ rendezvous: signaling.rendezvous(name) })
    for (const showServer of [true, false]) {
      const anna = await world.host(`Anna ${showServer}`, {
        rules: { showServer },
        ...at(`Anna ${showServer}`),
      })
      const other = await done(anna.createInvite())
      const ben = await world.join(`Ben ${showServer}`, other, at(`Ben ${showServer}`))
      await world.clock.run(3_000)
      await done(anna.transferHost(ben.self.id))
      await world.clock.run(3_000)
      expect(ben.isHost).toBe(true)
      for (const [index, invite] of [anna.invite, other].entries()) {
        const name = `Cem ${index} ${showServer}`
        await expect(world.join(name, invite, at(name))).resolves.toBeDefined()
      }
    }
    await world.close()
    await done(signaling.close())
    await world.clock.run(5_000)
  })

  it('is an error for who nobody knows, and for times that are none', async () => {
    const [anna, ben] = await four()
    const invalid = { code: 'invalid-argument' }
    await expect(anna.ban('nobody')).rejects.toMatchObject(invalid)
    await expect(anna.ban(anna.self.id)).rejects.toMatchObject(invalid)
    await expect(anna.ban({ claim: 'two words' })).rejects.toMatchObject(invalid)
    await expect(anna.ban({ inviteOf: ben.self.id })).rejects.toMatchObject(invalid)
    await expect(anna.ban(ben.self.id, { expiresInMs: 0.5 })).rejects.toMatchObject(invalid)
    await expect(anna.mute(ben.self.id, { what: [] })).rejects.toMatchObject(invalid)
    await expect(anna.mute(ben.self.id, { expiresInMs: -1 })).rejects.toMatchObject(invalid)
    await expect(anna.kick(ben.self.id, { coolOffMs: 1e12 })).rejects.toMatchObject(invalid)
    await expect(anna.setRole(ben.self.id, 'king' as 'staff')).rejects.toMatchObject(invalid)
    await expect(anna.setRole(ben.self.id, 'staff', ['fly' as 'kick'])).rejects.toMatchObject(invalid)
  })
})

describe('a mute', () => {
  it('[MOD-6] is enforced by every receiver, also where the author’s program lets it out', async () => {
    const [anna, ben, cem, dora] = await four()
    const heard = [anna, ben, cem].map((convoy) => recordOf(convoy, 'chat'))
    const muted = recordOf(cem, 'muted')
    await done(ben.mute(dora.self.id, { what: ['chat'], reason: 'Spam.', expiresInMs: 20_000 }))
    await world.clock.run(200)
    expect(muted).toMatchObject([{ member: { name: 'Dora' }, by: { name: 'Ben' }, what: ['chat'] }])
    expect(cem.members.find(({ name }) => name === 'Dora')?.muted).toEqual(['chat'])
    expect(() => dora.sendChat('Hello?')).toThrow(
      expect.objectContaining({ code: 'muted', message: 'You are muted in chat for another 20 s. Spam.' }),
    )
    expect(heard).toEqual([[], [], []])
    await world.clock.run(21_000)
    dora.sendChat('Sorry.')
    await world.clock.run(500)
    expect(heard.map((texts) => texts.map(({ text }) => text))).toEqual([['Sorry.'], ['Sorry.'], ['Sorry.']])
  })

  it('[MOD-6] counts what a member says that does not know of it yet', async () => {
    const [anna, , cem, dora] = await four()
    const heard = recordOf(cem, 'chat')
    const heal = world.network.cut('Anna', 'Dora')
    await done(anna.mute(dora.self.id, {}))
    await world.clock.run(200)
    dora.sendChat('I know of nothing.')
    await world.clock.run(500)
    expect(heard).toEqual([])
    expect(cem.stats().members.find(({ memberId }) => memberId === dora.self.id)?.dropped).toMatchObject({
      'chat-muted': 1,
    })
    heal()
    await world.clock.run(2_000)
  })

  it('[MOD-6] ends at one time for all, whatever their own clocks say, and members are told', async () => {
    for (const [index, name] of ['Anna', 'Ben', 'Cem', 'Dora'].entries())
      world.network.peer(name, { wallOffsetMs: index * 120_000 })
    const [anna, ben, cem, dora] = await four()
    const changes = recordOf(cem, 'memberChanged')
    await done(ben.mute(dora.self.id, { expiresInMs: 5_000 }))
    await world.clock.run(4_500)
    const muted = (convoy: Convoy) => convoy.members.find(({ name }) => name === 'Dora')?.muted
    expect([anna, ben, cem, dora].map(muted)).toEqual(Array.from({ length: 4 }, () => ['chat', 'radio']))
    await world.clock.run(1_000)
    expect([anna, ben, cem, dora].map(muted)).toEqual([[], [], [], []])
    expect(changes.filter(({ name }) => name === 'Dora').map((each) => each.muted.length)).toEqual([2, 0])
  })

  it('[MOD-6] stays with who leaves and comes back, and can be lifted', async () => {
    const [anna, ben, , dora] = await four()
    await done(ben.mute(dora.self.id))
    await done(dora.close())
    await world.clock.run(1_000)
    const again = await world.join('Dora', anna.invite)
    expect(() => again.sendChat('Me again.')).toThrow(expect.objectContaining({ code: 'muted' }))
    await done(ben.unmute(again.self.id, ['chat']))
    await world.clock.run(200)
    expect(again.self.muted).toEqual(['radio'])
    again.sendChat('Thanks.')
  })
})
