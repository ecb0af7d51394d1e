import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { joinConvoy, type Convoy, type ConvoyOptions } from '../../lib/index.ts'
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

const names = (convoy: Convoy): string[] => convoy.members.map(({ name }) => name)

describe('at the same moment', () => {
  it('[ADM-10] everyone who joins sees everyone else, whoever was admitted first', async () => {
    const anna = await world.host('Anna', { rules: { maxPlayers: 32 } })
    const friends = Array.from({ length: 7 }, (_, index) => `Friend ${index}`)
    const joining = friends.map((name) =>
      joinConvoy(anna.invite, { ...world.parts(name), rendezvous: world.hub.rendezvous() }),
    )
    const joined = await world.clock.complete(Promise.all(joining))
    await world.clock.runUntil(() => [anna, ...joined].every((convoy) => isFullyConnected(convoy, 8)))
    for (const convoy of joined) expect(names(convoy)).toEqual(names(anna))
    await world.clock.complete(Promise.all(joined.map((convoy) => convoy.close())))
  })

  it('[ADM-10] a ticket that cannot be signed leaves nobody in the roster without a link', async () => {
    const host = world.identity('Anna')
    const { sign } = host.signer
    let broken = true
    const anna = await world.host('Anna')
    host.signer.sign = (message) => {
      // Of all that a host signs, only tickets name roles.
      if (broken && Buffer.from(message).includes('roles')) throw new Error('The key store is locked.')
      return sign.call(host.signer, message)
    }
    await expect(world.join('Ben', anna.invite)).rejects.toMatchObject({ code: 'closed' })
    await world.clock.run(1_000)
    expect(names(anna)).toEqual(['Anna'])
    broken = false
    const ben = await world.join('Ben', anna.invite)
    await world.clock.runUntil(() => isFullyConnected(ben, 2))
    expect(names(anna)).toEqual(['Anna', 'Ben'])
  })

  it('[ADM-11] two that knock for the last place: one gets it, the other is told that it was taken', async () => {
    const anna = await world.host('Anna', { rules: { maxPlayers: 2 } })
    const joining = ['Ben', 'Cem'].map((name) =>
      joinConvoy(anna.invite, { ...world.parts(name), rendezvous: world.hub.rendezvous() }),
    )
    const [ben, cem] = await world.clock.complete(Promise.allSettled(joining))
    expect([ben?.status, cem?.status].sort()).toEqual(['fulfilled', 'rejected'])
    const refused = ben?.status === 'rejected' ? ben : cem
    expect(refused).toMatchObject({ reason: { code: 'session-full' } })
    expect(anna.members).toHaveLength(2)
    for (const each of [ben, cem])
      if (each?.status === 'fulfilled') await world.clock.complete(each.value.close())
  })

  it('[ADM-13] one identity that joins twice ends up in once, and its former self is told', async () => {
    const anna = await world.host('Anna')
    const first = await world.join('Ben', anna.invite)
    const removed = recordOf(first, 'removed')
    const hostGone = recordOf(first, 'hostGone')
    const second = await world.join('Ben', anna.invite)
    await world.clock.run(2_000)
    expect(removed).toMatchObject([{ reason: 'lost' }])
    expect(hostGone).toEqual([])
    expect(names(anna)).toEqual(['Anna', 'Ben'])
    expect(second.self.slot).toBe(1)
    expect(() => first.sendChat('ghost')).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  it('[MOD-2] a ban hits whoever holds the identity by then, also a fresh incarnation', async () => {
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite)
    const { id } = ben.self
    const joining = joinConvoy(anna.invite, { ...world.parts('Ben'), rendezvous: world.hub.rendezvous() })
    joining.catch(() => undefined)
    const banned = anna.ban(id, 'Ramming.')
    await world.clock.complete(banned)
    await world.clock.complete(Promise.allSettled([joining]))
    await world.clock.run(3_000)
    expect(names(anna)).toEqual(['Anna'])
  })

  it('[HST-2] a host that closes while friends knock leaves none of them hanging', async () => {
    for (const afterMs of [5, 40, 80, 120, 160, 200, 240]) {
      const anna = await world.host(`Anna ${afterMs}`)
      const joining = joinConvoy(anna.invite, {
        ...world.parts(`Ben ${afterMs}`),
        rendezvous: world.hub.rendezvous(),
      })
      const outcome = Promise.allSettled([joining])
      await world.clock.run(afterMs)
      await world.clock.complete(anna.close())
      const [settled] = await world.clock.complete(outcome)
      if (settled.status === 'rejected') {
        expect(['closed', 'session-not-found', 'timeout', 'link-failed']).toContain(
          (settled.reason as { code: string }).code,
        )
      } else {
        await world.clock.run(3_000)
        await world.clock.complete(settled.value.close())
      }
    }
  })

  it('decisions that wait for others can be given up, and are not made then', async () => {
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite)
    const gone = recordOf(anna, 'memberLeft')
    const aborted = expect.objectContaining({ code: 'aborted' }) as Error
    const decided = anna.setRules({ speedLimit: 80 })
    const changed = new AbortController()
    const waiting = [
      anna.setRules({ speedLimit: 90 }, changed.signal),
      anna.kick(ben.self.id, '', changed.signal),
      anna.ban(ben.self.id, '', changed.signal),
    ]
    changed.abort()
    for (const each of waiting) await expect(each).rejects.toEqual(aborted)
    await expect(anna.kick(ben.self.id, '', AbortSignal.abort())).rejects.toEqual(aborted)
    await world.clock.complete(decided)
    await world.clock.run(500)
    expect(anna.rules.speedLimit).toBe(80)
    expect(gone).toEqual([])
    const late = new AbortController()
    await world.clock.complete(anna.setRules({ speedLimit: 70 }, late.signal))
    late.abort()
    expect(anna.rules.speedLimit).toBe(70)
  })

  it('[MOD-1] a member that leaves while it is kicked is gone once', async () => {
    const [anna, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    const left = recordOf(cem, 'memberLeft')
    const kicked = anna.kick(ben.self.id)
    await world.clock.complete(Promise.all([kicked, ben.close()]))
    await world.clock.run(2_000)
    expect(left).toHaveLength(1)
    expect(names(anna)).toEqual(['Anna', 'Cem'])
  })

  it('[HST-1] members whose tickets are still under way keep each other when the host goes', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const cem = await world.join('Cem', anna.invite)
    await world.clock.runUntil(() => isFullyConnected(cem, 3) && isFullyConnected(ben, 3))
    world.network.kill('Anna')
    await world.clock.run(20_000)
    expect(names(ben)).toEqual(['Ben', 'Cem'])
    expect(names(cem)).toEqual(['Ben', 'Cem'])
  })
})

