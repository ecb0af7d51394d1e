import type { RTCDtlsTransport, RTCSctpTransport } from 'werift'

/** A handshake message, as far as its order goes (RFC 6347 section 4.2.2). */
interface HandshakeMessage {
  readonly msg_type: number
  readonly message_seq: number
}

/** What is reached into: not part of werift's types, so guarded by tests that fail when it changes. */
interface DtlsSocket {
  onHandleHandshakes?(messages: HandshakeMessage[]): Promise<void>
  /** The handshake's state; `flight` numbers the newest flight. */
  dtls: { flight: number }
  transport: { send(datagram: Buffer, ...address: unknown[]): unknown }
}

const recordHeaderLength = 13

/** Message types of RFC 5246 section 7.4. */
const clientHello = 1
const serverHello = 2
const helloVerifyRequest = 3
const finished = 20

/**
 * Hands handshake messages to werift in the order of their numbers and each once, as RFC 6347 asks for. werift 0.25
 * takes them as they come: when the client's certificate comes after its key exchange, or the key exchange comes
 * again, the server hashes the wrong messages into the master secret, and the handshake never ends. Hellos and a
 * repeated Finished pass, since werift answers those by repeating its own flight.
 */
export function guardHandshake(transport: RTCDtlsTransport): void {
  const dtls = transport.dtls as unknown as DtlsSocket | undefined
  const handle = dtls?.onHandleHandshakes?.bind(dtls)
  if (dtls === undefined || handle === undefined) return
  const order = new HandshakeOrder()
  dtls.onHandleHandshakes = async (messages) => {
    const due = messages.flatMap((message) => order.take(message))
    // Not one after the other: werift waits in there until its own flight is answered.
    await Promise.all(due.map((message) => handle([message])))
  }
}

/** Record types of RFC 6347 that only handshakes have. */
const changeCipherSpecRecord = 20
const handshakeRecord = 22

/** When records of a handshake are sent again: within the first 500 ms, after which werift repeats its whole flight. */
const repeatsAfterMs = [120, 300]

/**
 * Sends records of a handshake three times. werift 0.25 puts each into a datagram of its own and waits longer
 * and longer for a whole flight of them: at 20 % loss and a round trip of 400 ms a handshake took 10 s in the middle.
 * Repeated records are what a network that doubles packets makes of them, which DTLS takes in its stride.
 */
export function guardFlights(transport: RTCDtlsTransport): void {
  const context = (transport.dtls as unknown as DtlsSocket | undefined)?.transport
  if (context === undefined) return
  const send = context.send.bind(context)
  context.send = (datagram, ...address) => {
    if (isRepeatable(datagram)) {
      const again = (): unknown => transport.state === 'closed' || send(datagram, ...address)
      for (const delay of repeatsAfterMs) setTimeout(() => void ignoringFailure(again), delay).unref()
    }
    return send(datagram, ...address)
  }
}

// Not what is answered with a flight each time it comes: hellos and, encrypted, the Finished.
function isRepeatable(datagram: Buffer): boolean {
  if (datagram.length <= recordHeaderLength || datagram.readUInt16BE(3) !== 0) return false
  if (datagram[0] === changeCipherSpecRecord) return true
  const hellos: readonly (number | undefined)[] = [clientHello, serverHello, helloVerifyRequest]
  return datagram[0] === handshakeRecord && !hellos.includes(datagram[recordHeaderLength])
}

// The connection may end meanwhile; the record is one more datagram lost then.
async function ignoringFailure(action: () => unknown): Promise<void> {
  try {
    await action()
  } catch {
    return
  }
}

/**
 * Ends the repetition of flights together with the connection. werift 0.25 goes on for 33 s after it was closed in the
 * middle of a handshake, and keeps its process alive as long. It looks at the number only between two repetitions, so
 * what is left is one pause: three seconds at most within the time that a link allows an attempt.
 */
export function endFlights(transport: RTCDtlsTransport): void {
  const handshake = (transport.dtls as unknown as DtlsSocket | undefined)?.dtls
  // A flight may begin even now, from a wait that nothing interrupts: it must not set the number back.
  if (handshake !== undefined) {
    // A transport may fail first and close then, so more than once.
    Object.defineProperty(handshake, 'flight', { get: () => Infinity, set: () => {}, configurable: true })
  }
}

