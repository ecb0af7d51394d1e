import { describe, expect, it } from 'vitest'
import { isConvoyError, joinConvoy, type Convoy } from '../../lib/index.ts'
import { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'
import { PhaseProbe, phases, type Phase } from './support/phaseProbe.ts'

/** Waits of the whole way in are 10 s at most; then each side has let go of the other. */
const everythingEndsMs = 16_000

/** A host, Cem, and Ben, whose way in is watched; over a service that is part of the network. */
class Scene {
  readonly world = new SimulatedWorld()
  readonly signaling = new SimulatedRendezvous({ network: this.world.network })
  readonly probe: PhaseProbe
  anna: Convoy | undefined
  /** How far Ben was when what the test is about happened. */
  at: Phase | undefined
  #ben: Convoy | undefined
  #cem: Convoy | undefined

  constructor() {
    const { connector } = this.world.parts('Ben')
    this.probe = new PhaseProbe({ connector, rendezvous: this.signaling.rendezvous('Ben') })
  }

  async begin(): Promise<Convoy> {
    this.anna = await this.world.host('Anna', {
      rendezvous: this.signaling.rendezvous('Anna'),
      password: 'diesel',
    })
    this.#cem = await this.world.join('Cem', this.anna.invite, {
      rendezvous: this.signaling.rendezvous('Cem'),
      password: 'diesel',
    })
    await this.world.clock.run(500)
    return this.anna
  }

  /** Has Cem leave, so that nobody is there to follow the host. */
  async leaveAlone(): Promise<void> {
    await this.world.clock.complete(this.#cem?.close() ?? Promise.resolve())
    await this.world.clock.run(500)
  }

  async join(signal?: AbortSignal): Promise<Convoy> {
    this.#ben = await joinConvoy(this.anna?.invite ?? '', {
      ...this.world.parts('Ben'),
      rendezvous: this.probe.rendezvous,
      connector: this.probe.connector,
      password: 'diesel',
      ...(signal === undefined ? {} : { signal }),
    })
    return this.#ben
  }

  /** Notes how far Ben is. */
  mark(): void {
    this.at = this.probe.phase
  }

  /** All three, linked. */
  async whole(): Promise<Convoy> {
    await this.begin()
    const ben = await this.world.clock.complete(this.join())
    await this.world.clock.runUntil(() => isFullyConnected(ben, 3))
    await this.world.clock.run(200)
    return ben
  }

  /** Once everything that ends by itself has ended, those who stay are as they were, and nothing is left of Ben. */
  async expectOnly(...names: string[]): Promise<void> {
    await this.world.clock.run(everythingEndsMs)
    expect(this.anna?.members.map(({ name }) => name) ?? []).toEqual(names)
    const links = names.length - 1
    // Two ends for each pair.
    expect(this.world.network.openConnections).toBe(links * (links + 1))
    expect(this.signaling.stats()).toMatchObject({ routes: 0 })
  }

  async end(): Promise<void> {
    await this.world.clock.complete(this.#ben?.close() ?? Promise.resolve())
    await this.world.close()
    await this.world.clock.complete(this.signaling.close())
    await this.world.clock.run(everythingEndsMs)
    expect(this.world.network.openConnections).toBe(0)
    expect(this.world.clock.pendingTimers).toBe(0)
  }
}

/** Runs `act` in scene after scene, each time a little later, until it says that there is no later. */
async function walk(
  stepMs: number,
  act: (scene: Scene, afterMs: number) => Promise<boolean>,
): Promise<Set<Phase>> {
  const seen = new Set<Phase>()
  for (let afterMs = 0, more = true; more; afterMs += stepMs) {
    const scene = new Scene()
    more = await act(scene, afterMs)
    if (scene.at !== undefined) seen.add(scene.at)
    await scene.end()
  }
  return seen
}

const codeOf = async (outcome: Promise<Convoy>): Promise<string> => {
  try {
    await outcome
    return 'joined'
  } catch (error) {
    if (isConvoyError(error)) return error.code
    throw error
  }
}

