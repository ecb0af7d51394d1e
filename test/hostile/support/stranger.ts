import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { sleep, systemRandom } from '../../../lib/core/index.ts'
import { clock, type UdpAddress } from './linkPair.ts'

/** Datagrams sent between two turns of the event loop: more would only overflow the receiver's socket. */
const burst = 100

/** Sends datagrams to `targets` from a socket that neither side of the link knows. */
export async function sendFromElsewhere(
  packets: Iterable<Uint8Array>,
  targets: readonly UdpAddress[],
): Promise<void> {
  const socket = createSocket('udp4').bind(0)
  await once(socket, 'listening')
  let sent = 0
  for (const packet of packets) {
    for (const { address, port } of targets) socket.send(packet, port, address)
    if (++sent % burst === 0) await sleep(clock, 1)
  }
  await sleep(clock, 50)
  socket.close()
}

/** A DTLS record in plain text. */
export function dtlsRecord(type: number, epoch: number, fragment: Uint8Array): Uint8Array {
  const header = [type, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 1, fragment.length >> 8, fragment.length & 255]
  return Uint8Array.from([...header, ...fragment])
}

/** Alerts in plain text, 15 bytes that anybody can send: one that says goodbye, and a fatal one. */
export const alerts = [Uint8Array.of(1, 0), Uint8Array.of(2, 40)].map((alert) => dtlsRecord(21, 0, alert))

/** A well-formed ClientHello of DTLS 1.2 with a random of its own and one cipher suite. */
export function clientHello(): Uint8Array {
  const body = [254, 253, ...systemRandom.bytes(32), 0, 0, 0, 2, 0xc0, 0x2b, 1, 0]
  const handshake = [1, 0, 0, body.length, 0, 0, 0, 0, 0, 0, 0, body.length, ...body]
  return dtlsRecord(22, 0, Uint8Array.from(handshake))
}

/** `count` datagrams of random length and content, some of which pass for DTLS, SCTP or STUN at first sight. */
export function* junk(count: number): Generator<Uint8Array> {
  const firstBytes = [0, 1, 20, 21, 22, 23, 64, 128, 255]
  for (let index = 0; index < count; index++) {
    const packet = systemRandom.bytes(20 + (index % 400))
    packet[0] = firstBytes[index % firstBytes.length] ?? 0
    yield packet
  }
}
