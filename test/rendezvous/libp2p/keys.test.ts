import { describe, expect, it } from 'vitest'
import { toHex } from '../../../lib/core/index.ts'
import { createIdentity, domainHash, tweetnaclSigner } from '../../../lib/identity/index.ts'
import { forInvites, limitKeyOf, relayOf } from '../../../lib/rendezvous/libp2p/addresses.ts'
import { contentKeyOf, isPeerOf, peerIdOf, privateKeyOf } from '../../../lib/rendezvous/libp2p/keys.ts'
import { multiaddr } from '@multiformats/multiaddr'

const peer = '12D3KooWEiAVCnyvG6qGqC9TuRouG8DCbUdUY15TQ5r1RV2tEVW6'

describe('an identity in libp2p', () => {
  it('[P2P-1] has the key of its seed, and the peer id that names it', async () => {
    const identity = createIdentity({ seed: new Uint8Array(32).fill(7) })
    const key = await privateKeyOf(identity)
    expect(key.publicKey.raw).toEqual(identity.signKey)
    expect(peerIdOf(identity.signKey).toString()).toBe('12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7')
    expect(isPeerOf(peerIdOf(identity.signKey), identity.signKey)).toBe(true)
    expect(isPeerOf(peerIdOf(identity.signKey), createIdentity().signKey)).toBe(false)
    // Signatures are the same bytes, whoever makes them.
    expect(Uint8Array.from(await key.sign(Uint8Array.of(1)))).toEqual(
      await identity.signer.sign(Uint8Array.of(1)),
    )
  })

  it('[P2P-1] is refused where it signs with another key than its seed’s', async () => {
    const identity = createIdentity({ signer: tweetnaclSigner(new Uint8Array(32)) })
    await expect(privateKeyOf(identity)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('[P2P-12] is looked for by a key that does not tell the session', () => {
    const sessionId = new Uint8Array(16).fill(3)
    const key = contentKeyOf(sessionId)
    expect([key.version, key.code]).toEqual([1, 0x72])
    const digest = domainHash('openconvoy libp2p session 1', 32, sessionId)
    expect(toHex(key.multihash.bytes)).toBe(`1220${toHex(digest)}`)
  })
})

describe('addresses', () => {
  it('[P2P-3] go into an invite with those first that pages can dial, loopback only alone', () => {
    const own = ['/ip4/127.0.0.1/tcp/1/ws', '/ip4/192.0.2.7/tcp/2', '/ip4/192.0.2.7/tcp/1/ws']
    const listening = own.map((address) => multiaddr(`${address}/p2p/${peer}`))
    const reserved = [`/dns4/relay.example/tcp/443/tls/ws/p2p/${peer}/p2p-circuit/p2p/${peer}`]
    expect(forInvites(listening, reserved)).toEqual([
      `/ip4/192.0.2.7/tcp/1/ws/p2p/${peer}`,
      reserved[0],
      `/ip4/192.0.2.7/tcp/2/p2p/${peer}`,
    ])
    expect(forInvites(listening.slice(0, 1), [])).toEqual([`/ip4/127.0.0.1/tcp/1/ws/p2p/${peer}`])
    expect(relayOf(reserved[0]!)).toBe(`/dns4/relay.example/tcp/443/tls/ws/p2p/${peer}`)
    expect(relayOf(listening[0]!.toString())).toBeUndefined()
  })

  it.each([
    ['/ip4/192.0.2.7/tcp/2/ws', '192.0.2.7'],
    ['/ip6/2001:db8:1:2:3:4:5:6/tcp/2', '2001:db8:1:2'],
    ['/ip6/2001:db8::1/tcp/2', '2001:db8:0:0'],
    ['/ip4/127.0.0.1/tcp/2', null],
    ['/ip6/::1/tcp/2', null],
    [`/ip4/127.0.0.1/tcp/2/ws/p2p/${peer}/p2p-circuit/p2p/${peer}`, `relayed ${peer}`],
  ])('[P2P-6] count for limits: %s as %s', (address, key) => {
    expect(limitKeyOf(multiaddr(address), peer)).toBe(key)
  })
})
