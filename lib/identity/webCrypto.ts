/** The platform's WebCrypto; undefined where it has none, such as in pages from plain http (not localhost). */
export function webCrypto(): SubtleCrypto | undefined {
  // lib.dom claims it is always there.
  return (globalThis as { crypto?: { subtle?: SubtleCrypto } }).crypto?.subtle
}
