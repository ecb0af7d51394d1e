import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Convoy } from '../../lib/index.ts'
import type { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { closeSignaledWorld, signaledWorld } from '../support/signaledWorld.ts'
import { isFullyConnected, type SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous

beforeEach(() => {
  ;({ world, signaling } = signaledWorld())
})

afterEach(() => closeSignaledWorld({ world, signaling }))

const hostOf = (name: string): Promise<Convoy> => world.host(name, { rendezvous: signaling.rendezvous(name) })
const joinerOf = (name: string, invite: string): Promise<Convoy> =>
  world.join(name, invite, { rendezvous: signaling.rendezvous(name) })

/** Three that are connected, and vote. */
async function three(): Promise<[Convoy, Convoy, Convoy]> {
  const anna = await hostOf('Anna')
  const all: [Convoy, Convoy, Convoy] = [
    anna,
    await joinerOf('Ben', anna.invite),
    await joinerOf('Cem', anna.invite),
  ]
  await world.clock.runUntil(() =>
    all.every((convoy) => isFullyConnected(convoy, 3) && convoy.authority.voters.length === 3),
  )
  return all
}

/** What becomes of `work`, and how long it takes, ms. */
async function outcomeOf(work: Promise<unknown>): Promise<{ code: string; afterMs: number }> {
  const since = world.clock.now()
  const code = await work.then(
    () => 'decided',
    (error: unknown) => (error as { code: string }).code,
  )
  return { code, afterMs: world.clock.now() - since }
}

describe('what is asked of a host that can decide nothing for the moment', () => {
  it.each([
    ['one that has just joined', 0],
    ['one of two with a witness', 1_500],
  ])(
    '[AUT-10] is decided by %s when the host left a moment before (regression: code was "no-majority")',
    async (_, togetherMs) => {
      for (const laterMs of [0, 30, 60, 120, 240, 480]) {
        const anna = await hostOf('Anna')
        const ben = await joinerOf('Ben', anna.invite)
        await world.clock.run(togetherMs)
        const closed = anna.close()
        await world.clock.runUntil(() => ben.isHost)
        await world.clock.run(laterMs)
        const asked = outcomeOf(ben.setRules({ speedLimit: 50 + laterMs / 10 }))
        expect(await world.clock.complete(asked)).toMatchObject({ code: 'decided' })
        expect(ben.rules.speedLimit).toBe(50 + laterMs / 10)
        await world.clock.complete(Promise.all([closed, ben.close()]))
      }
    },
  )

  it('[AUT-10] is decided in the order in which it was asked for, once enough voters are heard again', async () => {
    const [anna] = await three()
    const heals = ['Ben', 'Cem'].map((name) => world.network.isolate(name))
    await world.clock.run(1_600)
    expect(anna.authority.state).toBe('frozen')
    const decided = [50, 60, 70].map((speedLimit) => anna.setRules({ speedLimit }))
    await world.clock.run(300)
    for (const heal of heals) heal()
    await world.clock.complete(Promise.all(decided))
    expect(anna.rules.speedLimit).toBe(70)
    expect(anna.authority.epoch).toBe(0)
  })

  it('[AUT-10] is refused when for 5 s too few are heard, with nothing left that might come into force', async () => {
    const [anna] = await three()
    for (const name of ['Ben', 'Cem']) world.network.kill(name)
    await world.clock.run(2_000)
    const entries = anna.stats().record
    const asked = [anna.setRules({ speedLimit: 50 }), anna.setRules({ speedLimit: 60 })]
    for (const { code, afterMs } of await world.clock.complete(Promise.all(asked.map(outcomeOf)))) {
      expect(code).toBe('no-majority')
      expect(afterMs).toBeGreaterThanOrEqual(5_000)
      expect(afterMs).toBeLessThan(5_200)
    }
    expect(anna.stats().record).toEqual(entries)
  })

  it('[AUT-11] is refused as soon as another host is known, which may be asked then', async () => {
    const [anna, ben, cem] = await three()
    const heal = world.network.isolate('Anna')
    await world.clock.runUntil(() => ben.isHost || cem.isHost)
    const asked = outcomeOf(anna.setRules({ speedLimit: 50 }))
    await world.clock.run(500)
    heal()
    const { code, afterMs } = await world.clock.complete(asked)
    expect(code).toBe('authority-moved')
    expect(afterMs).toBeLessThan(5_000)
    expect(ben.rules.speedLimit).toBeNull()
  })

  it('is given up at once on a signal, and when the convoy closes', async () => {
    const [anna] = await three()
    for (const name of ['Ben', 'Cem']) world.network.kill(name)
    await world.clock.run(2_000)
    const abort = new AbortController()
    world.clock.after(700, () => abort.abort())
    const given = outcomeOf(anna.setRules({ speedLimit: 50 }, abort.signal))
    expect(await world.clock.complete(given)).toEqual({
      code: 'aborted',
      afterMs: 700,
    })
    const asked = outcomeOf(anna.setRules({ speedLimit: 60 }))
    const closed = outcomeOf(anna.close())
    expect(await world.clock.complete(asked)).toMatchObject({ code: 'closed' })
    expect((await world.clock.complete(closed)).afterMs).toBeLessThan(2_000)
  })

  it('[AUT-13] [AUT-10] is handed over once enough voters are heard again', async () => {
    const [anna, ben] = await three()
    const heals = ['Ben', 'Cem'].map((name) => world.network.isolate(name))
    await world.clock.run(1_600)
    const handedOver = outcomeOf(anna.transferHost(ben.self.id))
    await world.clock.run(300)
    for (const heal of heals) heal()
    expect(await world.clock.complete(handedOver)).toMatchObject({ code: 'decided' })
    expect(anna.host.name).toBe('Ben')
  })
})