describe('places', () => {
  it('[ADM-12] above a maxPlayers that was lowered while driving count as taken', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben', 'Cem', 'Dora')) as [Convoy, Convoy]
    await world.clock.complete(anna.setRules({ maxPlayers: 3 }))
    await world.clock.complete(anna.kick(ben.self.id))
    await expect(world.join('Emil', anna.invite)).rejects.toMatchObject({ code: 'session-full' })
    await world.clock.complete(anna.setRules({ maxPlayers: 4 }))
    await expect(world.join('Emil', anna.invite)).resolves.toMatchObject({ self: { slot: 1 } })
  })
})

describe('events', () => {
  it('tell of a change of presence, and of nothing else', async () => {
    const anna = await world.host('Anna')
    const presences: string[] = []
    anna.on('memberChanged', ({ presence }) => presences.push(presence))
    const ben = await world.join('Ben', anna.invite)
    const atBen: string[] = []
    ben.on('memberChanged', ({ name, presence }) => atBen.push(`${name} ${presence}`))
    await world.join('Cem', anna.invite)
    await world.clock.run(3_000)
    expect(presences).toEqual(['connected', 'connected'])
    expect(atBen).toEqual(['Cem connected'])
  })
})

describe('options that others would refuse', () => {
  const tooLong = Array.from({ length: 500 }, (_, index) => ({
    package: `mod_workshop_package.${'0'.repeat(100)}${index}`,
    name: 'A mod',
    optional: false,
  }))
  const cases: [option: string, options: Partial<ConvoyOptions>][] = [
    ['name', { name: '' }],
    ['name', { name: 'Anna\u202e' }],
    ['game', { game: { name: 'ets2', version: '' } }],
    ['claims', { claims: ['two words'] }],
    ['claims', { claims: Array.from({ length: 17 }, () => 'x') }],
    ['vehicleClass', { vehicleClass: 'tank' as 'truck' }],
    ['updateRate', { updateRate: 31 }],
    ['updateRate', { updateRate: Number.NaN }],
    ['loadOrder', { loadOrder: { mods: tooLong, dlcs: [] } }],
    ['loadOrder', { loadOrder: { mods: [{ package: '', name: '', optional: false }], dlcs: [] } }],
  ]

  it.each(cases)('are an error that names %s, before anybody is told: %o', async (option, options) => {
    const anna = await world.host('Anna')
    const { sessions, routes } = world.hub.stats()
    const expected = { code: 'invalid-argument', message: expect.stringContaining(`"${option}"`) as unknown }
    await expect(world.host('Bea', options)).rejects.toMatchObject(expected)
    await expect(world.join('Bea', anna.invite, options)).rejects.toMatchObject(expected)
    expect(world.hub.stats()).toMatchObject({ sessions, routes })
    expect(anna.stats().dropped).toEqual({})
  })

  it('are an error for the reason of a kick', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    for (const reason of ['x'.repeat(201), 'beep\u0007']) {
      await expect(anna.kick(ben.self.id, reason)).rejects.toMatchObject({ code: 'invalid-argument' })
      await expect(anna.ban(ben.self.id, reason)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
    expect(anna.members).toHaveLength(2)
  })
})

describe('the admit hook', () => {
  it('[ADM-7] that never answers refuses in time, and stops nobody else', async () => {
    const anna = await world.host('Anna', {
      admit: ({ name }) => (name === 'Ben' ? new Promise<boolean>(() => undefined) : true),
    })
    await expect(world.join('Ben', anna.invite)).rejects.toMatchObject({ code: 'admit-refused' })
    await expect(world.join('Cem', anna.invite)).resolves.toBeDefined()
  })

  it.each(['', 'beep\u0007', 'x'.repeat(1_000)])(
    '[ADM-7] gives a reason that can be shown for %j',
    async (reason) => {
      const anna = await world.host('Anna', { admit: () => reason })
      await expect(world.join('Ben', anna.invite)).rejects.toMatchObject({
        code: 'admit-refused',
        message: expect.stringMatching(/^(The host did not let you in\.|x{200})$/) as unknown,
      })
    },
  )

  it('[ADM-6] is spared claims that take more words than a refusal has', async () => {
    const requiredClaims = Array.from({ length: 16 }, (_, index) => `${'claim'.repeat(12)}${index}`)
    const anna = await world.host('Anna', { rules: { requiredClaims } })
    await expect(world.join('Ben', anna.invite)).rejects.toMatchObject({ code: 'claims-missing' })
  })
})
