import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyVehicleState, type Convoy, type HostOptions, type JoinOptions } from '../../lib/index.ts'
import type { Rendezvous } from '../../lib/rendezvous/index.ts'
import { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous

beforeEach(() => {
  world = new SimulatedWorld()
  signaling = new SimulatedRendezvous({ network: world.network })
})

afterEach(async () => {
  await world.close()
  await world.clock.complete(signaling.close())
  await world.clock.run(5_000)
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
})

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
