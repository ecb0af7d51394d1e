/**
 * What a store should hold, written along with every change. LevelDB reads on past damaged parts of its files and says
 * nothing; with this, whoever opens the store sees that something is missing, or is back that was deleted.
 */
export interface Ledger {
  /** How many batches were written. */
  sequence: number
  /** How many entries there are. */
  count: number
  /** The checksums of all entries, xored: it does not depend on their order, and takes an entry out as it put it in. */
  sum: number
}

export const emptyLedger: Readonly<Ledger> = { sequence: 0, count: 0, sum: 0 }

export function encodeLedger({ sequence, count, sum }: Ledger): Uint8Array {
  const view = new DataView(new ArrayBuffer(16))
  view.setFloat64(0, sequence)
  view.setUint32(8, count)
  view.setUint32(12, sum >>> 0)
  return new Uint8Array(view.buffer)
}

/** @param bytes - of {@link encodeLedger}; undefined when they are not. */
export function decodeLedger(bytes: Uint8Array): Ledger | undefined {
  if (bytes.length !== 16) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { sequence: view.getFloat64(0), count: view.getUint32(8), sum: view.getUint32(12) }
}
