import { afterEach, expect, it } from 'vitest'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { createConnector, hostConvoy, joinConvoy, loadEngine, type Convoy } from '../../lib/index.ts'
import type { Connector } from '../../lib/rtc/index.ts'
import { createImpairment, impairedConnector } from '../../lib/testing/udpRelay.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { isFullyConnected, recordOf } from '../support/simulatedWorld.ts'

const clock = createSystemClock()
const convoys: Convoy[] = []
let service: SignalingService | undefined

afterEach(async () => {
  await Promise.all(convoys.splice(0).map((convoy) => convoy.close()))
  await service?.close()
})

async function until(promise: string, condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 20) {
    if (waitedMs > 30_000) throw new Error(`Not within 30 s: ${promise}.`)
    await sleep(clock, 20)
  }
}

it(
  '[LNK-75] a router that gives a member another port costs nobody the convoy, over node-datachannel',
  { timeout: 90_000 },
  async () => {
    const engine = createConnector(await loadEngine('datachannel'))
    const router = createImpairment({ clock, random: systemRandom })
    let begun = 0
    const behindRouter = impairedConnector(
      {
        name: engine.name,
        connect: (options) => {
          begun++
          return engine.connect(options)
        },
      } satisfies Connector,
      router,
    )
    service = await startSignaling({ port: 0, clock, random: systemRandom })
    const anna = await hostConvoy({ name: 'Anna', connector: engine, rendezvous: service.url })
    convoys.push(anna)
    const ben = await joinConvoy(anna.invite, { name: 'Ben', connector: behindRouter })
    convoys.push(ben)
    const cem = await joinConvoy(anna.invite, { name: 'Cem', connector: engine })
    convoys.push(cem)
    const isWhole = (): boolean => convoys.every((convoy) => isFullyConnected(convoy, 3))
    await until('all are linked', isWhole)
    const goodbyes = convoys.flatMap((convoy) => [
      recordOf(convoy, 'memberLeft'),
      recordOf(convoy, 'hostGone'),
    ])
    const heard = [recordOf(anna, 'chat'), recordOf(cem, 'chat')]
    const before = begun

    await router.rebind()
    ben.networkChanged()
    for (let line = 0; line < 20; line++) {
      ben.sendChat(`line ${line}`)
      await sleep(clock, 50)
    }
    await until('every line has arrived', () => heard.every(({ length }) => length >= 20))
    await until('all are linked again', isWhole)
    const lines = Array.from({ length: 20 }, (_, line) => `line ${line}`)
    expect(heard.map((chat) => chat.map(({ text }) => text))).toEqual([lines, lines])
    // To the host; to Cem it is Cem, who joined later, who dials, and only if it heard nothing for a while.
    expect(begun - before).toBeGreaterThanOrEqual(1)
    expect(goodbyes.flat()).toEqual([])
  },
)
