import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { RTCPeerConnection } from 'werift'
import { fromHex, toHex } from '../../lib/core/index.ts'
import { addressOctets, answerStun } from '../../signaling/stunMessage.ts'
import { Bench, until } from './support.ts'

// RFC 5769 gives answers to a request with this transaction id (sections 2.2 and 2.3).
const transaction = 'b7e7a701bc34d686fa87dfae'
const request = (attributes = ''): Uint8Array => {
  const length = (attributes.length / 2).toString(16).padStart(4, '0')
  return fromHex(`0001${length}2112a442${transaction}${attributes}`)
}

describe('an answer to a STUN Binding request', () => {
  it('[RDV-32] names an IPv4 address as in RFC 5769', () => {
    expect(toHex(answerStun(request(), '192.0.2.1', 32853)!)).toBe(
      `0101000c2112a442${transaction}00200008` + '0001a147e112a643',
    )
  })

  it('[RDV-32] names an IPv6 address as in RFC 5769', () => {
    expect(toHex(answerStun(request(), '2001:db8:1234:5678:11:2233:4455:6677', 32853)!)).toBe(
      `010100182112a442${transaction}00200014` + '0002a1470113a9faa5d3f179bc25f4b5bed2b9d9',
    )
  })

  it('[RDV-32] is given whatever optional attributes and credentials come with the request', () => {
    // SOFTWARE "test", USERNAME "abcd", FINGERPRINT.
    const attributes = '80220004746573740006000461626364' + '8028000400000000'
    expect(toHex(answerStun(request(attributes), '192.0.2.1', 1)!).slice(0, 4)).toBe('0101')
  })

  it('[RDV-33] names required attributes that are not understood', () => {
    // CHANGE-REQUEST of RFC 5780.
    expect(toHex(answerStun(request('0003000400000006'), '192.0.2.1', 1)!)).toBe(
      `011100102112a442${transaction}` + '0009000400000414' + '000a000200030000',
    )
  })

  it.each([
    ['nothing', ''],
    ['text', '48656c6c6f20776f726c642048656c6c6f20776f726c64'],
    ['a response', `010100002112a442${transaction}`],
    ['an indication', `001100002112a442${transaction}`],
    ['an Allocate request of TURN', `000300002112a442${transaction}`],
    ['a request without the magic cookie', `0001000000000000${transaction}`],
    ['a wrong length', `000100042112a442${transaction}`],
    ['an attribute that runs over the end', `000100042112a442${transaction}80220008`],
    ['half an attribute', `000100022112a442${transaction}8022`],
    ['one byte too few', `000100002112a442${transaction.slice(2)}`],
  ])('[RDV-31] is not given to %s', (_name, hex) => {
    expect(answerStun(fromHex(hex), '192.0.2.1', 1)).toBeUndefined()
  })

  it('[RDV-31] is not given to more than 548 bytes', () => {
    expect(answerStun(request('8022021000'.padEnd(4 * 2 + 528 * 2, '0')), '192.0.2.1', 1)).toBeUndefined()
    expect(answerStun(request('8022020c00'.padEnd(4 * 2 + 524 * 2, '0')), '192.0.2.1', 1)).toBeDefined()
  })

  it('[RDV-34] is at most 24 bytes longer than any request, and never fails', () => {
    const bytes = fc.uint8Array({ maxLength: 600 })
    const shaped = fc.uint8Array({ maxLength: 528 }).map((body) => {
      const whole = new Uint8Array(20 + body.length)
      whole.set(request())
      whole.set(body, 20)
      new DataView(whole.buffer).setUint16(2, body.length)
      return whole
    })
    fc.assert(
      fc.property(fc.oneof(bytes, shaped), fc.oneof(fc.ipV4(), fc.ipV6()), (received, address) => {
        const answer = answerStun(received, address, 4_711)
        expect(answer === undefined || answer.length <= received.length + 24).toBe(true)
      }),
    )
  })

  it('reads every way to write an address', () => {
    const hex = (address: string): string | undefined => {
      const octets = addressOctets(address)
      return octets && toHex(octets)
    }
    expect(hex('10.0.255.1')).toBe('0a00ff01')
    expect(hex('::')).toBe('0'.repeat(32))
    expect(hex('::1')).toBe('1'.padStart(32, '0'))
    expect(hex('fe80::1%eth0')).toBe('fe800000000000000000000000000001')
    expect(hex('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008')
    expect(hex('64:ff9b::192.0.2.33')).toBe('0064ff9b0000000000000000c0000221')
    expect(hex('no address')).toBeUndefined()
  })
})

describe('the STUN port of the service', () => {
  const bench = new Bench()
  const sockets: Socket[] = []
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close()
    await bench.close()
  })

  async function asker(host: string): Promise<{ socket: Socket; answers: Uint8Array[] }> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    sockets.push(socket)
    const answers: Uint8Array[] = []
    socket.on('message', (answer) => answers.push(answer))
    await new Promise<void>((resolve) => socket.bind(0, host, resolve))
    return { socket, answers }
  }
  const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
    list?.some(({ address }) => address === '::1'),
  )

  it.for(['127.0.0.1', '::1'])('[RDV-30] tells who asks at %s its address', async (host, { skip }) => {
    if (host === '::1' && !hasIPv6) skip('This machine has no IPv6.')
    const service = await bench.service({ host })
    const port = Number(/:(\d+)$/.exec(service.stunUrl!)![1])
    const { socket, answers } = await asker(host)
    socket.send(request(), port, host)
    await until(() => answers.length === 1)
    expect(Buffer.from(answers[0]!)).toEqual(Buffer.from(answerStun(request(), host, socket.address().port)!))
    expect(service.stats()).toMatchObject({ stunAnswered: 1, stunIgnored: 0 })
  })

  it('[RDV-30] tells IPv4 askers an IPv4 address on a socket for both families', async ({ skip }) => {
    if (!hasIPv6) skip('This machine has no IPv6.')
    const service = await bench.service({ host: '::' })
    const port = Number(/:(\d+)$/.exec(service.stunUrl!)![1])
    const { socket, answers } = await asker('127.0.0.1')
    socket.send(request(), port, '127.0.0.1')
    await until(() => answers.length === 1)
    expect(answers[0]).toHaveLength(32)
  })

  it('[RDV-32] gives a WebRTC engine its reflexive candidate', async () => {
    const service = await bench.service()
    const connection = new RTCPeerConnection({ iceServers: [{ urls: service.stunUrl! }] })
    connection.createDataChannel('any')
    const offer = await connection.createOffer()
    await connection.setLocalDescription(offer)
    await until(() => (connection.localDescription?.sdp ?? '').includes(' typ srflx '))
    expect(connection.localDescription?.sdp).toMatch(/127\.0\.0\.1 \d+ typ srflx/)
    await connection.close()
  })

  it('[RDV-31] ignores garbage and goes on', async () => {
    const service = await bench.service()
    const { socket, answers } = await asker('127.0.0.1')
    for (const garbage of fc.sample(fc.uint8Array({ minLength: 1, maxLength: 1_400 }), 50)) {
      socket.send(garbage, service.port, '127.0.0.1')
    }
    socket.send(request(), service.port, '127.0.0.1')
    await until(() => answers.length === 1 && service.stats().stunIgnored === 50)
  })

  it('[RDV-34] answers one address no more often than allowed', async () => {
    const service = await bench.service({ limits: { stunBurst: 5, stunPerSecond: 0.001 } })
    const { socket, answers } = await asker('127.0.0.1')
    for (let count = 0; count < 20; count++) socket.send(request(), service.port, '127.0.0.1')
    await until(() => service.stats().stunIgnored === 15)
    await until(() => answers.length === 5)
  })
})
