import { describe, expect, it } from 'vitest'
import { hostConvoy, isConvoyError, joinConvoy, type Convoy } from '../../lib/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

/** Waits of the whole way in are 10 s at most; then the host has let go of who is gone. */
const everythingEndsMs = 15_000

/** What comes of `start` when its signal aborts `afterMs` from now: the code of the error, or the convoy. */
async function abortedAfter(
  world: SimulatedWorld,
  afterMs: number,
  start: (signal: AbortSignal) => Promise<Convoy>,
): Promise<Convoy | string> {
  const controller = new AbortController()
  world.clock.after(afterMs, () => controller.abort())
  try {
    const convoy = await world.clock.complete(start(controller.signal))
    // Giving up later has no effect any more.
    await world.clock.run(afterMs + 1)
    return convoy
  } catch (error) {
    if (isConvoyError(error)) return error.code
    throw error
  }
}

/** What the world holds once everything that ends by itself has ended. */
async function leftovers(world: SimulatedWorld): Promise<Record<string, number>> {
  await world.clock.run(everythingEndsMs)
  return { connections: world.network.openConnections, ...worldStats(world) }
}

function worldStats(world: SimulatedWorld): Record<string, number> {
  const { clients, sessions, routes } = world.hub.stats()
  return { clients, sessions, routes }
}

describe('giving up', () => {
  it('joining at any moment says "aborted" and leaves nothing behind, on neither side', async () => {
    const outcomes = new Map<number, string>()
    for (let afterMs = 0; outcomes.get(afterMs - 8) !== 'joined'; afterMs += 8) {
      const world = new SimulatedWorld()
      const anna = await world.host('Anna', { password: 'diesel' })
      await world.clock.run(2_000)
      const before = await leftovers(world)
      const rendezvous = world.hub.rendezvous()
      const outcome = await abortedAfter(world, afterMs, (signal) =>
        joinConvoy(anna.invite, { ...world.parts('Ben'), rendezvous, password: 'diesel', signal }),
      )
      outcomes.set(afterMs, typeof outcome === 'string' ? outcome : 'joined')
      if (typeof outcome !== 'string') await world.clock.complete(outcome.close())
      await rendezvous.close()
      expect(await leftovers(world), `aborted after ${afterMs} ms`).toEqual(before)
      expect(anna.members.map(({ name }) => name)).toEqual(['Anna'])
      await world.close()
      expect(world.clock.pendingTimers).toBe(0)
    }
    const codes = [...outcomes.values()]
    expect(codes.filter((code) => code === 'joined')).toHaveLength(1)
    expect(codes.filter((code) => code === 'aborted')).toHaveLength(codes.length - 1)
    // All phases were walked through: reaching, knock, proof, link, load order.
    expect(codes.length).toBeGreaterThan(15)
  })

  it('hosting at any moment says "aborted" and leaves nothing announced', async () => {
    const outcomes: string[] = []
    for (let afterMs = 0; outcomes.at(-1) !== 'hosted'; afterMs += 5) {
      const world = new SimulatedWorld()
      const outcome = await abortedAfter(world, afterMs, (signal) =>
        hostConvoy({
          ...world.parts('Anna'),
          rendezvous: [world.hub.rendezvous(), world.hub.rendezvous()],
          passwordIterations: 1,
          password: 'diesel',
          signal,
        }),
      )
      outcomes.push(typeof outcome === 'string' ? outcome : 'hosted')
      if (typeof outcome !== 'string') await world.clock.complete(outcome.close())
      expect(await leftovers(world)).toMatchObject({ connections: 0, sessions: 0, routes: 0 })
      await world.close()
      expect(world.clock.pendingTimers).toBe(0)
    }
    expect(outcomes.slice(0, -1).every((code) => code === 'aborted')).toBe(true)
    expect(outcomes.length).toBeGreaterThan(3)
  })
})
