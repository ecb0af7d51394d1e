import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { joinConvoy, type Convoy } from '../../lib/index.ts'
import type { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { closeSignaledWorld, signaledWorld } from '../support/signaledWorld.ts'
import { isFullyConnected, recordOf, type SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous
let anna: Convoy
let ben: Convoy
let cem: Convoy

beforeEach(async () => {
  ;({ world, signaling } = signaledWorld())
  anna = await world.host('Anna', { rules: { maxPlayers: 32 }, rendezvous: signaling.rendezvous('Anna') })
  ben = await join('Ben')
  cem = await join('Cem')
  await world.clock.runUntil(() => [anna, ben, cem].every((convoy) => convoy.authority.voters.length === 3))
})

afterEach(() => closeSignaledWorld({ world, signaling }))

/** Joins with the invite that the founder made when it founded the session. */
const join = (name: string): Promise<Convoy> =>
  world.join(name, anna.invite, { rendezvous: signaling.rendezvous(name) })

const hostOf = (convoys: readonly Convoy[]): Convoy => convoys.find(({ isHost }) => isHost) as Convoy

describe('the invite of the founder', () => {
  it('[SUC-6] lets friends in again within 4 s of the death of a host, and of the one after (regression: none got the slot of the founder)', async () => {
    let inside = [anna, ben, cem]
    for (const newcomers of [
      ['Dora', 'Emil'],
      ['Finn', 'Gül'],
    ]) {
      const dead = hostOf(inside)
      inside = inside.filter((convoy) => convoy !== dead)
      world.network.kill(dead.self.name)
      const since = world.clock.now()
      for (const name of newcomers) {
        const newcomer = await join(name)
        expect(newcomer.host.id).toBe(hostOf(inside).self.id)
        inside.push(newcomer)
      }
      expect(world.clock.now() - since).toBeLessThan(4_000)
      await world.clock.run(20_000)
      expect(inside.every((convoy) => isFullyConnected(convoy, inside.length))).toBe(true)
    }
    expect(hostOf(inside).authority.epoch).toBe(2)
  })

  it('[SUC-6] lets friends in right after authority was handed over, there and back', async () => {
    await world.clock.complete(anna.transferHost(ben.self.id))
    const dora = await join('Dora')
    expect(dora.host.name).toBe('Ben')
    await world.clock.run(1_000)
    await world.clock.complete(ben.transferHost(anna.self.id))
    expect((await join('Emil')).host.name).toBe('Anna')
  })

  it('[ADM-17] lets a friend in whose host stepped down while they connected (regression: it dialled for 54 s, then was turned away)', async () => {
    // Knocks pass through the service, links don't come about.
    world.network.cut('Anna', 'Dora')
    const joining = joinConvoy(anna.invite, {
      ...world.parts('Dora'),
      rendezvous: signaling.rendezvous('Dora'),
    })
    await world.clock.run(2_000)
    await world.clock.complete(anna.transferHost(ben.self.id))
    const since = world.clock.now()
    const dora = await world.clock.complete(joining)
    expect(dora.host.name).toBe('Ben')
    expect(world.clock.now() - since).toBeLessThan(5_000)
    await world.clock.complete(dora.close())
  })

  it('[RDV-36] leads to the later host, though the founder that was cut off announces itself on', async () => {
    const heals = ['Ben', 'Cem'].map((other) => world.network.cut('Anna', other))
    await world.clock.run(6_000)
    expect(anna.isHost).toBe(true)
    const later = hostOf([ben, cem])
    expect((await join('Dora')).host.id).toBe(later.self.id)
    // The founder is back at the service that restarted before the later host is, or after.
    for (const name of ['Emil', 'Finn']) {
      signaling.goDown()
      await world.clock.run(2_000)
      signaling.comeBack()
      await world.clock.run(30_000)
      expect((await join(name)).host.id).toBe(later.self.id)
    }
    for (const heal of heals) heal()
    await world.clock.run(10_000)
    expect(anna.isHost).toBe(false)
    expect(anna.host.id).toBe(later.self.id)
    expect((await join('Gül')).host.id).toBe(later.self.id)
  })

  it('[SUC-8] [RDV-27] brings nobody in while no service answers, and does again once one does', async () => {
    signaling.goDown()
    world.network.kill('Anna')
    await world.clock.run(20_000)
    const later = hostOf([ben, cem])
    signaling.comeBack()
    await world.clock.run(20_000)
    expect((await join('Dora')).host.id).toBe(later.self.id)
  })
})

describe('coming back to a later host', () => {
  it.each([
    ['a member', 'Cem'],
    ['the founder', 'Anna'],
  ])('[LNK-74] %s that was away for a minute finds it by its proof', async (_, name) => {
    await join('Dora')
    await join('Emil')
    await world.clock.run(5_000)
    const away = [anna, ben, cem].find((convoy) => convoy.self.name === name) as Convoy
    const others = [anna, ben, cem].filter((convoy) => convoy !== away)
    const heal = world.network.isolate(name)
    await world.clock.run(5_000)
    if (!away.isHost) await world.clock.complete(hostOf(others).transferHost((others[1] as Convoy).self.id))
    await world.clock.run(60_000)
    const later = hostOf(others)
    expect(later.members.map((member) => member.name)).not.toContain(name)
    const back = recordOf(away, 'hostBack')
    heal()
    await world.clock.run(20_000)
    expect(back).toHaveLength(1)
    expect(away.host.id).toBe(later.self.id)
    expect(isFullyConnected(away, 5)).toBe(true)
  })
})
