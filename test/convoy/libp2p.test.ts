import { afterEach, describe, expect, it } from 'vitest'
import {
  createIdentity,
  hostConvoy,
  joinConvoy,
  type Convoy,
  type HostOptions,
  type Identity,
} from '../../lib/index.ts'
import { decodeInvite } from '../../lib/identity/index.ts'
import type { Libp2pRendezvousOptions } from '../../lib/rendezvous/libp2p/index.ts'
import { PeerBench } from '../rendezvous/libp2p/support.ts'

const patience = { timeout: 20_000, interval: 20 }

describe('a convoy by libp2p alone', () => {
  const bench = new PeerBench()
  const convoys: Convoy[] = []
  afterEach(async () => {
    await Promise.all(convoys.splice(0).map((convoy) => convoy.close()))
    await bench.close()
  })

  async function host(
    options: Partial<Libp2pRendezvousOptions>,
    rules: HostOptions['rules'] = {},
  ): Promise<Convoy> {
    const identity = createIdentity()
    const rendezvous = bench.peer({ ...options, identity })
    const convoy = await hostConvoy({ name: 'Ada', identity, rendezvous, rules })
    convoys.push(convoy)
    return convoy
  }

  async function join(
    invite: string,
    name: string,
    identity: Identity = createIdentity(),
    options: Partial<Libp2pRendezvousOptions> = {},
  ): Promise<Convoy> {
    const rendezvous = bench.peer({ ...options, identity })
    const convoy = await joinConvoy(invite, { name, identity, rendezvous })
    convoys.push(convoy)
    return convoy
  }

  it('is joined directly, by WebSockets and TCP, with a password, and everybody links up', async () => {
    const ada = await host({ listen: ['/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/tcp/0'] })
    expect(decodeInvite(ada.invite).hints).toHaveLength(2)
    await join(ada.invite, 'Bruno')
    await join(ada.invite, 'Clara')
    await expect
      .poll(
        () => convoys.map(({ members }) => members.filter(({ presence }) => presence === 'connected').length),
        patience,
      )
      .toEqual([2, 2, 2])
  })

  it('is joined over a relay, and goes on being joined by the same invite after its host is gone', async () => {
    const relay = await bench.relay()
    const ada = await host({ relays: relay.addresses })
    const { invite } = ada
    const bruno = await join(invite, 'Bruno')
    await join(invite, 'Clara')
    let successor = ''
    for (const each of convoys.slice(1)) each.on('hostChanged', ({ host }) => (successor = host.name))
    await convoys.shift()!.close()
    await expect.poll(() => successor, patience).not.toBe('')
    const dario = await join(invite, 'Dario')
    await expect.poll(() => dario.members.length, patience).toBe(3)
    expect(bruno.members).toHaveLength(3)
  })

  it('can not be joined without libp2p, and says what to pass', async () => {
    const ada = await host({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    await expect(joinConvoy(ada.invite, { name: 'Bruno' })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('openconvoy/libp2p') as string,
    })
  })
})
