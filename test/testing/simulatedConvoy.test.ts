import { describe, expect, it } from 'vitest'
import { hostConvoy, joinConvoy, type Convoy } from '../../lib/convoy/index.ts'
import { emptyVehicleState } from '../../lib/protocol/index.ts'
import {
  SimulatedClock,
  SimulatedNetwork,
  simulatedIdentity,
  SimulatedRendezvous,
  simulatedVerify,
} from '../../lib/testing/index.ts'

function world(seed: number) {
  const clock = new SimulatedClock()
  const network = new SimulatedNetwork({ clock, seed, delayMs: 40, jitterMs: 15, lossPercent: 5 })
  const signaling = new SimulatedRendezvous({ network })
  /** The options of the process `name`. */
  const peer = (name: string) => {
    const { clock: ownClock, random, connector } = network.peer(name, { offsetMs: 1_000_000 * name.length })
    return {
      name,
      identity: simulatedIdentity(random),
      verify: simulatedVerify,
      clock: ownClock,
      random,
      connector,
      rendezvous: signaling.rendezvous(name),
    }
  }
  return { clock, network, signaling, peer }
}

/** A host with three friends in its convoy. */
async function convoyOfFour(seed: number) {
  const { clock, network, signaling, peer } = world(seed)
  const host = await clock.complete(hostConvoy(peer('host')))
  const friends: Convoy[] = []
  for (const name of ['anna', 'ben', 'cleo']) {
    friends.push(await clock.complete(joinConvoy(host.invite, peer(name))))
  }
  return { clock, network, signaling, peer, host, friends, all: [host, ...friends] }
}

async function drive(clock: SimulatedClock, convoys: readonly Convoy[], ticks: number): Promise<void> {
  const state = emptyVehicleState()
  for (let tick = 0; tick < ticks; tick++) {
    for (const [index, convoy] of convoys.entries()) {
      state.x = 100 * index + 1
      state.z = -tick
      convoy.setVehicle(state)
    }
    await clock.run(50)
  }
}

const linksOf = (convoys: readonly Convoy[]): number[] =>
  convoys.map((convoy) => convoy.members.filter(({ presence }) => presence === 'connected').length)

describe('a convoy on the simulated network', () => {
  it('forms, meets every member, repeats bit for bit and leaves nothing', async () => {
    const run = async (seed: number): Promise<string> => {
      const { clock, network, signaling, all } = await convoyOfFour(seed)
      await drive(clock, all, 100)
      expect(linksOf(all)).toEqual([3, 3, 3, 3])
      const hash = network.traceHash()
      await clock.complete(Promise.all(all.map((convoy) => convoy.close())))
      await clock.complete(signaling.close())
      await clock.run(1_000)
      expect([network.openConnections, clock.pendingTimers]).toEqual([0, 0])
      return hash
    }
    const first = await run(1)
    expect(await run(1)).toBe(first)
    expect(await run(2)).not.toBe(first)
  })

  it('drives on when the service dies, and takes friends again once it is back', async () => {
    const { clock, signaling, peer, host, all } = await convoyOfFour(3)
    await clock.run(2_000)
    signaling.goDown()
    await clock.run(20_000)
    expect(linksOf(all)).toEqual([3, 3, 3, 3])
    await expect(clock.complete(joinConvoy(host.invite, peer('dora')))).rejects.toMatchObject({
      code: 'rendezvous-unreachable',
    })
    signaling.comeBack()
    await clock.run(20_000)
    const dora = await clock.complete(joinConvoy(host.invite, peer('dora')))
    expect(dora.members).toHaveLength(5)
  })

  it('goes on under another host when the host’s process dies', async () => {
    const { clock, network, friends } = await convoyOfFour(4)
    await clock.run(2_000)
    const hosts: string[] = []
    for (const friend of friends) friend.on('hostChanged', ({ host }) => hosts.push(host.name))
    network.kill('host')
    await clock.run(2_500)
    expect(hosts).toHaveLength(3)
    expect(new Set(hosts).size).toBe(1)
    // [LNK-22] A peer that is silent counts as lost after 15 s.
    await clock.run(18_000)
    expect(friends.map(({ members }) => members.length)).toEqual([3, 3, 3])
    expect(linksOf(friends)).toEqual([2, 2, 2])
  })

  it('is out of reach for whoever is cut off from the service, until that heals', async () => {
    const { clock, network, peer, host } = await convoyOfFour(5)
    const heal = network.cut('dora', 'signaling')
    await expect(clock.complete(joinConvoy(host.invite, peer('dora')))).rejects.toMatchObject({
      code: 'rendezvous-unreachable',
    })
    heal()
    const dora = await clock.complete(joinConvoy(host.invite, peer('dora')))
    expect(dora.members).toHaveLength(5)
  })
})
