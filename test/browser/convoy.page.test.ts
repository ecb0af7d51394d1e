import { afterEach, describe, expect, inject, it } from 'vitest'
import { emptyVehicleState, hostConvoy, joinConvoy, type Connector, type Convoy } from '../../lib/index.ts'
import { remoteConnector } from '../support/engineBridge.ts'

// Real WebRTC and a real signaling service on a busy machine; a healthy join takes a tenth of a second.
const patience = { timeout: 20_000, interval: 20 }

describe('a convoy in a browser', () => {
  const convoys: Convoy[] = []

  afterEach(async () => {
    await Promise.all(convoys.splice(0).map((convoy) => convoy.close()))
  })

  async function host(name: string): Promise<Convoy> {
    const convoy = await hostConvoy({ name, rendezvous: inject('services').signaling })
    convoys.push(convoy)
    return convoy
  }

  async function join(invite: string, name: string, connector?: Connector): Promise<Convoy> {
    const convoy = await joinConvoy(invite, { name, ...(connector && { connector }) })
    convoys.push(convoy)
    return convoy
  }

  it('is hosted by a page, joined by pages and by both engines of Node, and everyone sees every truck', async () => {
    const { invite } = await host('Ada')
    await join(invite, 'Bruno')
    for (const engine of ['datachannel', 'werift'] as const) {
      await join(invite, engine, await remoteConnector(inject('services').services, engine))
    }
    convoys.forEach((convoy, index) =>
      convoy.setVehicle({ ...emptyVehicleState(), x: 100 * index, y: 1, z: 7 }),
    )
    await expect
      .poll(
        () =>
          convoys.map((convoy) =>
            [...convoy.vehicles.sample()].map(({ state }) => Math.round(state.x)).sort(),
          ),
        patience,
      )
      .toEqual([
        [100, 200, 300],
        [0, 200, 300],
        [0, 100, 300],
        [0, 100, 200],
      ])
    for (const convoy of convoys) expect(convoy.members).toHaveLength(4)
  })

  it('carries chat, and goes on under another page when the one that hosts it leaves', async () => {
    const ada = await host('Ada')
    const bruno = await join(ada.invite, 'Bruno')
    const texts: string[] = []
    bruno.on('chat', ({ from, text }) => texts.push(`${from.name}: ${text}`))
    let successor = ''
    bruno.on('hostChanged', (change) => (successor = change.host.name))
    ada.sendChat('Gute Fahrt! 🚚')
    await expect.poll(() => texts, patience).toEqual(['Ada: Gute Fahrt! 🚚'])
    await ada.close()
    await expect.poll(() => successor, patience).toBe('Bruno')
    await bruno.setRules({ speedLimit: 60 })
    expect(bruno.rules.speedLimit).toBe(60)
  })
})
