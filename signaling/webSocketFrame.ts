/** First byte of a binary message that is one frame: RFC 6455 section 5.2, FIN and opcode 2. */
const wholeBinary = 0x82
/** Up to here the second byte is the length; this value says that two bytes of length follow. */
const longest7Bit = 125
const length16Follows = 126

/**
 * A binary WebSocket message of a server, unmasked and whole, with room for a payload of at most 65,535 bytes at its end. `ws` would
 * write head and payload as two pieces; one piece costs less than two.
 */
export function emptyWebSocketFrame(payloadBytes: number): Buffer {
  const isLong = payloadBytes > longest7Bit
  const frame = Buffer.allocUnsafe((isLong ? 4 : 2) + payloadBytes)
  frame[0] = wholeBinary
  if (isLong) {
    frame[1] = length16Follows
    frame[2] = payloadBytes >>> 8
    frame[3] = payloadBytes & 0xff
  } else {
    frame[1] = payloadBytes
  }
  return frame
}
