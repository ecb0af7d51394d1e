import { afterEach, describe, expect, it } from 'vitest'
import { decodeInvite, encodeInvite } from '../../../lib/identity/index.ts'
import { hostConvoy, joinConvoy, type Convoy } from '../../../lib/index.ts'
import { isFullyConnected } from '../../support/simulatedWorld.ts'
import { until } from '../support.ts'
import { addressOf, MeshBench, others, remote } from './support.ts'

const bench = new MeshBench()
const convoys: Convoy[] = []
afterEach(async () => {
  await Promise.all(convoys.splice(0).map((convoy) => convoy.close()))
  await bench.close()
})

async function keep(convoy: Promise<Convoy>): Promise<Convoy> {
  const made = await convoy
  convoys.push(made)
  return made
}

describe('a convoy over a mesh', () => {
  it('[MSH-7] hosts at two services of one mesh, and is found by the third while one dies', async () => {
    const one = await bench.service()
    const two = await bench.service({ peers: addressOf(one) })
    const three = await bench.service({ peers: addressOf(two) })
    await until(() => others(one) === 2 && others(three) === 2)
    const anna = await keep(hostConvoy({ name: 'Anna', rendezvous: [one.url, two.url] }))
    const invite = encodeInvite({ ...decodeInvite(anna.invite), hints: [three.url] })
    await until(() => one.stats().sessions === 1 && two.stats().sessions === 1)
    const ben = await keep(joinConvoy(invite, { name: 'Ben' }))
    await until(() => isFullyConnected(ben, 2))
    await one.close()
    const cem = await keep(joinConvoy(invite, { name: 'Cem' }))
    await until(() => [anna, ben, cem].every((convoy) => isFullyConnected(convoy, 3)))
  })

  it('[MSH-1] meets with each member at a service of its own, and its later host is found from all', async () => {
    const one = await bench.service()
    const two = await bench.service({ peers: addressOf(one) })
    const three = await bench.service({ peers: addressOf(two) })
    await until(() => others(one) === 2 && others(three) === 2)
    const anna = await keep(hostConvoy({ name: 'Anna', rendezvous: one.url }))
    const invite = (url: string): string => encodeInvite({ ...decodeInvite(anna.invite), hints: [url] })
    const ben = await keep(joinConvoy(invite(two.url), { name: 'Ben' }))
    const cem = await keep(joinConvoy(invite(three.url), { name: 'Cem' }))
    await until(() => [anna, ben, cem].every((convoy) => convoy.authority.voters.length === 3))
    await until(() => [anna, ben, cem].every((convoy) => isFullyConnected(convoy, 3)))
    expect(one.stats()).toMatchObject({ sessions: 1, mesh: { sessions: 0 } })
    await Promise.all([anna.close(), one.close()])
    await until(() => ben.isHost || cem.isHost)
    const [holder, other] = ben.isHost ? [two, three] : [three, two]
    await until(() => holder.stats().sessions === 1 && remote(other) === 1)
    const dora = await keep(joinConvoy(invite(other.url), { name: 'Dora' }))
    await until(() => [ben, cem, dora].every((convoy) => isFullyConnected(convoy, 3)))
    expect(dora.authority.epoch).toBe(1)
  })
})
