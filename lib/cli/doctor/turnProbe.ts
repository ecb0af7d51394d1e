import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { withDeadline, type Clock, type RandomSource } from '../../core/index.ts'
import { TurnFrames } from '../../rtc/index.ts'
import {
  attribute,
  decodeStun,
  encodeStun,
  errorCodeOf,
  hasIntegrity,
  longTermKey,
  stunAttributes,
  stunTypes,
  type Endpoint,
  type StunAttribute,
} from './stun.ts'
import { StunSocket, type StunAnswer } from './stunSocket.ts'

/** Until a connection to a TURN server, and each of its answers, has to be there, ms. */
const streamWithinMs = 3_000

/**
 * What a TURN server made of a request for a relay: it gave one; refused the credentials, or the relay for another reason; answered
 * nothing; or is no TURN server that knows its own secret.
 */
export type TurnOutcome = 'relay' | 'credentials-refused' | 'refused' | 'silent' | 'unauthentic'

/** See {@link TurnOutcome}. */
export interface TurnFinding {
  readonly outcome: TurnOutcome
  /** STUN's code where it refused, e.g. 401, 441, 486. */
  readonly code?: number
}

/** How to ask one server something, over whatever there is between. */
interface Asking {
  ask(type: number, attributes: readonly StunAttribute[], key?: Uint8Array): Promise<StunAnswer | undefined>
  close(): void
}

/** What {@link probeTurn} goes by. */
export interface TurnProbe {
  readonly server: Endpoint
  readonly transport: 'udp' | 'tcp' | 'tls'
  /** For TLS. */
  readonly name: string
  readonly username: string
  readonly credential: string
  readonly clock: Clock
  readonly random: RandomSource
  readonly signal: AbortSignal
}

const udpRelay: StunAttribute = { type: stunAttributes.requestedTransport, value: Uint8Array.of(17, 0, 0, 0) }
const noLifetime: StunAttribute = { type: stunAttributes.lifetime, value: new Uint8Array(4) }

/** Asks a TURN server for a relay, as an engine would, and gives it back. Never throws. */
export async function probeTurn(probe: TurnProbe): Promise<TurnFinding> {
  const asking = await askingOver(probe)
  if (asking === undefined) return { outcome: 'silent' }
  try {
    // Without credentials first: the server says what it wants them made with.
    const challenge = await asking.ask(stunTypes.allocateRequest, [udpRelay])
    if (challenge === undefined) return { outcome: 'silent' }
    const realm = attribute(challenge.message, stunAttributes.realm)
    const nonce = attribute(challenge.message, stunAttributes.nonce)
    const code = errorCodeOf(challenge.message)
    if (realm === undefined || nonce === undefined || code !== 401) {
      return code === undefined ? { outcome: 'unauthentic' } : { outcome: 'refused', code }
    }
    const text = new TextEncoder()
    const key = longTermKey(probe.username, new TextDecoder().decode(realm), probe.credential)
    const credentials = [
      { type: stunAttributes.username, value: text.encode(probe.username) },
      { type: stunAttributes.realm, value: realm },
      { type: stunAttributes.nonce, value: nonce },
    ]
    const answer = await asking.ask(stunTypes.allocateRequest, [udpRelay, ...credentials], key)
    if (answer === undefined) return { outcome: 'silent' }
    if (answer.message.type !== stunTypes.allocateSuccess) return refusalOf(errorCodeOf(answer.message))
    // Whoever can answer can also make this up; only the server knows the key.
    if (!hasIntegrity(answer.bytes, key)) return { outcome: 'unauthentic' }
    await asking.ask(stunTypes.refreshRequest, [noLifetime, ...credentials], key)
    return { outcome: 'relay' }
  } finally {
    asking.close()
  }
}

function refusalOf(code: number | undefined): TurnFinding {
  const outcome = code === 401 || code === 441 || code === 403 ? 'credentials-refused' : 'refused'
  return code === undefined ? { outcome } : { outcome, code }
}

async function askingOver(probe: TurnProbe): Promise<Asking | undefined> {
  const { server, transport, clock, random, signal } = probe
  if (transport !== 'udp') return StreamAsking.open(probe)
  const socket = await StunSocket.open(server.address.includes(':') ? 6 : 4, clock, random)
  if (socket === undefined) return undefined
  return {
    ask: (type, attributes, key) => socket.ask(server, type, signal, { attributes, key }),
    close: () => socket.close(),
  }
}

/** Asks over TCP or TLS, one request at a time. */
class StreamAsking implements Asking {
  readonly #socket: Socket
  readonly #probe: TurnProbe
  #take: ((answer: StunAnswer) => void) | undefined

  private constructor(socket: Socket, probe: TurnProbe) {
    this.#socket = socket
    this.#probe = probe
    const frames = new TurnFrames((bytes) => {
      const message = decodeStun(bytes)
      if (message !== undefined) this.#take?.({ message, bytes })
    })
    socket.on('data', (chunk) => {
      if (!frames.receive(chunk)) socket.destroy()
    })
  }

  static async open(probe: TurnProbe): Promise<StreamAsking | undefined> {
    const { server, transport, name, clock, signal } = probe
    const { address: host, port } = server
    const secure = transport === 'tls'
    const socket: Socket = secure ? connectTls({ host, port, servername: name }) : connectTcp({ host, port })
    // Also what comes once nobody waits any more.
    socket.on('error', () => {})
    const connected = new Promise<void>((resolve, reject) => {
      socket.once(secure ? 'secureConnect' : 'connect', resolve)
      socket.once('error', reject)
    })
    try {
      await withDeadline(clock, streamWithinMs, 'no connection', connected, signal)
      return new StreamAsking(socket, probe)
    } catch {
      socket.destroy()
      return undefined
    }
  }

  async ask(
    type: number,
    attributes: readonly StunAttribute[],
    key?: Uint8Array,
  ): Promise<StunAnswer | undefined> {
    const { clock, random, signal } = this.#probe
    const transaction = random.bytes(12)
    const answered = new Promise<StunAnswer>((resolve, reject) => {
      this.#take = (answer) => {
        if (Buffer.from(transaction).equals(answer.message.transaction)) resolve(answer)
      }
      this.#socket.once('close', () => reject(new Error('The server hung up.')))
    })
    this.#socket.write(encodeStun({ type, transaction, attributes }, key))
    return withDeadline(clock, streamWithinMs, 'no answer', answered, signal).catch(() => undefined)
  }

  close(): void {
    this.#socket.destroy()
  }
}
