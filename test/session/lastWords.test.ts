import { describe, expect, it } from 'vitest'
import { emptyLoadOrder, type Convoy } from '../../lib/index.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

const seeds = [1, 2, 3, 4, 5, 6]

/** A world in which a datagram often overtakes the control message before it: a lost one is repeated later. */
const lossyWorld = (seed: number): SimulatedWorld =>
  new SimulatedWorld({ seed, delayMs: 30, jitterMs: 20, lossPercent: 20 })

async function inEachWorld(story: (world: SimulatedWorld) => Promise<void>): Promise<void> {
  for (const seed of seeds) {
    const world = lossyWorld(seed)
    await story(world)
    await world.close()
    expect(world.network.openConnections).toBe(0)
    expect(world.clock.pendingTimers).toBe(0)
  }
}

describe('the last word before a link closes arrives although datagrams overtake it:', () => {
  it('[HST-4] a joiner learns what is wrong with its mods', async () => {
    await inEachWorld(async (world) => {
      const anna = await world.host('Anna', { loadOrder: { mods: [], dlcs: ['dlc_north'] } })
      await expect(world.join('Ben', anna.invite, { loadOrder: emptyLoadOrder })).rejects.toMatchObject({
        code: 'load-order-mismatch',
      })
    })
  })

  it('[HST-4] a member learns that it was kicked, and why', async () => {
    await inEachWorld(async (world) => {
      const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
      const removed = recordOf(ben, 'removed')
      await world.clock.complete(anna.kick(ben.self.id, 'Lights.'))
      await world.clock.run(3_000)
      expect(removed).toEqual([{ reason: 'kicked', detail: 'Lights.' }])
    })
  })

  it('[HST-4] members learn who left, and are not told that it was lost', async () => {
    await inEachWorld(async (world) => {
      const [anna, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
      await world.clock.runUntil(() => isFullyConnected(cem, 3))
      const left = recordOf(cem, 'memberLeft')
      const changed = recordOf(cem, 'hostChanged')
      await world.clock.complete(ben.close())
      await world.clock.run(2_000)
      await world.clock.complete(anna.close())
      await world.clock.run(2_000)
      expect(left.map(({ member, reason }) => [member.name, reason])).toEqual([
        ['Ben', 'left'],
        ['Anna', 'left'],
      ])
      expect(changed.map(({ host }) => host.name)).toEqual(['Cem'])
    })
  })

  it('[HST-4] two that leave at once do not wait for each other', async () => {
    const world = new SimulatedWorld()
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    await world.clock.complete(Promise.all([anna.close(), ben.close()]))
    await world.clock.run(500)
    expect(world.network.openConnections).toBe(0)
    await world.close()
  })

  it('[HST-4] who says it to somebody that is gone waits for a second only', async () => {
    const world = new SimulatedWorld()
    const [anna] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    world.network.kill('Ben')
    await world.clock.complete(anna.close())
    await world.clock.run(1_300)
    expect(world.network.openConnections).toBe(0)
    await world.close()
  })
})
