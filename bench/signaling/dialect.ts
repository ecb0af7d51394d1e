import { randomBytes } from 'node:crypto'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { createIdentity, deriveSessionId, signAnnouncement } from '../../lib/identity/index.ts'
import {
  decodeServiceFrame,
  encodeClientFrame,
  frameVersion,
  type ServiceFrame,
} from '../../lib/rendezvous/index.ts'
import type { Contender } from './messages.ts'
import { frameOf, type RawSocket } from './rawSocket.ts'

/** How clients speak with one of the servers. */
export interface Dialect {
  /** Where connection `number` is opened. */
  path(number: number): string
  /** What a client says and hears before it is one. */
  greet(socket: RawSocket, number: number): Promise<void>
  /** Makes two clients known to each other: the frames that carry a message to the other one. */
  pair(a: Greeted, b: Greeted): Promise<{ fromA: Buffer; fromB: Buffer }>
}

/** A client that was greeted. */
export interface Greeted {
  socket: RawSocket
  number: number
}

/** Bytes of a message: a sealed offer after its first candidates, or a few candidates. */
export const messageBytes = 512

const message = randomBytes(messageBytes)
/** Servers that speak JSON carry bytes as text. */
const text = message.toString('base64')
const clock = createSystemClock()

/** The next payload that arrives; for what is said before anything is measured. */
function heard(socket: RawSocket): Promise<Buffer> {
  return new Promise((resolve) => {
    socket.onPayload = (payload) => resolve(Buffer.from(payload))
  })
}

async function answer<Type extends ServiceFrame['type']>(
  socket: RawSocket,
  type: Type,
): Promise<Extract<ServiceFrame, { type: Type }>> {
  const frame = decodeServiceFrame(await heard(socket))
  if (frame.type !== type)
    throw new Error(`The service answered ${JSON.stringify(frame)} instead of ${type}.`)
  return frame as Extract<ServiceFrame, { type: Type }>
}

const ours: Dialect = {
  path: () => '/',
  async greet(socket) {
    const welcome = answer(socket, 'welcome')
    socket.send(frameOf(encodeClientFrame({ type: 'hello', version: frameVersion })))
    await welcome
  },
  async pair({ socket: host }, { socket: joiner }) {
    const identity = createIdentity()
    const founderNonce = systemRandom.bytes(16)
    const session = deriveSessionId(identity.signKey, founderNonce)
    const envelope = await signAnnouncement(
      identity,
      {
        sessionId: session,
        founderKey: identity.signKey,
        founderNonce,
        boxKey: identity.boxKey,
        listing: null,
      },
      { clock, random: systemRandom, lifetimeMs: 3_600_000 },
    )
    const announced = answer(host, 'announced')
    host.send(frameOf(encodeClientFrame({ type: 'announce', request: 1, envelope, proof: [], resume: null })))
    await announced
    const [opened, incoming] = [answer(joiner, 'opened'), answer(host, 'incoming')]
    joiner.send(frameOf(encodeClientFrame({ type: 'open', request: 1, session })))
    const relayTo = (route: number): Buffer => frameOf(encodeClientFrame({ type: 'relay', route, message }))
    return { fromA: relayTo((await incoming).route), fromB: relayTo((await opened).route) }
  },
}

/** The number that the relay gave each client. */
const numbers = new WeakMap<RawSocket, Buffer>()

const ws: Dialect = {
  path: () => '/',
  async greet(socket) {
    numbers.set(socket, await heard(socket))
  },
  async pair(a, b) {
    const to = ({ socket }: Greeted): Buffer =>
      frameOf(Buffer.concat([numbers.get(socket) ?? message, message]))
    return { fromA: to(b), fromB: to(a) }
  },
}

const peer: Dialect = {
  path: (number) => `/peerjs?key=peerjs&id=client-${number}&token=token`,
  async greet(socket) {
    await heard(socket)
  },
  async pair(a, b) {
    const to = ({ number }: Greeted): Buffer =>
      frameOf(JSON.stringify({ type: 'OFFER', dst: `client-${number}`, payload: { sdp: text } }))
    return { fromA: to(b), fromB: to(a) }
  },
}

/** Everybody listens to a topic of their own: in a common one the server would give each message to all. */
const yWebrtc: Dialect = {
  path: () => '/',
  async greet(socket, number) {
    socket.send(frameOf(JSON.stringify({ type: 'subscribe', topics: [`client-${number}`] })))
    const pong = heard(socket)
    socket.send(frameOf(JSON.stringify({ type: 'ping' })))
    await pong
  },
  async pair(a, b) {
    const to = ({ number }: Greeted): Buffer =>
      frameOf(JSON.stringify({ type: 'publish', topic: `client-${number}`, data: text }))
    return { fromA: to(b), fromB: to(a) }
  },
}

export const dialects: Readonly<Record<Contender, Dialect>> = { ours, ws, peer, 'y-webrtc': yWebrtc }
