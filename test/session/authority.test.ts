import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyVehicleState, type Convoy } from '../../lib/index.ts'
import type { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { closeSignaledWorld, signaledWorld } from '../support/signaledWorld.ts'
import { isFullyConnected, recordOf, type SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous

beforeEach(() => {
  ;({ world, signaling } = signaledWorld())
})

afterEach(() => closeSignaledWorld({ world, signaling }))

/** A convoy whose members are all connected, and vote where they are to. */
async function convoyOf(...names: [string, ...string[]]): Promise<Convoy[]> {
  const [founder, ...others] = names
  const first = await world.host(founder, {
    rules: { maxPlayers: 32 },
    rendezvous: signaling.rendezvous(founder),
  })
  const all = [first]
  for (const name of others) {
    all.push(await world.join(name, first.invite, { rendezvous: signaling.rendezvous(name) }))
  }
  // Two have a witness.
  const voters = names.length === 2 ? 2 : Math.min(9, names.length - ((names.length + 1) % 2))
  await world.clock.runUntil(() => all.every((convoy) => isFullyConnected(convoy, all.length)))
  await world.clock.runUntil(() => all.every((convoy) => convoy.authority.voters.length === voters))
  return all
}

const hostsOf = (convoys: readonly Convoy[]): string[] => convoys.map(({ host }) => host.name)
const setRules = (convoy: Convoy, speedLimit: number): Promise<void> =>
  world.clock.complete(convoy.setRules({ speedLimit }))

describe('a host that dies', () => {
  it('[AUT-5] [AUT-6] is followed by another within 2.5 s, whom all obey, and who can decide', async () => {
    const [anna, ...others] = (await convoyOf('Anna', 'Ben', 'Cem', 'Dora', 'Emil')) as [Convoy, ...Convoy[]]
    const changed = others.map((convoy) => recordOf(convoy, 'hostChanged'))
    world.network.kill('Anna')
    await world.clock.run(2_500)
    const [host] = new Set(hostsOf(others))
    expect(new Set(hostsOf(others)).size).toBe(1)
    expect(host).not.toBe('Anna')
    expect(changed.map((events) => events.map(({ epoch }) => epoch))).toEqual([[1], [1], [1], [1]])
    expect(others.filter(({ isHost }) => isHost)).toHaveLength(1)
    await setRules(others.find(({ isHost }) => isHost) as Convoy, 75)
    await world.clock.run(200)
    expect(others.map(({ rules }) => rules.speedLimit)).toEqual([75, 75, 75, 75])
    await world.clock.run(20_000)
    expect(others.map(({ members }) => members.some(({ id }) => id === anna.self.id))).toEqual(
      others.map(() => false),
    )
  })

  it('[AUT-6] one after the other are followed as long as two remain of three', async () => {
    const all = await convoyOf('Anna', 'Ben', 'Cem', 'Dora', 'Emil')
    let living = all
    for (const last of [4, 3, 2]) {
      const host = living.find(({ isHost }) => isHost) as Convoy
      world.network.kill(host.self.name)
      living = living.filter((convoy) => convoy !== host)
      await world.clock.run(2_500)
      expect(new Set(hostsOf(living)).size).toBe(1)
      expect(living.filter(({ isHost }) => isHost)).toHaveLength(1)
      await world.clock.run(20_000)
      expect(living[0]?.members).toHaveLength(last)
    }
  })

  it('[AUT-6] does not keep anybody from driving: no vehicle between survivors pauses', async () => {
    const [, ben, cem] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    let x = 0
    const state = emptyVehicleState()
    const stop = world.clock.every(50, () => {
      state.x = x += 1
      state.z = 10
      ben.setVehicle(state)
    })
    await world.clock.run(2_000)
    world.network.kill('Anna')
    const seen: number[] = []
    for (let step = 0; step < 40; step++) {
      await world.clock.run(100)
      const shown = cem.vehicles.sample().find(({ memberId }) => memberId === ben.self.id)
      seen.push(shown?.state.x ?? Number.NaN)
    }
    stop()
    for (const [index, at] of seen.entries()) if (index > 0) expect(at).toBeGreaterThan(seen[index - 1] ?? 0)
  })
})

describe('a host that was frozen', () => {
  it('[AUT-9] steps down when it wakes, decides nothing, and follows the new one', async () => {
    const [anna, ben, cem] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    world.network.freeze('Anna')
    await world.clock.run(6_000)
    expect(ben.isHost || cem.isHost).toBe(true)
    world.network.thaw('Anna')
    await world.clock.run(2_000)
    expect(anna.isHost).toBe(false)
    expect(new Set(hostsOf([anna, ben, cem])).size).toBe(1)
    await expect(setRules(anna, 50)).rejects.toMatchObject({ code: 'not-permitted' })
    await setRules(ben.isHost ? ben : cem, 66)
    await world.clock.run(500)
    expect([anna, ben, cem].map(({ rules }) => rules.speedLimit)).toEqual([66, 66, 66])
  })
})

describe('a network that falls apart', () => {
  it('[AUT-3] [AUT-11] lets the minority drive on with rules frozen, and merges it afterwards', async () => {
    const all = (await convoyOf('Anna', 'Ben', 'Cem', 'Dora', 'Emil')) as [Convoy, ...Convoy[]]
    const [anna, ben, cem, dora, emil] = all as [Convoy, Convoy, Convoy, Convoy, Convoy]
    const heals = ['Cem', 'Dora', 'Emil'].flatMap((one) =>
      ['Anna', 'Ben'].map((other) => world.network.cut(one, other)),
    )
    await world.clock.run(4_000)
    const majority = [cem, dora, emil]
    expect(new Set(hostsOf(majority)).size).toBe(1)
    await expect(setRules(anna, 50)).rejects.toMatchObject({ code: 'no-majority' })
    expect([anna, ben].map(({ authority }) => authority.state)).toEqual(['frozen', 'active'])
    await setRules(majority.find(({ isHost }) => isHost) as Convoy, 66)
    await world.clock.run(4_000)
    for (const heal of heals) heal()
    await world.clock.run(10_000)
    expect(new Set(hostsOf(all)).size).toBe(1)
    expect(all.map(({ rules }) => rules.speedLimit)).toEqual([66, 66, 66, 66, 66])
    expect(all.filter(({ isHost }) => isHost)).toHaveLength(1)
    expect(all.map((convoy) => convoy.stats().record)).toEqual(all.map(() => anna.stats().record))
    expect(all.every((convoy) => isFullyConnected(convoy, 5))).toBe(true)
  })

  it('[AUT-6] one that hears nobody never becomes host, and disturbs nobody when it is back', async () => {
    const all = await convoyOf('Anna', 'Ben', 'Cem')
    const changed = recordOf(all[1] as Convoy, 'hostChanged')
    const heal = world.network.isolate('Cem')
    await world.clock.run(8_000)
    heal()
    await world.clock.run(8_000)
    expect(changed).toEqual([])
    expect(hostsOf(all)).toEqual(['Anna', 'Anna', 'Anna'])
    expect(all.map(({ authority }) => authority.epoch)).toEqual([0, 0, 0])
  })
})

describe('transferHost', () => {
  it('[AUT-13] hands over at once, back and forth, and everyone follows', async () => {
    const all = (await convoyOf('Anna', 'Ben', 'Cem', 'Dora')) as [Convoy, ...Convoy[]]
    let [host] = all
    for (const next of [...all.slice(1), ...all]) {
      if (next === host) continue
      const since = world.clock.now()
      await world.clock.complete(host.transferHost(next.self.id))
      expect(world.clock.now() - since).toBeLessThan(1_500)
      await world.clock.run(500)
      expect(hostsOf(all)).toEqual(all.map(() => next.self.name))
      host = next
      await setRules(host, 60)
      await setRules(host, 61)
    }
    expect(all.every((convoy) => isFullyConnected(convoy, 4))).toBe(true)
  })

  it('[AUT-13] of two hands over as well', async () => {
    const [anna, ben] = (await convoyOf('Anna', 'Ben')) as [Convoy, Convoy]
    await world.clock.complete(anna.transferHost(ben.self.id))
    await world.clock.run(2_000)
    expect([anna.isHost, ben.isHost]).toEqual([false, true])
    await setRules(ben, 40)
    await world.clock.run(200)
    expect(anna.rules.speedLimit).toBe(40)
  })
})

describe('two members', () => {
  const pair = async (): Promise<[Convoy, Convoy]> => {
    const all = (await convoyOf('Anna', 'Ben')) as [Convoy, Convoy]
    await world.clock.runUntil(() => all.every(({ authority }) => authority.voters.length === 2))
    await world.clock.run(1_000)
    return all
  }

  it('[AUT-15] [WIT-4] with a witness outlive either: the other one decides', async () => {
    for (const victim of [0, 1]) {
      const all = await pair()
      const [dead, survivor] = [all[victim] as Convoy, all[1 - victim] as Convoy]
      world.network.kill(dead.self.name)
      await world.clock.run(4_000)
      expect(survivor.isHost).toBe(true)
      await setRules(survivor, 55 + victim)
      await world.clock.run(20_000)
      expect(survivor.members).toHaveLength(1)
      await world.clock.complete(survivor.close())
    }
  })

  it('[AUT-15] [WIT-5] that lose each other, and not the witness, have one host between them, and meet again', async () => {
    const all = await pair()
    const [anna, ben] = all
    const heal = world.network.cut('Anna', 'Ben')
    await world.clock.run(6_000)
    const decided = await world.clock.complete(
      Promise.allSettled([anna.setRules({ speedLimit: 51 }), ben.setRules({ speedLimit: 52 })]),
    )
    expect(decided.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await world.clock.run(4_000)
    heal()
    await world.clock.run(15_000)
    expect(all.filter(({ isHost }) => isHost)).toHaveLength(1)
    expect(anna.rules.speedLimit).toBe(ben.rules.speedLimit)
    expect(anna.rules.speedLimit).not.toBeNull()
    await world.clock.runUntil(() => all.every(({ authority }) => authority.voters.length === 2))
    expect(all.every((convoy) => isFullyConnected(convoy, 2))).toBe(true)
  })

  it('[AUT-10] [AUT-15] without their witness decide nothing alone, and go on once they meet again', async () => {
    const [anna, ben] = await pair()
    await world.clock.complete(signaling.close())
    const heal = world.network.cut('Anna', 'Ben')
    await world.clock.run(3_000)
    await expect(setRules(anna, 50)).rejects.toMatchObject({
      code: 'no-majority',
    })
    expect(ben.isHost).toBe(false)
    heal()
    await world.clock.run(10_000)
    await setRules(anna.isHost ? anna : ben, 45)
    await world.clock.run(500)
    expect([anna, ben].map(({ rules }) => rules.speedLimit)).toEqual([45, 45])
  })
})

describe('voters', () => {
  it('[AUT-12] are an odd number of members, nine at most, and those who are there', async () => {
    const names = ['Anna', 'Ben', 'Cem', 'Dora', 'Emil', 'Finn', 'Gül', 'Hugo', 'Ida', 'Jon', 'Kai'] as const
    const all = await convoyOf(...names)
    expect(all[0]?.authority.voters).toHaveLength(9)
    world.network.kill('Cem')
    world.network.kill('Dora')
    await world.clock.run(15_000)
    const [anna] = all as [Convoy]
    expect(anna.authority.voters).toHaveLength(9)
    for (const dead of [all[2], all[3]]) expect(anna.authority.voters).not.toContain(dead?.self.id)
  })

  it('[AUT-12] are staff before others, however late they came', async () => {
    const names = ['Anna', 'Ben', 'Cem', 'Dora', 'Emil', 'Finn', 'Gül', 'Hugo', 'Ida', 'Jon', 'Kai'] as const
    const all = await convoyOf(...names)
    const [anna, , , , , , , , , jon, kai] = all as Convoy[] as [Convoy, ...Convoy[]]
    const [jonId, kaiId] = [jon?.self.id ?? '', kai?.self.id ?? '']
    expect(anna.authority.voters).not.toContain(kaiId)
    await world.clock.complete(anna.setRole(kaiId, 'moderator'))
    await world.clock.run(5_000)
    expect(anna.authority.voters).toHaveLength(9)
    expect(anna.authority.voters).toContain(kaiId)
    expect(anna.authority.voters).not.toContain(jonId)
    await world.clock.complete(anna.setRole(kaiId, 'member'))
    await world.clock.run(5_000)
    expect(anna.authority.voters).toHaveLength(9)
    expect(anna.authority.voters).not.toContain(kaiId)
  })
})
