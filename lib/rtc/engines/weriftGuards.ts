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

/** What is reached into, as above. */
interface Agent {
  stunServer: [host: string, port: number] | undefined
}

/**
 * Keeps werift from asking a STUN server that nobody named. Where none is given, werift 0.25 takes a public one: the name
 * is looked up, strangers learn who connects, and without a way there each look-up keeps one of Node's four threads for 5 s.
 */
export function guardStunServer(transport: RTCDtlsTransport): void {
  const agent = transport.iceTransport.connection as unknown as Agent
  agent.stunServer = undefined
}

interface DtlsSocket {
  transport: { socket: { onData?: (data: Buffer) => void } }
}

/**
 * Drops, once the handshake is done, records that anybody can make up and send from anywhere. werift 0.25 acts on
 * some: it closes at an alert in plain text, even one dressed as encrypted, and at a record of unknown type, and
 * begins anew at a ClientHello.
 */
export function guardRecords(transport: RTCDtlsTransport): void {
  const socket = (transport.dtls as unknown as DtlsSocket | undefined)?.transport.socket
  const deliver = socket?.onData
  if (socket === undefined || deliver === undefined) return
  socket.onData = (datagram) => {
    const kept = withoutForgeableRecords(datagram)
    if (kept.length > 0) deliver(kept)
  }
}

/** Content types of RFC 6347 and RFC 5246. */
const contentTypes = { alert: 21, handshake: 22, applicationData: 23 } as const
const recordHeaderLength = 13
/** An encrypted alert by AES-GCM: explicit nonce, two bytes of alert, tag. Links negotiate nothing else with werift. */
const encryptedAlertLength = 8 + 2 + 16

/** The records of a datagram that only the other side can have made, or that werift checks by itself. */
export function withoutForgeableRecords(datagram: Buffer): Buffer {
  const kept: Buffer[] = []
  let offset = 0
  while (offset + recordHeaderLength <= datagram.length) {
    const end = offset + recordHeaderLength + datagram.readUInt16BE(offset + 11)
    if (end > datagram.length) break
    const record = datagram.subarray(offset, end)
    if (!isForgeable(record)) kept.push(record)
    offset = end
  }
  // Nearly always all of it, which then need not be copied.
  const [first = Buffer.alloc(0)] = kept
  return kept.length <= 1 ? first : Buffer.concat(kept)
}

function isForgeable(record: Buffer): boolean {
  const epoch = record.readUInt16BE(3)
  if (epoch === 0) return true
  switch (record[0]) {
    case contentTypes.handshake:
    case contentTypes.applicationData:
      return false
    case contentTypes.alert: {
      // An explicit nonce begins with the epoch, which is no alert; anything else might be taken for one unencrypted.
      const isEncrypted = record.length === recordHeaderLength + encryptedAlertLength
      return !isEncrypted || record.readUInt16BE(recordHeaderLength) !== epoch || epoch !== 1
    }
    default:
      return true
  }
}
