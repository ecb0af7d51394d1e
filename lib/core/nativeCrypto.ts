/** A secret X25519 key that is ready for use: what it costs to prepare one is paid once. */
export interface X25519Key {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /**
   * The 32 bytes that the owners of both keys come to, and nobody else.
   * @param publicKey - 32 bytes.
   * @returns undefined for a key of low order, with which everybody comes to the same.
   */
  agree(publicKey: Uint8Array): Uint8Array | undefined
}

/** Cryptography of the platform that answers at once: WebCrypto, which every platform has, answers on a thread. */
export interface NativeCrypto {
  /** 64 bytes. */
  sha512(bytes: Uint8Array): Uint8Array
  /** @param secret - 32 bytes. */
  importX25519(secret: Uint8Array): X25519Key
}
