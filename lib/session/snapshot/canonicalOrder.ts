import { toHex } from '../../core/index.ts'

/** The order of texts in ASCII by their bytes, which is the same everywhere. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** Items by their keys; what has the same key stays in its order. */
export function inKeyOrder<Item extends { readonly signKey: Uint8Array }>(items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: toHex(item.signKey) }))
  return keyed.sort((a, b) => byText(a.key, b.key)).map(({ item }) => item)
}
