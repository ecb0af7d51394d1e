import { copyOf } from '../core/index.ts'

/** Bytes of a piece of memory that copies share. What is kept for long keeps all of its piece, so it is a small one. */
const slabBytes = 16_384

let slab = new ArrayBuffer(slabBytes)
let used = 0

/** A copy of what is sent, side by side with others: to ask for memory for each costs several times as much as copying. */
export function copyOnSlab(bytes: Uint8Array): Uint8Array {
  if (bytes.length > slabBytes / 8) return copyOf(bytes)
  if (used + bytes.length > slabBytes) {
    slab = new ArrayBuffer(slabBytes)
    used = 0
  }
  const copy = new Uint8Array(slab, used, bytes.length)
  used += bytes.length
  copy.set(bytes)
  return copy
}
