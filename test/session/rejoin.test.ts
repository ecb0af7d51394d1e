import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyVehicleState, type Convoy, type HostOptions, type JoinOptions } from '../../lib/index.ts'
import type { Rendezvous } from '../../lib/rendezvous/index.ts'
import type { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { closeSignaledWorld, signaledWorld } from '../support/signaledWorld.ts'
import { isFullyConnected, recordOf, type SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous

beforeEach(() => {
  ;({ world, signaling } = signaledWorld())
})

afterEach(() => closeSignaledWorld({ world, signaling }))

const host = (options: Partial<HostOptions> = {}): Promise<Convoy> =>
  world.host('Anna', { rendezvous: signaling.rendezvous('Anna'), ...options })

const join = (name: string, anna: Convoy, options: Partial<JoinOptions> = {}): Promise<Convoy> =>
  world.join(name, anna.invite, { rendezvous: signaling.rendezvous(name), ...options })

/** Anna, Ben and Cem, all connected, over a service that the network can cut them off from. */
async function three(options: Partial<HostOptions> = {}): Promise<[Convoy, Convoy, Convoy]> {
  const anna = await host(options)
  const password = options.password === undefined ? {} : { password: options.password }
  const ben = await join('Ben', anna, password)
  const cem = await join('Cem', anna, password)
  await world.clock.runUntil(() => whole([anna, ben, cem]))
  return [anna, ben, cem]
}

const whole = (convoys: readonly Convoy[]): boolean =>
  convoys.every((convoy) => isFullyConnected(convoy, convoys.length))

async function msUntilWhole(convoys: readonly Convoy[]): Promise<number> {
  const since = world.clock.now()
  await world.clock.runUntil(() => whole(convoys))
  return world.clock.now() - since
}

function park(convoy: Convoy, x: number): void {
  const state = emptyVehicleState()
  state.x = x
  state.y = 10
  convoy.setVehicle(state)
}

const named = (events: readonly { member: { name: string }; reason: string }[]): string[] =>
  events.map(({ member, reason }) => `${member.name} ${reason}`)

describe('a member that slept', () => {
  for (const seconds of [30, 60, 300]) {
    it(`[LNK-74] for ${seconds} s is back within 5 s of waking, as the same convoy`, async () => {
      const [anna, ben, cem] = await three({ password: 'diesel' })
      const back = recordOf(ben, 'hostBack')
      const left = recordOf(anna, 'memberLeft')
      const joined = recordOf(anna, 'memberJoined')
      ben.setProfile({ company: 'Nordfrakt' })
      park(ben, 100)
      park(cem, 200)
      await world.clock.run(1_000)
      world.network.freeze('Ben')
      await world.clock.run(seconds * 1_000)
      expect(named(left)).toEqual(['Ben lost'])
      world.network.thaw('Ben')
      await world.clock.run(1)
      await world.clock.runUntil(() => joined.length > 0)
      expect(await msUntilWhole([anna, ben, cem])).toBeLessThan(5_000)
      await world.clock.run(2_000)
      expect(back.map(({ name }) => name)).toEqual(['Anna'])
      // Within the minute that it stays reserved, the slot is its own; nobody took it later either.
      expect(ben.self.slot).toBe(1)
      for (const convoy of [anna, cem]) {
        expect(convoy.vehicles.sample().map(({ memberId }) => memberId)).toContain(ben.self.id)
        expect(convoy.members.find(({ id }) => id === ben.self.id)?.profile).toEqual({ company: 'Nordfrakt' })
      }
      expect(ben.vehicles.sample().map(({ memberId }) => memberId)).toEqual([cem.self.id])
      const heard = [recordOf(anna, 'chat'), recordOf(cem, 'chat'), recordOf(ben, 'chat')]
      ben.sendChat('slept well')
      cem.sendChat('good morning')
      await world.clock.run(500)
      expect(heard.map((texts) => texts.map(({ text }) => text).sort())).toEqual([
        ['good morning', 'slept well'],
        ['slept well'],
        ['good morning'],
      ])
      expect(whole([anna, ben, cem])).toBe(true)
    })
  }
})

describe('an outage', () => {
  for (const seconds of [20, 45, 120, 1_200]) {
    it(`[LNK-74] of everything around a member, of ${seconds} s, is over for it within ${seconds > 600 ? 20 : 5} s of its end`, async () => {
      const all = await three()
      const [anna, ben] = all
      const hostGone = recordOf(ben, 'hostGone')
      const closed = recordOf(ben, 'closed')
      const heal = world.network.isolate('Ben')
      await world.clock.run(seconds * 1_000)
      expect(hostGone.map(({ reason }) => reason)).toEqual(['lost'])
      heal()
      // After ten minutes in vain it asks less often; a change of network, told or noticed, is what helps then.
      expect(await msUntilWhole(all)).toBeLessThan(seconds > 600 ? 20_000 : 5_000)
      await world.clock.run(20_000)
      expect(whole(all)).toBe(true)
      expect(closed).toEqual([])
      expect(anna.members.map(({ name }) => name)).toEqual(['Anna', 'Ben', 'Cem'])
    })
  }

  it('[LNK-74] between host and member only, while the service is there, is over within 5 s of its end as well', async () => {
    const all = await three()
    for (const seconds of [17, 23, 31, 38]) {
      const heal = world.network.cut('Anna', 'Ben')
      await world.clock.run(seconds * 1_000)
      heal()
      expect(await msUntilWhole(all)).toBeLessThan(5_000)
      await world.clock.run(70_000)
    }
  })

  for (const [what, begin] of Object.entries({
    'cut off': () => world.network.isolate('Anna'),
    asleep: () => {
      world.network.freeze('Anna')
      return () => world.network.thaw('Anna')
    },
  })) {
    it(`[LNK-74] of a host that was ${what} for a minute brings all members back, each to its slot`, async () => {
      const all = await three()
      const [anna, ben, cem] = all
      const gone = [recordOf(ben, 'hostGone'), recordOf(cem, 'hostGone')]
      const end = begin()
      await world.clock.run(60_000)
      expect(gone.map(({ length }) => length)).toEqual([1, 1])
      end()
      expect(await msUntilWhole(all)).toBeLessThan(5_000)
      await world.clock.run(20_000)
      expect(whole(all)).toBe(true)
      expect(anna.members.map(({ name, slot }) => `${name} ${slot}`)).toEqual(['Anna 0', 'Ben 1', 'Cem 2'])
    })
  }

  it('[HST-1] [LNK-74] of a host that never comes back leaves members driving, and asks a service 4 times a minute in the end', async () => {
    const anna = await host()
    const rendezvous = signaling.rendezvous('Ben')
    let asked = 0
    const counting: Rendezvous = {
      ...rendezvous,
      hint: rendezvous.hint,
      iceServers: () => rendezvous.iceServers(),
      reach: (sessionId, signal) => {
        asked++
        return rendezvous.reach(sessionId, signal)
      },
    }
    const ben = await world.join('Ben', anna.invite, { rendezvous: counting })
    const cem = await join('Cem', anna)
    await world.clock.runUntil(() => whole([anna, ben, cem]))
    const heal = world.network.isolate('Anna')
    await world.clock.run(20_000)
    asked = 0
    await world.clock.run(580_000)
    expect(asked).toBeLessThan(200)
    await world.clock.run(60_000)
    asked = 0
    await world.clock.run(600_000)
    expect(asked).toBeGreaterThan(25)
    expect(asked).toBeLessThan(50)
    expect(ben.members.map(({ name }) => name)).toEqual(['Ben', 'Cem'])
    park(cem, 50)
    await world.clock.run(1_000)
    expect(ben.vehicles.sample().map(({ memberId }) => memberId)).toEqual([cem.self.id])
    heal()
  })
})

describe('a member that may not come back', () => {
  const cases: [
    what: string,
    meanwhile: (anna: Convoy, ben: Convoy) => Promise<unknown>,
    removed: Record<string, unknown>,
  ][] = [
    [
      'since it was kicked meanwhile',
      (anna, ben) => anna.kick(ben.self.id, 'Ramming'),
      { reason: 'kicked', code: 'kicked', detail: 'The host removed you meanwhile. Ramming' },
    ],
    [
      'since it was banned meanwhile',
      (anna, ben) => anna.ban(ben.self.id),
      { reason: 'banned', code: 'banned' },
    ],
    [
      'since its vehicle class is no longer welcome',
      (anna) => anna.setRules({ vehicleClasses: ['bus'] }),
      { reason: 'refused', code: 'class-refused' },
    ],
  ]
  for (const [what, meanwhile, expected] of cases) {
    it(`[LNK-74] [ADM-16] ${what} is told why, and its convoy closes`, async () => {
      const [anna, ben, cem] = await three()
      const removed = recordOf(ben, 'removed')
      const closed = recordOf(ben, 'closed')
      // Cut off, or it would read the host's last word once it wakes.
      const heal = world.network.isolate('Ben')
      await world.clock.run(5_000)
      await world.clock.complete(meanwhile(anna, ben))
      await world.clock.run(30_000)
      heal()
      await world.clock.run(5_000)
      expect(removed).toMatchObject([expected])
      expect(closed).toHaveLength(1)
      expect(whole([anna, cem])).toBe(true)
    })
  }

  it('[LNK-74] since its place was taken after a minute is told that the convoy is full', async () => {
    const anna = await host({ rules: { maxPlayers: 3 } })
    const ben = await join('Ben', anna)
    await join('Cem', anna)
    const removed = recordOf(ben, 'removed')
    world.network.freeze('Ben')
    await world.clock.run(90_000)
    await join('Dora', anna)
    world.network.thaw('Ben')
    await world.clock.run(5_000)
    expect(removed).toMatchObject([{ reason: 'refused', code: 'session-full' }])
  })

  it('[ADM-16] since its identity joined from elsewhere leaves that one alone', async () => {
    const [anna, ben] = await three()
    const removed = recordOf(ben, 'removed')
    world.network.freeze('Ben')
    await world.clock.run(30_000)
    const { identity } = world.parts('Ben')
    const elsewhere = await join('Ben at work', anna, { identity })
    await world.clock.run(1_000)
    world.network.thaw('Ben')
    await world.clock.run(5_000)
    expect(removed).toMatchObject([{ reason: 'lost', code: 'replaced' }])
    expect(isFullyConnected(elsewhere, 3)).toBe(true)
    expect(anna.members.map(({ name }) => name)).toEqual(['Anna', 'Ben at work', 'Cem'])
  })
})

describe('a member that is back', () => {
  it('[ADM-12] [LNK-74] after its slot was given away has another one', async () => {
    const [anna, ben, cem] = await three()
    world.network.freeze('Ben')
    await world.clock.run(90_000)
    const dora = await join('Dora', anna)
    expect(dora.self.slot).toBe(1)
    world.network.thaw('Ben')
    expect(await msUntilWhole([anna, ben, cem, dora])).toBeLessThan(5_000)
    expect(ben.self.slot).toBe(3)
    expect(ben.members.map(({ name }) => name)).toEqual(['Anna', 'Dora', 'Cem', 'Ben'])
  })

  it('[LNK-74] knows what the host decided meanwhile, and uses its channels as before', async () => {
    const [anna, ben] = await three()
    const schema = v.object({ tons: v.number() })
    const [jobs, ofBen] = [anna, ben].map((convoy) => convoy.channel('jobs', { schema }))
    const got: number[] = []
    ofBen?.on('message', ({ message }) => got.push(message.tons))
    jobs?.on('message', ({ message }) => got.push(message.tons))
    const rules = recordOf(ben, 'rulesChanged')
    const heal = world.network.isolate('Ben')
    await world.clock.run(20_000)
    await world.clock.complete(anna.setRules({ speedLimit: 80 }))
    heal()
    await world.clock.runUntil(() => isFullyConnected(ben, 3))
    await world.clock.run(1_000)
    expect(ben.rules.speedLimit).toBe(80)
    expect(rules).toMatchObject([{ changed: ['speedLimit'] }])
    jobs?.send({ tons: 22 })
    ofBen?.send({ tons: 40 })
    await world.clock.run(500)
    expect(got.sort()).toEqual([22, 40])
  })

  it('[LNK-74] again and again does not come back faster than its links last', async () => {
    const all = await three()
    const [anna, ben] = all
    const joined = recordOf(anna, 'memberJoined')
    for (let round = 0; round < 6; round++) {
      const heal = world.network.isolate('Ben')
      await world.clock.run(20_000)
      heal()
      await msUntilWhole(all)
    }
    expect(joined.filter(({ id }) => id === ben.self.id)).toHaveLength(6)
    expect(whole(all)).toBe(true)
  })
})
