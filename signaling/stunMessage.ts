import { isIPv4, isIPv6 } from 'node:net'
import { ipv6Octets } from '../lib/core/index.ts'

// Numbers of RFC 8489: section 5 (header), 14 and 18 (attributes).
const bindingRequest = 0x0001
const bindingSuccess = 0x0101
const bindingError = 0x0111
const magicCookie = 0x2112a442
const headerBytes = 20
const xorMappedAddress = 0x0020
const errorCode = 0x0009
const unknownAttributes = 0x000a
/** USERNAME, MESSAGE-INTEGRITY, REALM, NONCE, MESSAGE-INTEGRITY-SHA256: understood, and not needed to answer. */
const ignoredAttributes = new Set([0x0006, 0x0008, 0x0014, 0x0015, 0x001c])
/** From here on attributes may be ignored when unknown. */
const firstOptional = 0x8000
/** Section 6.1: where the path's MTU is unknown, IPv4 messages stay below this. */
const longestRequest = 548

/**
 * The answer to a STUN Binding request from `address` and `port`, by RFC 8489; undefined for anything else,
 * which gets no answer. At most 24 bytes longer than the request.
 */
export function answerStun(request: Uint8Array, address: string, port: number): Uint8Array | undefined {
  if (request.length < headerBytes || request.length > longestRequest) return undefined
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength)
  if (view.getUint16(0) !== bindingRequest || view.getUint32(4) !== magicCookie) return undefined
  if (view.getUint16(2) !== request.length - headerBytes) return undefined
  const unknown = unknownRequired(view)
  if (unknown === undefined) return undefined
  const transaction = request.subarray(8, headerBytes)
  if (unknown.length > 0) return message(bindingError, transaction, errorAttributes(unknown))
  const octets = addressOctets(address)
  return octets && message(bindingSuccess, transaction, mappedAddress(octets, port, transaction))
}

/** The attributes of the request that it must not be answered without understanding; undefined when malformed. */
function unknownRequired(view: DataView): number[] | undefined {
  const unknown: number[] = []
  let offset = headerBytes
  while (offset < view.byteLength) {
    if (offset + 4 > view.byteLength) return undefined
    const type = view.getUint16(offset)
    const padded = (view.getUint16(offset + 2) + 3) & ~3
    if (type < firstOptional && !ignoredAttributes.has(type)) unknown.push(type)
    offset += 4 + padded
  }
  return offset === view.byteLength ? unknown : undefined
}

function message(type: number, transaction: Uint8Array, attributes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + attributes.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, type)
  view.setUint16(2, attributes.length)
  view.setUint32(4, magicCookie)
  bytes.set(transaction, 8)
  bytes.set(attributes, headerBytes)
  return bytes
}

/** XOR-MAPPED-ADDRESS, section 14.2. */
function mappedAddress(octets: Uint8Array, port: number, transaction: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + octets.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, xorMappedAddress)
  view.setUint16(2, 4 + octets.length)
  view.setUint8(5, octets.length === 4 ? 0x01 : 0x02)
  view.setUint16(6, port ^ (magicCookie >>> 16))
  const mask = new Uint8Array(16)
  new DataView(mask.buffer).setUint32(0, magicCookie)
  mask.set(transaction, 4)
  octets.forEach((octet, index) => view.setUint8(8 + index, octet ^ (mask[index] ?? 0)))
  return bytes
}

/** ERROR-CODE 420 (section 14.8) with an empty reason, and UNKNOWN-ATTRIBUTES (14.13). */
function errorAttributes(unknown: readonly number[]): Uint8Array {
  const listBytes = unknown.length * 2
  const bytes = new Uint8Array(8 + 4 + ((listBytes + 3) & ~3))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, errorCode)
  view.setUint16(2, 4)
  view.setUint8(6, 4)
  view.setUint8(7, 20)
  view.setUint16(8, unknownAttributes)
  view.setUint16(10, listBytes)
  unknown.forEach((type, index) => view.setUint16(12 + index * 2, type))
  return bytes
}

/** The 4 or 16 octets of an IP address in text; undefined for anything else. */
export function addressOctets(address: string): Uint8Array | undefined {
  const text = address.replace(/%.*$/, '')
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  return isIPv6(text) ? ipv6Octets(text) : undefined
}
