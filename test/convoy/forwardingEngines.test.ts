import { afterEach, describe, expect, it } from 'vitest'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import {
  createConnector,
  emptyVehicleState,
  hostConvoy,
  joinConvoy,
  loadEngine,
  type Connector,
  type Convoy,
} from '../../lib/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { isFullyConnected } from '../support/simulatedWorld.ts'

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

/**
 * A connector that answers nobody until `open` is set. A member dials those that were there before it and is dialled by
 * those that come later, so the second of three reaches the host and not the third.
 */
function answeringNobody(connector: Connector): Connector & { open: boolean } {
  const deaf = {
    name: connector.name,
    open: false,
    connect(options: Parameters<Connector['connect']>[0]) {
      const { handlers, initiator } = options
      return connector.connect({
        ...options,
        handlers: {
          ...handlers,
          signal: (signal) => {
            if (initiator || deaf.open) handlers.signal(signal)
          },
        },
      })
    },
  }
  return deaf
}

describe('two members between whom no connection comes about, over node-datachannel', () => {
  it(
    '[FWD-2] [FWD-6] [FWD-7] see each other through the host, with proof, and directly once they can',
    { timeout: 4 * patienceMs },
    async () => {
      const engine = await loadEngine('datachannel')
      service = await startSignaling({ port: 0, clock, random: systemRandom })
      const bensWay = answeringNobody(createConnector(engine))
      const anna = await keep(
        hostConvoy({ name: 'Anna', connector: createConnector(engine), rendezvous: service.url }),
      )
      const ben = await keep(joinConvoy(anna.invite, { name: 'Ben', connector: bensWay }))
      const cem = await keep(joinConvoy(anna.invite, { name: 'Cem', connector: createConnector(engine) }))
      const drive = clock.every(50, () => {
        for (const [index, convoy] of [anna, ben, cem].entries()) {
          const state = emptyVehicleState()
          state.x = 100 * (index + 1)
          state.velocityZ = -20
          state.z = (-20 * clock.now()) / 1_000
          convoy.setVehicle(state)
        }
      })
      try {
        const shown = (convoy: Convoy, other: Convoy): number | undefined =>
          convoy.vehicles.sample().find(({ memberId }) => memberId === other.self.id)?.state.x
        await until('both see each other', () => shown(ben, cem) === 300 && shown(cem, ben) === 200)
        for (const convoy of [ben, cem]) {
          const [member] = convoy.stats().forwarding.members
          expect(member?.via).toBe(anna.self.id)
        }
        await until('both have proof', () =>
          [ben, cem].every((convoy) => (convoy.stats().forwarding.members[0]?.proved ?? 0) > 8),
        )
        bensWay.open = true
        await until('both are linked', () => [ben, cem].every((convoy) => isFullyConnected(convoy, 3)))
        await until('nothing is forwarded', () => anna.stats().forwarding.forOthers.forwards === 0)
        expect([ben, cem].map((convoy) => convoy.stats().forwarding.members[0])).toMatchObject([
          { via: undefined, forged: 0 },
          { via: undefined, forged: 0 },
        ])
      } finally {
        drive()
      }
    },
  )
})
