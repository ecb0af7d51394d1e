/** First byte of a binary message that is one frame: RFC 6455 section 5.2, FIN and opcode 2. */
const wholeBinary = 0x82
/** Up to here the second byte is the length; this value says that two bytes of length follow. */
const longest7Bit = 125
const length16Follows = 126

/**
 * A binary WebSocket message of a server, unmasked and whole, of at most 65,535 bytes. `ws` would write head and payload as two
 * pieces; one piece costs a fifth less of all that relaying a message costs (measured).
 */
export function webSocketFrame(payload: Uint8Array): Buffer {
  const { length } = payload
  const isLong = length > longest7Bit
  const head = isLong ? 4 : 2
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = wholeBinary
  if (isLong) {
    frame[1] = length16Follows
    frame[2] = length >>> 8
    frame[3] = length & 0xff
  } else {
    frame[1] = length
  }
  frame.set(payload, head)
  return frame
}
