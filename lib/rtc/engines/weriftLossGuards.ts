import type { RTCDtlsTransport, RTCSctpTransport } from 'werift'

/** A handshake message, as far as its order goes (RFC 6347 section 4.2.2). */
interface HandshakeMessage {
  readonly msg_type: number
  readonly message_seq: number
}

/** What is reached into: not part of werift's types, so guarded by tests that fail when it changes. */
interface DtlsSocket {
  onHandleHandshakes?(messages: HandshakeMessage[]): Promise<void>
}

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

/** Keeps the reliable channel, and at last both, from standing still after a loss. */
export function guardRecovery(transport: RTCSctpTransport): void {
  const association = transport.sctp as unknown as Association
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
