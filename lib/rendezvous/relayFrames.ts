import { utf8 } from '../core/index.ts'
import { limits } from '../protocol/index.ts'
import { frameLimits } from './frames.ts'

/**
 * Nearly all that a service does is to hand on `relay` frames, so these are read and written here without a detour over objects:
 * every check of the schema, at a tenth of the cost (measured). Only the layout that our own encoder gives them is understood
 * (fields in the order of docs/protocol/02-rendezvous.md, numbers as short as they can be or longer); any other is left to the
 * general decoder, which comes to the same result.
 */

/** A MessagePack map of three, the field `type` and its value, and the name of the field `route`. */
const beforeRoute = Uint8Array.of(0x83, 0xa4, ...utf8('type'), 0xa5, ...utf8('relay'), 0xa5, ...utf8('route'))
/** The name of the field `message`. */
const beforeMessage = Uint8Array.of(0xa7, ...utf8('message'))

/** First bytes of MessagePack values. */
const uint8 = 0xcc
const uint16 = 0xcd
const uint32 = 0xce
const bin8 = 0xc4
const bin16 = 0xc5
const largestFixint = 0x7f
const largestBin8 = 0xff

/** What a `relay` frame holds. */
export interface RelayFrame {
  route: number
  /** A view into the frame. */
  message: Uint8Array
}

/** The relay frame that `bytes` are; undefined for any other frame, for a malformed one, and for an unusual layout. */
export function readRelayFrame(bytes: Uint8Array): RelayFrame | undefined {
  if (bytes.length > frameLimits.frameBytes || !holds(bytes, 0, beforeRoute)) return undefined
  let offset = beforeRoute.length
  const first = bytes[offset++] ?? uint32
  let route = first
  if (first > largestFixint) {
    const length = first === uint8 ? 1 : first === uint16 ? 2 : first === uint32 ? 4 : 0
    if (length === 0 || offset + length > bytes.length) return undefined
    route = 0
    // Multiplied, since a shift would make the largest numbers negative.
    for (const end = offset + length; offset < end; offset++) route = route * 256 + (bytes[offset] ?? 0)
  }
  if (!holds(bytes, offset, beforeMessage)) return undefined
  offset += beforeMessage.length
  const kind = bytes[offset++]
  let length = bytes[offset++] ?? 0
  if (kind === bin16) length = length * 256 + (bytes[offset++] ?? 0)
  else if (kind !== bin8) return undefined
  // Not a byte less, and not a byte more.
  if (length > limits.rendezvousMessageBytes || offset + length !== bytes.length) return undefined
  return { route, message: bytes.subarray(offset) }
}

/** A `relay` frame, as the general encoder would write it. */
export function writeRelayFrame(route: number, message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(relayFrameBytes(route, message))
  putRelayFrame(bytes, 0, route, message)
  return bytes
}

/** How long a `relay` frame is. */
export function relayFrameBytes(route: number, message: Uint8Array): number {
  const binHead = message.length > largestBin8 ? 3 : 2
  return beforeRoute.length + numberBytes(route) + beforeMessage.length + binHead + message.length
}

/** Writes a `relay` frame to where there is room for it. */
export function putRelayFrame(bytes: Uint8Array, start: number, route: number, message: Uint8Array): void {
  bytes.set(beforeRoute, start)
  let offset = start + beforeRoute.length
  const length = numberBytes(route)
  if (length > 1) bytes[offset++] = length === 2 ? uint8 : length === 3 ? uint16 : uint32
  if (length === 5) {
    bytes[offset++] = route >>> 24
    bytes[offset++] = (route >>> 16) & 0xff
  }
  if (length >= 3) bytes[offset++] = (route >>> 8) & 0xff
  bytes[offset++] = route & 0xff
  bytes.set(beforeMessage, offset)
  offset += beforeMessage.length
  const isLong = message.length > largestBin8
  bytes[offset++] = isLong ? bin16 : bin8
  if (isLong) bytes[offset++] = message.length >>> 8
  bytes[offset++] = message.length & 0xff
  bytes.set(message, offset)
}

function numberBytes(route: number): number {
  return route <= largestFixint ? 1 : route <= 0xff ? 2 : route <= 0xffff ? 3 : 5
}

function holds(bytes: Uint8Array, offset: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (bytes[offset + index] !== expected[index]) return false
  }
  return true
}
