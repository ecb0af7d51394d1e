import type { RTCDtlsTransport, RTCSctpTransport } from 'werift'

/** Chunk flags of RFC 9260 section 3.3.1. */
const lastFragment = 0x01
const firstFragment = 0x02

/** One queued DATA chunk, as far as abandoning it takes. */
interface DataChunk {
  flags: number
  sentCount: number
  abandoned: boolean
  retransmit: boolean
  maxRetransmits?: number
}

/** What is reached into: not part of werift's types, so guarded by tests that fail when it changes. */
interface Association {
  sentQueue: DataChunk[]
  maybeAbandon(chunk: DataChunk): boolean
}

/**
 * Makes channels with `maxRetransmits` lossy. werift 0.25 takes 0 for unset, and abandons the first queued
 * chunk instead of the one that was lost, which can stall the reliable channel.
 */
export function guardAbandoning(transport: RTCSctpTransport): void {
  const association = transport.sctp as unknown as Association
  if (typeof association.maybeAbandon !== 'function' || !Array.isArray(association.sentQueue)) return
  association.maybeAbandon = (chunk) => {
    if (chunk.abandoned) return true
    if (chunk.maxRetransmits === undefined || chunk.sentCount <= chunk.maxRetransmits) return false
    const queue = association.sentQueue
    const position = queue.indexOf(chunk)
    if (position < 0) return false
    let first = position
    while (first > 0 && ((queue[first]?.flags ?? firstFragment) & firstFragment) === 0) first--
    for (let index = first; index < queue.length; index++) {
      const fragment = queue[index]
      if (fragment === undefined) break
      fragment.abandoned = true
      fragment.retransmit = false
      if ((fragment.flags & lastFragment) !== 0) break
    }
    return true
  }
}

interface DtlsSocket {
  transport: { socket: { onData?: (data: Buffer) => void } }
}

/**
 * Drops plaintext alerts once the handshake is done: werift 0.25 closes the connection at one such datagram,
 * which anybody can send from any address.
 */
export function guardAlerts(transport: RTCDtlsTransport): void {
  const socket = (transport.dtls as unknown as DtlsSocket | undefined)?.transport.socket
  const deliver = socket?.onData
  if (socket === undefined || deliver === undefined) return
  socket.onData = (data) => {
    if (!holdsPlaintextAlert(data)) deliver(data)
  }
}

/** Whether a datagram holds a DTLS record (RFC 6347 section 4.1) of type alert in epoch 0, not encrypted. */
export function holdsPlaintextAlert(datagram: Uint8Array): boolean {
  const headerLength = 13
  const alert = 21
  let offset = 0
  while (offset + headerLength <= datagram.length) {
    const epoch = ((datagram[offset + 3] ?? 0) << 8) | (datagram[offset + 4] ?? 0)
    if (datagram[offset] === alert && epoch === 0) return true
    offset += headerLength + (((datagram[offset + 11] ?? 0) << 8) | (datagram[offset + 12] ?? 0))
  }
  return false
}
