/** STUN messages have this header; ChannelData ones one of 4 bytes. RFC 8656 section 12.5, RFC 8489 section 5. */
const stunHeaderBytes = 20
const channelHeaderBytes = 4

/** The messages of TURN on a stream, where nothing but their own lengths tells them apart. */
export class TurnFrames {
  readonly #deliver: (frame: Uint8Array) => void
  #rest: Uint8Array = new Uint8Array()

  constructor(deliver: (frame: Uint8Array) => void) {
    this.#deliver = deliver
  }

  /** `datagram` as it goes onto a stream: ChannelData is padded to whole words there, which it need not be on UDP. */
  static padded(datagram: Uint8Array): Uint8Array {
    const missing = (4 - (datagram.length % 4)) % 4
    if (missing === 0) return datagram
    const padded = new Uint8Array(datagram.length + missing)
    padded.set(datagram)
    return padded
  }

  /** Takes what arrived. @returns false where it is no TURN: nothing more can be made of the stream. */
  receive(chunk: Uint8Array): boolean {
    let bytes = chunk
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length)
      bytes.set(this.#rest)
      bytes.set(chunk, this.#rest.length)
    }
    let offset = 0
    while (bytes.length - offset >= channelHeaderBytes) {
      const kind = (bytes[offset] ?? 0) >> 6
      // 00: a STUN message; 01: ChannelData.
      if (kind > 1) return false
      const length = ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0)
      const whole = (kind === 0 ? stunHeaderBytes : channelHeaderBytes) + length
      const onStream = kind === 0 ? whole : (whole + 3) & ~3
      if (bytes.length - offset < onStream) break
      this.#deliver(bytes.slice(offset, offset + whole))
      offset += onStream
    }
    this.#rest = bytes.slice(offset)
    return true
  }
}
