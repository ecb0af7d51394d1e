import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PeerConvoy } from '../../lib/convoy/peerConvoy.ts'
import { emptyVehicleState, type Convoy } from '../../lib/index.ts'
import type { Link } from '../../lib/rtc/index.ts'
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

const whole = (convoys: readonly Convoy[]): boolean =>
  convoys.every((convoy) => isFullyConnected(convoy, convoys.length))

function park(convoy: Convoy, x: number): void {
  const state = emptyVehicleState()
  state.x = x
  state.y = 10
  convoy.setVehicle(state)
}

const linkOf = (from: Convoy, to: Convoy): Link | undefined =>
  from instanceof PeerConvoy ? from.session.peer(to.self.id)?.control?.link : undefined

/** Everything by which a convoy tells its program that somebody is gone. */
function goodbyes(convoys: readonly Convoy[]): () => number {
  const records = convoys.flatMap((convoy) => [
    recordOf(convoy, 'memberLeft'),
    recordOf(convoy, 'hostGone'),
    recordOf(convoy, 'closed'),
  ])
  return () => records.reduce((sum, { length }) => sum + length, 0)
}

/** Waits until all are connected again. @returns how long that took, ms. */
async function msUntilWhole(convoys: readonly Convoy[]): Promise<number> {
  const since = world.clock.now()
  await world.clock.runUntil(() => whole(convoys))
  return world.clock.now() - since
}

describe('an outage', () => {
  for (const [who, [a, b]] of Object.entries({
    'two members': ['Ben', 'Cem'],
    'a member and the host': ['Anna', 'Ben'],
  } as const)) {
    it(`[LNK-70] [LNK-73] between ${who}, of 1 to 10 s, is over within 5 s of its end and costs nobody the convoy`, async () => {
      const all = await world.convoy('Anna', 'Ben', 'Cem')
      const gone = goodbyes(all)
      const [, ben] = all as [Convoy, Convoy, Convoy]
      const presences = recordOf(ben, 'memberChanged')
      for (const seconds of [1, 3, 5, 8, 10]) {
        const heal = world.network.cut(a, b)
        await world.clock.run(seconds * 1_000)
        heal()
        expect(await msUntilWhole(all)).toBeLessThan(5_000)
        await world.clock.run(3_000)
        expect(whole(all)).toBe(true)
      }
      expect(gone()).toBe(0)
      expect([...new Set(presences.map(({ presence }) => presence))]).toEqual(['suspect', 'connected'])
    })
  }

  it('[LNK-70] of everything around one member loses no chat and shows its vehicle again within 5 s', async () => {
    const all = await world.convoy('Anna', 'Ben', 'Cem')
    const [anna, ben, cem] = all as [Convoy, Convoy, Convoy]
    const gone = goodbyes(all)
    const heard = [recordOf(anna, 'chat'), recordOf(cem, 'chat')]
    park(ben, 100)
    await world.clock.run(1_000)
    const heal = world.network.isolate('Ben')
    for (let number = 0; number < 50; number++) {
      ben.sendChat(`line ${number}`)
      await world.clock.run(100)
    }
    heal()
    await world.clock.run(5_000)
    const lines = Array.from({ length: 50 }, (_, number) => `line ${number}`)
    for (const chat of heard) {
      expect(chat.filter(({ from }) => from.name === 'Ben').map(({ text }) => text)).toEqual(lines)
    }
    for (const convoy of [anna, cem]) {
      expect(convoy.vehicles.sample().map(({ memberId }) => memberId)).toContain(ben.self.id)
    }
    expect(whole(all)).toBe(true)
    expect(gone()).toBe(0)
  })

  it('[LNK-71] in one direction only is survived as well', async () => {
    const all = await world.convoy('Anna', 'Ben', 'Cem')
    const gone = goodbyes(all)
    for (const [from, to] of [
      ['Anna', 'Ben'],
      ['Ben', 'Anna'],
      ['Ben', 'Cem'],
      ['Cem', 'Ben'],
    ] as const) {
      const heal = world.network.cutOneWay(from, to)
      await world.clock.run(6_000)
      heal()
      expect(await msUntilWhole(all)).toBeLessThan(5_000)
      await world.clock.run(3_000)
    }
    expect(gone()).toBe(0)
  })

  it('[LNK-42] that is the sleep of a member is over within 5 s of its waking', async () => {
    const all = await world.convoy('Anna', 'Ben', 'Cem')
    const gone = goodbyes(all)
    world.network.freeze('Ben')
    await world.clock.run(12_000)
    world.network.thaw('Ben')
    await world.clock.run(1_000)
    expect(await msUntilWhole(all)).toBeLessThan(4_000)
    expect(gone()).toBe(0)
  })

  it('[LNK-73] may meet a rendezvous that is gone: the link recovers by itself where its path does', async () => {
    const all = await world.convoy('Anna', 'Ben')
    const gone = goodbyes(all)
    await world.clock.complete(world.hub.close())
    const heal = world.network.cut('Anna', 'Ben')
    await world.clock.run(5_000)
    heal()
    expect(await msUntilWhole(all)).toBeLessThan(5_000)
    expect(gone()).toBe(0)
  })
})

describe('a link that came about at the host', () => {
  it('[LNK-22] is dialled again through neighbours once another one is host (regression: nobody brought its signals, and it was given up after 15 s)', async () => {
    const all = await world.convoy('Anna', 'Ben', 'Cem', 'Dora')
    const [anna, ben, , dora] = all as [Convoy, Convoy, Convoy, Convoy]
    await world.clock.runUntil(() => all.every(({ authority }) => authority.voters.length === 3))
    await world.clock.complete(anna.transferHost(ben.self.id))
    await world.clock.runUntil(() => all.every(({ host }) => host.id === ben.self.id))
    const moved: string[] = []
    for (const [from, to] of [
      [dora, anna],
      [anna, dora],
    ] as const)
      linkOf(from, to)?.on('moved', () => moved.push(from.self.name))
    dora.networkChanged()
    await world.clock.run(3_000)
    expect(moved.sort()).toEqual(['Anna', 'Dora'])
    anna.networkChanged()
    await world.clock.run(3_000)
    expect(moved.sort()).toEqual(['Anna', 'Anna', 'Dora', 'Dora'])
    expect(whole(all)).toBe(true)
  })
})
