/**
 * A running 64-bit hash of everything that happened, to compare two runs: equal hashes mean equal runs, as
 * far as chance goes. Two lanes of 32-bit FNV-1a with a final mix (MurmurHash3's); not for secrets.
 */
export class TraceHash {
  // FNV's offset basis, and a second one (the golden ratio) for the second lane.
  #a = 0x811c9dc5 | 0
  #b = 0x9e3779b9 | 0
  readonly #double = new DataView(new ArrayBuffer(8))

  /** Takes in all 64 bits of `value`. */
  addNumber(value: number): void {
    this.#double.setFloat64(0, value)
    this.#addWord(this.#double.getInt32(0))
    this.#addWord(this.#double.getInt32(4))
  }

  /** Takes in the length and the content. */
  addBytes(bytes: Uint8Array): void {
    this.#addWord(bytes.length)
    for (const byte of bytes) this.#addWord(byte)
  }

  /** 32 well-mixed bits of it. */
  word(): number {
    return mix(this.#a) ^ Math.imul(mix(this.#b), 5)
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [mix(this.#a), mix(this.#b)].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #addWord(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193)
    this.#b = Math.imul((this.#b ^ word) + (this.#b >>> 15), 0x85ebca6b)
  }
}

function mix(lane: number): number {
  let word = lane ^ (lane >>> 16)
  word = Math.imul(word, 0x85ebca6b)
  word ^= word >>> 13
  word = Math.imul(word, 0xc2b2ae35)
  return word ^ (word >>> 16)
}
