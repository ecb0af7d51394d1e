import { afterEach, describe, expect, it } from 'vitest'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { createIdentity, emptyVehicleState, hostConvoy, joinConvoy, type Convoy } from '../../lib/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { isFullyConnected, recordOf } from '../support/simulatedWorld.ts'
import { until } from './support/until.ts'

const clock = createSystemClock()
const convoys: Convoy[] = []
const services: SignalingService[] = []

afterEach(async () => {
  await Promise.all(convoys.splice(0).map((convoy) => convoy.close()))
  await Promise.all(services.splice(0).map((service) => service.close()))
})

async function service(port = 0): Promise<SignalingService> {
  const started = await startSignaling({ port, clock, random: systemRandom })
  services.push(started)
  return started
}

async function keep(convoy: Promise<Convoy>): Promise<Convoy> {
  const made = await convoy
  convoys.push(made)
  return made
}

function placedAt(x: number) {
  const state = emptyVehicleState()
  state.x = x
  state.y = 5
  return state
}

describe('a convoy over real WebRTC', () => {
  it('[HST-3] goes on when the signaling service dies, and grows through the second one in its invite', async () => {
    const first = await service()
    const second = await service()
    const anna = await keep(hostConvoy({ name: 'Anna', rendezvous: [first.url, second.url] }))
    const ben = await keep(joinConvoy(anna.invite, { name: 'Ben' }))
    const cem = await keep(joinConvoy(anna.invite, { name: 'Cem' }))
    await until(() => [anna, ben, cem].every((convoy) => isFullyConnected(convoy, 3)))
    const left = recordOf(ben, 'memberLeft')

    await first.close()
    cem.setVehicle(placedAt(200))
    await until(() => ben.vehicles.sample().some(({ state }) => Math.abs(state.x - 200) < 0.1))
    cem.setVehicle(placedAt(300))
    await until(() => ben.vehicles.sample().some(({ state }) => Math.abs(state.x - 300) < 0.1))
    expect(left).toEqual([])

    const dora = await keep(joinConvoy(anna.invite, { name: 'Dora' }))
    await until(() => [anna, ben, cem, dora].every((convoy) => isFullyConnected(convoy, 4)))
    expect(dora.members.map(({ name }) => name)).toEqual(['Anna', 'Ben', 'Cem', 'Dora'])
  })

  it('[SUC-6] lets friends in by the first invite after its founder has left', async () => {
    const only = await service()
    const anna = await keep(hostConvoy({ name: 'Anna', rendezvous: only.url }))
    const { invite } = anna
    const ben = await keep(joinConvoy(invite, { name: 'Ben' }))
    const cem = await keep(joinConvoy(invite, { name: 'Cem' }))
    await until(() => [anna, ben, cem].every((convoy) => convoy.authority.voters.length === 3))
    await until(() => [anna, ben, cem].every((convoy) => isFullyConnected(convoy, 3)))
    await anna.close()
    await until(() => ben.isHost || cem.isHost)
    await until(() => only.stats().sessions === 1)
    const dora = await keep(joinConvoy(invite, { name: 'Dora' }))
    await until(() => [ben, cem, dora].every((convoy) => isFullyConnected(convoy, 3)))
    expect(dora.host.name).toBe(ben.isHost ? 'Ben' : 'Cem')
    expect(dora.authority.epoch).toBe(1)
  })

  it('needs no service at all any more once its members are in', async () => {
    const only = await service()
    const anna = await keep(hostConvoy({ name: 'Anna', rendezvous: only.url }))
    const ben = await keep(joinConvoy(anna.invite, { name: 'Ben' }))
    await only.close()
    const chat = recordOf(anna, 'chat')
    ben.sendChat('still there?')
    await until(() => chat.length === 1)
    await anna.setRules({ speedLimit: 70 })
    await until(() => ben.rules.speedLimit === 70)
  })

  it('[MOD-2] keeps out whom a moderator banned, also after the host died', async () => {
    const only = await service()
    const anna = await keep(hostConvoy({ name: 'Anna', rendezvous: only.url }))
    const ben = await keep(joinConvoy(anna.invite, { name: 'Ben' }))
    const cem = await keep(joinConvoy(anna.invite, { name: 'Cem' }))
    const identity = createIdentity()
    const mallory = await keep(joinConvoy(anna.invite, { name: 'Mallory', identity }))
    await until(() => [anna, ben, cem].every((convoy) => isFullyConnected(convoy, 4)))
    await until(() => anna.authority.voters.length === 3)
    const removed = recordOf(mallory, 'removed')
    await anna.setRole(ben.self.id, 'moderator')
    await until(() => ben.self.role === 'moderator')
    await ben.ban(mallory.self.id, 'Ramming.')
    await until(() => removed.length === 1 && cem.members.length === 3)

    await anna.close()
    await until(() => ben.isHost || cem.isHost)
    await until(() => ben.authority.state === 'active' && ben.members.length === 2)
    expect(cem.bans).toMatchObject([{ name: 'Mallory', reason: 'Ramming.', by: ben.self.id }])
    await expect(joinConvoy(anna.invite, { name: 'Mallory', identity })).rejects.toMatchObject({
      code: 'banned',
    })
  })

  it('tells a refused joiner why, although the host hangs up right after (regression: code was "closed")', async () => {
    const only = await service()
    const anna = await keep(hostConvoy({ name: 'Anna', rendezvous: only.url, password: 'diesel' }))
    for (let round = 0; round < 5; round++) {
      await expect(joinConvoy(anna.invite, { name: 'Ben', password: 'petrol' })).rejects.toMatchObject({
        code: 'password-wrong',
      })
    }
  })

  it('says what to do when no service answers', async () => {
    const gone = await service()
    const { url } = gone
    await gone.close()
    await expect(hostConvoy({ name: 'Anna', rendezvous: url })).rejects.toMatchObject({
      code: 'rendezvous-unreachable',
      message: expect.stringContaining(url) as unknown,
    })
  })
})
