import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { joinConvoy, type Convoy } from '../../lib/index.ts'
import type { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { closeSignaledWorld, signaledWorld } from '../support/signaledWorld.ts'
import type { SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous

beforeEach(() => {
  ;({ world, signaling } = signaledWorld())
})

afterEach(() => closeSignaledWorld({ world, signaling }))

const hostOf = (name: string): Promise<Convoy> => world.host(name, { rendezvous: signaling.rendezvous(name) })
const join = (name: string, invite: string, signal?: AbortSignal): Promise<Convoy> =>
  joinConvoy(invite, {
    ...world.parts(name),
    rendezvous: signaling.rendezvous(name),
    ...(signal && { signal }),
  })

/** What becomes of joining, and how long it takes, ms. */
async function outcomeOf(joining: Promise<Convoy>): Promise<{ outcome: string; afterMs: number }> {
  const since = world.clock.now()
  const settled = joining.then(
    async (convoy) => {
      const { name } = convoy.host
      await convoy.close()
      return name
    },
    (error: unknown) => (error as { code: string }).code,
  )
  let afterMs = 0
  const timed = settled.then((outcome) => {
    afterMs = world.clock.now() - since
    return outcome
  })
  return { outcome: await world.clock.complete(timed), afterMs }
}

describe('a friend that joins while authority moves', () => {
  it.each([
    ['leaves', (anna: Convoy) => anna.close()],
    ['hands over', (anna: Convoy, ben: Convoy) => anna.transferHost(ben.self.id)],
  ])(
    '[ADM-17] when the host %s gets in, whenever it asks (regression: code was "session-not-found" or "closed")',
    { timeout: 60_000 },
    async (_, step) => {
      for (let afterMs = 0; afterMs <= 800; afterMs += 40) {
        // The next host is slow to announce itself: the former one is not announced any more by then.
        world.network.setConditionsBetween('Ben', 'signaling', { delayMs: 150 })
        const anna = await hostOf('Anna')
        const ben = await world.join('Ben', anna.invite, { rendezvous: signaling.rendezvous('Ben') })
        await world.clock.run(1_500)
        const stepped = step(anna, ben)
        await world.clock.run(afterMs)
        const { outcome, afterMs: tookMs } = await outcomeOf(join('Dora', anna.invite))
        expect(['Anna', 'Ben']).toContain(outcome)
        expect(tookMs).toBeLessThan(3_000)
        await world.clock.complete(Promise.all([stepped, anna.close(), ben.close()]))
        await world.clock.run(2_000)
      }
    },
  )

  it('[ADM-17] is told after 5 s where there is no such session', async () => {
    const anna = await hostOf('Anna')
    await world.clock.complete(anna.close())
    const { outcome, afterMs } = await outcomeOf(join('Dora', anna.invite))
    expect(outcome).toBe('session-not-found')
    expect(afterMs).toBeGreaterThan(3_500)
    expect(afterMs).toBeLessThan(5_500)
  })

  it('gives up at once on a signal, also between two attempts', async () => {
    const anna = await hostOf('Anna')
    await world.clock.complete(anna.close())
    const abort = new AbortController()
    world.clock.after(1_234, () => abort.abort())
    expect(await outcomeOf(join('Dora', anna.invite, abort.signal))).toEqual({
      outcome: 'aborted',
      afterMs: 1_234,
    })
  })

  it('[ADM-17] does not ask a host again that hung up, lest its record grow with each try, and is told so', async () => {
    const { sign } = world.identity('Anna').signer
    const anna = await hostOf('Anna')
    world.identity('Anna').signer.sign = (message) => {
      // Of all that a host signs, only tickets name roles.
      if (Buffer.from(message).includes('roles')) throw new Error('The key store is locked.')
      return sign.call(world.identity('Anna').signer, message)
    }
    const { committed } = anna.stats().record
    const { outcome } = await outcomeOf(join('Dora', anna.invite))
    expect(outcome).toBe('closed')
    await world.clock.run(1_000)
    // Joined, left.
    expect(anna.stats().record.committed).toBe(committed + 2)
  })
})
