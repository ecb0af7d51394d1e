import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Convoy } from '../../lib/index.ts'
import type { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { closeSignaledWorld, signaledWorld } from '../support/signaledWorld.ts'
import { isFullyConnected, recordOf, type SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous
let anna: Convoy
let ben: Convoy
let cem: Convoy
let heal: () => void

/** Anna hosts Ben and Cem, all three vote, and those two have no link with each other. */
beforeEach(async () => {
  ;({ world, signaling } = signaledWorld())
  heal = world.network.cut('Ben', 'Cem')
  anna = await world.host('Anna', { rules: { maxPlayers: 16 }, rendezvous: signaling.rendezvous('Anna') })
  ben = await join('Ben')
  cem = await join('Cem')
  await world.clock.runUntil(() => [anna, ben, cem].every(({ authority }) => authority.voters.length === 3))
})

afterEach(() => closeSignaledWorld({ world, signaling }))

const join = (name: string): Promise<Convoy> =>
  world.join(name, anna.invite, { rendezvous: signaling.rendezvous(name) })

const hostOf = (convoys: readonly Convoy[]): Convoy | undefined => convoys.find(({ isHost }) => isHost)

describe('[SUC-12] members whose host dies while they have no link, and no neighbour in common', () => {
  it('meet at the service, agree on a host within half a minute, and let others in again', async () => {
    world.network.kill('Anna')
    heal()
    await world.clock.run(30_000)
    const later = hostOf([ben, cem])
    expect(later?.authority).toMatchObject({ epoch: expect.any(Number) as number, state: 'active' })
    for (const each of [ben, cem]) expect(each.host.id).toBe(later?.self.id)
    const dora = await join('Dora')
    expect(dora.host.id).toBe(later?.self.id)
    await world.clock.run(2_000)
    expect([ben, cem, dora].every((convoy) => isFullyConnected(convoy, 3))).toBe(true)
  })

  it('tell who wants to join meanwhile that nobody decides', async () => {
    const cut = world.network.cut('Ben', 'Cem')
    world.network.kill('Anna')
    await world.clock.run(45_000)
    await expect(join('Dora')).rejects.toMatchObject({
      code: 'session-not-found',
      message: expect.stringContaining('have yet to agree') as string,
    })
    cut()
    heal()
    await world.clock.run(30_000)
    expect((await join('Dora')).host.id).toBe(hostOf([ben, cem])?.self.id)
  })

  it('follow their host again where that was only cut off, and are no meeting point any more', async () => {
    const back = recordOf(ben, 'hostBack')
    const heals = [heal, world.network.isolate('Anna')]
    await world.clock.run(40_000)
    for (const each of heals) each()
    await world.clock.run(30_000)
    const host = hostOf([anna, ben, cem])
    for (const each of [anna, ben, cem]) {
      expect(each.host.id).toBe(host?.self.id)
      expect(isFullyConnected(each, 3)).toBe(true)
    }
    expect(back.length).toBeLessThanOrEqual(1)
    expect((await join('Dora')).host.id).toBe(host?.self.id)
  })
})
