import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Convoy } from '../../lib/index.ts'
import type { Connector } from '../../lib/rtc/index.ts'
import type { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { closeSignaledWorld, signaledWorld } from '../support/signaledWorld.ts'
import { isFullyConnected, recordOf, type SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous
/** Connections that each peer has begun. */
let begun: Record<string, number>

beforeEach(() => {
  ;({ world, signaling } = signaledWorld())
  begun = {}
})

afterEach(() => closeSignaledWorld({ world, signaling }))

function counted(name: string): {
  connector: Connector
  rendezvous: ReturnType<typeof signaling.rendezvous>
} {
  const { connector } = world.parts(name)
  begun[name] = 0
  return {
    rendezvous: signaling.rendezvous(name),
    connector: {
      name: connector.name,
      connect: (options) => {
        begun[name] = (begun[name] ?? 0) + 1
        return connector.connect(options)
      },
    },
  }
}

async function three(): Promise<[Convoy, Convoy, Convoy]> {
  const anna = await world.host('Anna', counted('Anna'))
  const ben = await world.join('Ben', anna.invite, counted('Ben'))
  const cem = await world.join('Cem', anna.invite, counted('Cem'))
  await world.clock.runUntil(() => whole([anna, ben, cem]))
  await world.clock.run(2_000)
  return [anna, ben, cem]
}

const whole = (convoys: readonly Convoy[]): boolean =>
  convoys.every((convoy) => isFullyConnected(convoy, convoys.length))

describe('a network that changed', () => {
  const cases: [who: number, made: Record<string, number>][] = [
    [0, { Anna: 2, Ben: 1, Cem: 1 }],
    [1, { Anna: 1, Ben: 2, Cem: 1 }],
    [2, { Anna: 1, Ben: 1, Cem: 2 }],
  ]
  for (const [who, made] of cases) {
    const name = ['Anna', 'Ben', 'Cem'][who] ?? ''
    it(`[LNK-75] [LNK-71] has all links of ${name} dialled again at once, with nobody noticing`, async () => {
      const all = await three()
      const changes = all.map((convoy) => [recordOf(convoy, 'memberChanged'), recordOf(convoy, 'memberLeft')])
      const chat = recordOf(all[who === 2 ? 1 : 2], 'chat')
      const before = { ...begun }
      const speaker = all[who] as Convoy
      speaker.networkChanged()
      for (let line = 0; line < 30; line++) {
        speaker.sendChat(`line ${line}`)
        await world.clock.run(50)
      }
      const more = Object.fromEntries(
        Object.keys(made).map((each) => [each, (begun[each] ?? 0) - (before[each] ?? 0)]),
      )
      expect(more).toEqual(made)
      await world.clock.run(1_000)
      expect(chat.map(({ text }) => text)).toEqual(Array.from({ length: 30 }, (_, line) => `line ${line}`))
      expect(changes.flat(2)).toEqual([])
      expect(whole(all)).toBe(true)
    })
  }

  it('[LNK-75] [RDV-27] has the host connect its signaling service anew, where friends go on finding it', async () => {
    const [anna] = await three()
    anna.networkChanged()
    await world.clock.run(500)
    expect(signaling.stats()).toMatchObject({ sessions: 1 })
    const dora = await world.join('Dora', anna.invite, counted('Dora'))
    await world.clock.runUntil(() => isFullyConnected(dora, 4))
  })

  it('[LNK-75] brings a member that had tried for long back at once', async () => {
    const all = await three()
    const [, ben] = all
    const heal = world.network.isolate('Ben')
    await world.clock.run(1_800_000)
    heal()
    ben.networkChanged()
    await world.clock.run(2_000)
    expect(whole(all)).toBe(true)
  })

  it('[LNK-75] of a convoy that is closed is none of its business', async () => {
    const [anna, ben] = await three()
    await world.clock.complete(ben.close())
    ben.networkChanged()
    await world.clock.complete(anna.close())
    anna.networkChanged()
    await world.clock.run(1_000)
  })
})
