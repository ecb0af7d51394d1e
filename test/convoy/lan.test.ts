import { afterEach, describe, expect, it } from 'vitest'
import { decodeInvite, hostConvoy, joinConvoy, type Convoy, type Rendezvous } from '../../lib/index.ts'
import { createSystemClock } from '../../lib/core/index.ts'
import { openAnnouncement } from '../../lib/identity/index.ts'
import { onLoopback, ownPort, withoutLanHint } from '../rendezvous/lan/support.ts'
import { isFullyConnected } from '../support/simulatedWorld.ts'
import { until } from './support/until.ts'

const clock = createSystemClock()
const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close()
})

function keep<T extends { close(): Promise<void> }>(made: T): T {
  closing.push(made)
  return made
}

describe('a convoy on a local network', () => {
  it('[LAN-5] comes about, is listed and outlives its host by multicast DNS alone', async () => {
    const port = ownPort()
    const lan = (): Rendezvous => keep(onLoopback(port, { reachMs: 3_000 }))
    const anna = keep(
      await hostConvoy({ name: 'Anna', rendezvous: lan(), rules: { lobbyName: 'LAN party' } }),
    )
    expect(decodeInvite(anna.invite).hints).toEqual(['lan:'])
    const [envelope = new Uint8Array(0)] = await lan().list()
    expect((await openAnnouncement(envelope, { clock })).listing?.lobbyName).toBe('LAN party')

    const joined: Convoy[] = []
    for (const name of ['Ben', 'Cem'])
      joined.push(keep(await joinConvoy(withoutLanHint(anna.invite), { name, rendezvous: lan() })))
    await until(() => [anna, ...joined].every((convoy) => isFullyConnected(convoy, 3)))
    await until(() => joined.every((convoy) => convoy.authority.voters.length === 3))

    await anna.close()
    await until(() => joined.some((convoy) => convoy.isHost))
    const dora = keep(await joinConvoy(withoutLanHint(anna.invite), { name: 'Dora', rendezvous: lan() }))
    expect(dora.host.name).toBe(joined.find((convoy) => convoy.isHost)?.self.name)
  })
})
