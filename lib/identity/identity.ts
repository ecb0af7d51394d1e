/** A value, or a promise of it: in simulation signers are synchronous so that a seed replays. */
export type MaybePromise<T> = T | Promise<T>

/** The two public keys of a peer. The box key is vouched for by whatever the sign key signs. */
export interface PublicIdentity {
  /** Ed25519 public key, 32 bytes: who this peer is. */
  readonly signKey: Uint8Array
  /** X25519 public key, 32 bytes: what messages to this peer are sealed to. */
  readonly boxKey: Uint8Array
}

/** Signs with one Ed25519 key. */
export interface Signer {
  readonly publicKey: Uint8Array
  /** The 64-byte Ed25519 signature of `message`. */
  sign(message: Uint8Array): MaybePromise<Uint8Array>
}

/** Checks Ed25519 signatures. */
export type Verify = (
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
) => MaybePromise<boolean>

/** A peer's key pairs and what is done with them. Made by {@link createIdentity}. */
export interface Identity extends PublicIdentity {
  /**
   * The 32 secret bytes all keys derive from: what a store keeps. Whoever has them is this peer.
   */
  readonly seed: Uint8Array
  readonly signer: Signer
  /** Short text that names this peer to people and programs: see {@link fingerprintOf}. */
  readonly fingerprint: string
  /** Opens what was sealed to {@link PublicIdentity.boxKey}; undefined when it was not, or was tampered with. */
  unseal(sealed: Uint8Array): Uint8Array | undefined
}
