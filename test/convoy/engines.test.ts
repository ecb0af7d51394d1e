import { afterEach, describe, expect, it } from 'vitest'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import {
  createConnector,
  emptyVehicleState,
  hostConvoy,
  isConvoyError,
  joinConvoy,
  loadEngine,
  type Convoy,
  type LoadOrder,
} from '../../lib/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { isFullyConnected, recordOf } from '../support/simulatedWorld.ts'

/** How long anything may take on a machine that is busy with other things. */
const patienceMs = 45_000

const clock = createSystemClock()
const convoys: Convoy[] = []
let service: SignalingService | undefined

afterEach(async () => {
  await Promise.all(convoys.splice(0).map((convoy) => convoy.close()))
  await service?.close()
})

async function until(promise: string, condition: () => boolean): Promise<void> {
  const deadline = clock.now() + patienceMs
  while (!condition()) {
    if (clock.now() > deadline) throw new Error(`Not within ${patienceMs} ms: ${promise}.`)
    await sleep(clock, 20)
  }
}

async function keep(convoy: Promise<Convoy>): Promise<Convoy> {
  const made = await convoy
  convoys.push(made)
  return made
}

const mods: LoadOrder = {
  mods: [
    { package: 'promods-map', name: 'ProMods Map', version: '2.84', optional: false },
    { package: 'promods-def', name: 'ProMods Def', version: '2.84', optional: false },
  ],
  dlcs: ['dlc_north'],
}

type NodeEngine = 'datachannel' | 'werift'

const casts: [name: string, engines: NodeEngine[]][] = [
  ['node-datachannel', ['datachannel', 'datachannel', 'datachannel', 'datachannel']],
  ['werift', ['werift', 'werift', 'werift', 'werift']],
  ['both engines, a werift host', ['werift', 'datachannel', 'werift', 'datachannel']],
]

describe('friends drive together', () => {
  it.each(casts)('over %s', { timeout: 4 * patienceMs }, async (_name, engines) => {
    const connectors = await Promise.all(engines.map(async (each) => createConnector(await loadEngine(each))))
    service = await startSignaling({ port: 0, clock, random: systemRandom })
    const options = (name: string, index: number) => {
      const connector = connectors[index]
      if (connector === undefined) throw new Error('There is an engine for everyone.')
      return { name, connector, loadOrder: mods, password: 'diesel' }
    }
    const anna = await keep(
      hostConvoy({ ...options('Anna', 0), rendezvous: service.url, passwordIterations: 1_000 }),
    )
    const wrongMods = { mods: mods.mods.slice(1), dlcs: mods.dlcs }
    await expect(joinConvoy(anna.invite, { ...options('Ben', 1), loadOrder: wrongMods })).rejects.toSatisfy(
      (error) => isConvoyError(error, 'load-order-mismatch'),
    )
    const ben = await keep(joinConvoy(anna.invite, options('Ben', 1)))
    const cem = await keep(joinConvoy(anna.invite, options('Cem', 2)))
    const dora = await keep(joinConvoy(anna.invite, options('Dora', 3)))
    const all = [anna, ben, cem, dora]
    await until('everyone is linked', () => all.every((convoy) => isFullyConnected(convoy, 4)))

    all.forEach((convoy, index) => {
      const state = emptyVehicleState()
      state.x = 100 * (index + 1)
      convoy.setVehicle(state)
    })
    await until('everyone sees every truck', () =>
      all.every((convoy) => {
        const seen = convoy.vehicles.sample().map(({ state }) => Math.round(state.x))
        return seen.length === 3
      }),
    )

    const atCem = recordOf(cem, 'chat')
    ben.sendChat('On my way')
    dora.sendChat('Wait for me', cem.self.id)
    await until('chat arrives', () => atCem.length === 2)
    expect(atCem.map(({ text, to }) => [text, to?.name ?? null]).sort()).toEqual([
      ['On my way', null],
      ['Wait for me', 'Cem'],
    ])

    await anna.setRules({ speedLimit: 80 })
    await until('rules are everyone’s', () => all.every(({ rules }) => rules.speedLimit === 80))

    const removed = recordOf(dora, 'removed')
    const others = [anna, ben, cem]
    const departures = others.map((convoy) => recordOf(convoy, 'memberLeft'))
    await anna.kick(dora.self.id, 'Lights, please.')
    await until('a kick is felt', () => removed.length === 1 && departures.every(({ length }) => length > 0))
    expect(removed).toEqual([{ reason: 'kicked', detail: 'Lights, please.' }])
    await until('the others are linked', () => others.every((convoy) => isFullyConnected(convoy, 3)))
    expect(departures.map((left) => left.map(({ member }) => member.name))).toEqual(
      others.map(() => ['Dora']),
    )
  })
})