describe('closing in every phase', () => {
  it('of joining, by its AbortSignal, leaves nothing of the joiner', { timeout: 60_000 }, async () => {
    const seen = await walk(20, async (scene, afterMs) => {
      await scene.begin()
      const abort = new AbortController()
      const outcome = codeOf(scene.join(abort.signal))
      await scene.world.clock.run(afterMs)
      scene.mark()
      abort.abort()
      const code = await scene.world.clock.complete(outcome)
      if (code === 'joined') return false
      expect(code).toBe('aborted')
      await scene.expectOnly('Anna', 'Cem')
      return true
    })
    expect(new Set(seen)).toEqual(new Set(phases))
  })

  it(
    '[ADM-17] of joining, by the host that closes, leads to the next host',
    { timeout: 60_000 },
    async () => {
      const seen = await walk(20, async (scene, afterMs) => {
        const anna = await scene.begin()
        let isIn = false
        const outcome = codeOf(scene.join()).finally(() => (isIn = true))
        await scene.world.clock.run(afterMs)
        const wasIn = isIn
        scene.mark()
        await scene.world.clock.complete(anna.close())
        expect(await scene.world.clock.complete(outcome)).toBe('joined')
        return !wasIn
      })
      expect(new Set(seen)).toEqual(new Set(phases))
    },
  )

  it('of joining, by the only one inside, ends the joining with a code', { timeout: 60_000 }, async () => {
    const codes = new Set<string>()
    const seen = await walk(20, async (scene, afterMs) => {
      const anna = await scene.begin()
      await scene.leaveAlone()
      const outcome = codeOf(scene.join())
      await scene.world.clock.run(afterMs)
      scene.mark()
      await scene.world.clock.complete(anna.close())
      const code = await scene.world.clock.complete(outcome)
      codes.add(code)
      return code !== 'joined'
    })
    expect(new Set(seen)).toEqual(new Set(phases))
    for (const code of codes) {
      expect(['joined', 'closed', 'session-not-found', 'link-failed', 'timeout']).toContain(code)
    }
  })

  it(
    'of linking with the others, right after having joined, leaves nothing',
    { timeout: 60_000 },
    async () => {
      await walk(25, async (scene, afterMs) => {
        await scene.begin()
        const ben = await scene.world.clock.complete(scene.join())
        await scene.world.clock.run(afterMs)
        const wasWhole = isFullyConnected(ben, 3)
        await scene.world.clock.complete(ben.close())
        await scene.expectOnly('Anna', 'Cem')
        return !wasWhole
      })
    },
  )

  it('[LNK-73] of dialling the host again leaves nothing', { timeout: 60_000 }, async () => {
    const seen = await walk(45, async (scene, afterMs) => {
      const ben = await scene.whole()
      ben.networkChanged()
      await scene.world.clock.run(afterMs)
      scene.mark()
      await scene.world.clock.complete(ben.close())
      await scene.expectOnly('Anna', 'Cem')
      return afterMs < 500
    })
    // No challenge: the link to Cem is dialled at the same time, so that the phases mix.
    expect([...seen]).toEqual(expect.arrayContaining(['knocking', 'connecting', 'linked']))
  })

  it('[LNK-74] of coming back leaves nothing', { timeout: 60_000 }, async () => {
    const seen = await walk(35, async (scene, afterMs) => {
      const ben = await scene.whole()
      scene.world.network.freeze('Ben')
      await scene.world.clock.run(17_000)
      const back = recordOf(ben, 'hostBack')
      scene.world.network.thaw('Ben')
      await scene.world.clock.run(afterMs)
      scene.mark()
      const isBack = back.length > 0
      await scene.world.clock.complete(ben.close())
      await scene.expectOnly('Anna', 'Cem')
      return !isBack
    })
    expect(new Set(seen)).toEqual(new Set(phases))
  })

  it('[LNK-74] of waiting for a host that is out of reach leaves nothing', { timeout: 60_000 }, async () => {
    await walk(700, async (scene, afterMs) => {
      const ben = await scene.whole()
      const heal = scene.world.network.isolate('Ben')
      await scene.world.clock.run(14_000 + afterMs)
      await scene.world.clock.complete(ben.close())
      await scene.world.clock.run(1_000)
      heal()
      await scene.expectOnly('Anna', 'Cem')
      return afterMs < 9_000
    })
  })

  it(
    '[LNK-74] of a return, by the host that closes, leaves the member driving until it closes',
    { timeout: 60_000 },
    async () => {
      const seen = await walk(45, async (scene, afterMs) => {
        const ben = await scene.whole()
        scene.world.network.freeze('Ben')
        await scene.world.clock.run(17_000)
        const back = recordOf(ben, 'hostBack')
        scene.world.network.thaw('Ben')
        await scene.world.clock.run(afterMs)
        scene.mark()
        const isBack = back.length > 0
        await scene.world.clock.complete(scene.anna?.close() ?? Promise.resolve())
        await scene.world.clock.run(5_000)
        expect(() => ben.sendChat('on my own')).not.toThrow()
        await scene.world.clock.complete(ben.close())
        return !isBack
      })
      expect(new Set(seen)).toEqual(new Set(phases))
    },
  )
})
