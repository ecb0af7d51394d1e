import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { createIdentity, hostConvoy, joinConvoy, type Convoy } from '../../lib/index.ts'
import { openStore, type ConvoyStore } from '../../lib/store/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { isFullyConnected } from '../support/simulatedWorld.ts'
import { until } from './support/until.ts'

const clock = createSystemClock()
let folder: string
let service: SignalingService
const convoys: Convoy[] = []
const stores: ConvoyStore[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bans-'))
  service = await startSignaling({ port: 0, clock, random: systemRandom })
})

afterEach(async () => {
  await closeAll()
  await service.close()
  await rm(folder, { recursive: true })
})

async function closeAll(): Promise<void> {
  await Promise.all(convoys.splice(0).map((convoy) => convoy.close()))
  await Promise.all(stores.splice(0).map((store) => store.close()))
}

async function storeOf(name: string): Promise<ConvoyStore> {
  const store = await openStore({ path: join(folder, name) })
  stores.push(store)
  return store
}

async function kept(convoy: Promise<Convoy>): Promise<Convoy> {
  const made = await convoy
  convoys.push(made)
  return made
}

it('[MOD-2] a player whom a moderator banned stays out when the host is gone, and after everybody restarted', async () => {
  const identities = new Map(['Anna', 'Ben', 'Cem', 'Mallory'].map((name) => [name, createIdentity()]))
  const partsOf = (name: string) => ({ name, identity: identities.get(name) ?? createIdentity() })
  const rendezvous = service.url
  const host = async (name: string): Promise<Convoy> =>
    kept(hostConvoy({ ...partsOf(name), rendezvous, store: await storeOf(name) }))
  const friend = async (name: string, invite: string): Promise<Convoy> =>
    kept(joinConvoy(invite, { ...partsOf(name), store: await storeOf(name) }))

  const anna = await host('Anna')
  const { invite } = anna
  const ben = await friend('Ben', invite)
  const cem = await friend('Cem', invite)
  const mallory = await kept(joinConvoy(invite, partsOf('Mallory')))
  await until(() => [anna, ben, cem, mallory].every((convoy) => isFullyConnected(convoy, 4)))
  await until(() => anna.authority.voters.length === 3)
  await anna.setRole(ben.self.id, 'moderator')
  await until(() => ben.self.role === 'moderator')
  await ben.ban(mallory.self.id, 'Ramming.')
  await until(() => cem.bans.length === 1)

  await anna.close()
  await until(() => ben.isHost || cem.isHost)
  await until(() => service.stats().sessions === 1)
  await expect(joinConvoy(invite, partsOf('Mallory'))).rejects.toMatchObject({ code: 'banned' })

  // Everybody restarts, and somebody else founds the next one.
  await closeAll()
  const again = await host('Cem')
  expect(again.bans.map(({ reason }) => reason)).toEqual(['Ramming.'])
  await expect(joinConvoy(again.invite, partsOf('Mallory'))).rejects.toMatchObject({ code: 'banned' })
  const back = await friend('Anna', again.invite)
  expect(back.members).toHaveLength(2)
})