/** Sorts out which handshake messages are due. */
class HandshakeOrder {
  #next: number | undefined
  readonly #held = new Map<number, HandshakeMessage>()

  /** What is due now that `message` is there. */
  take(message: HandshakeMessage): HandshakeMessage[] {
    const { msg_type: type, message_seq: number } = message
    if (type === helloVerifyRequest) return [message]
    if (type === clientHello || (type === serverHello && this.#next === undefined)) {
      this.#next = Math.max(this.#next ?? 0, number + 1)
      return [message, ...this.#takeHeld()]
    }
    if (this.#next !== undefined && number < this.#next) return type === finished ? [message] : []
    // Numbers within a handshake are below ten; more would only be a stranger's.
    if (this.#held.size < heldAtMost) this.#held.set(number, message)
    return this.#takeHeld()
  }

  #takeHeld(): HandshakeMessage[] {
    const due: HandshakeMessage[] = []
    for (let next = this.#next ?? -1, message; (message = this.#held.get(next)) !== undefined; next++) {
      this.#held.delete(next)
      this.#next = next + 1
      due.push(message)
    }
    return due
  }
}

/** Messages of a handshake kept until those before them are there. */
const heldAtMost = 16

/** What is reached into, as above. */
interface Association {
  /** Retransmission time-out, s. */
  rto: number
  maybeAbandon(chunk: { acked: boolean }): boolean
  /** Up to where the other side has it all. */
  lastSackedTsn: number
  forwardTsnChunk: { cumulativeTsn: number } | undefined
  updateAdvancedPeerAckPoint(): void
  receiveDataChunk(chunk: { streamId: number }): void
  getInboundStream(streamId: number): { popMessages(): Iterable<[number, number, Buffer]> }
  advertisedRwnd: number
  receive(streamId: number, protocol: number, data: Buffer): void
}

/** RTO.Initial of RFC 9260 section 16; werift 0.25 has the three seconds of former days. */
const initialTimeoutSeconds = 1

/** Keeps the reliable channel, and at last both, from standing still after a loss. */
export function guardRecovery(transport: RTCSctpTransport): void {
  const association = transport.sctp as unknown as Association
  association.rto = initialTimeoutSeconds
  repeatForwardTsn(association)
  keepArrivedOutOfFlight(association)
  deliverAllComplete(association)
}

/**
 * Repeats the news of abandoned chunks until the other side has it (RFC 3758 section 3.5, C3 and C5). werift 0.25
 * sends it once: when it is lost and a chunk of the reliable channel comes next, both sides wait for each other.
 */
function repeatForwardTsn(association: Association): void {
  const update = association.updateAdvancedPeerAckPoint.bind(association)
  let news: Association['forwardTsnChunk']
  association.updateAdvancedPeerAckPoint = () => {
    update()
    news = association.forwardTsnChunk ?? news
    // Serial number arithmetic (RFC 1982): the difference of two TSNs has a sign.
    const isNews = news !== undefined && ((news.cumulativeTsn - association.lastSackedTsn) | 0) > 0
    if (!isNews) news = undefined
    association.forwardTsnChunk = news
  }
}

/**
 * Keeps chunks that have arrived from being sent again at a time-out: werift 0.25 counts those as under way for
 * ever, until its window is full of them.
 */
function keepArrivedOutOfFlight(association: Association): void {
  const maybeAbandon = association.maybeAbandon.bind(association)
  association.maybeAbandon = (chunk) => chunk.acked || maybeAbandon(chunk)
}

/**
 * Hands over all messages that have become complete. werift 0.25 stops after the first whose successor was not sent
 * right after it, as happens whenever datagrams go in between: the rest waits for the next message, and is thrown
 * away when news of abandoned chunks comes first, after which nothing comes any more.
 */
function deliverAllComplete(association: Association): void {
  const take = association.receiveDataChunk.bind(association)
  association.receiveDataChunk = (chunk) => {
    take(chunk)
    const stream = association.getInboundStream(chunk.streamId)
    for (let more = true; more;) {
      more = false
      for (const message of stream.popMessages()) {
        more = true
        association.advertisedRwnd += message[2].length
        association.receive(...message)
      }
    }
  }
}
