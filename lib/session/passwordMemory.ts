import { ConvoyError, equalBytes } from '../core/index.ts'
import { derivePasswordProver, type PasswordParams, type PasswordProver } from '../identity/index.ts'

/**
 * What a member keeps to prove the password again when it comes back: the key that it became for this session, which
 * opens nothing else, and no longer the password itself.
 */
export class PasswordMemory {
  #password: string | undefined
  #derived: { readonly params: PasswordParams; readonly prove: PasswordProver } | undefined

  constructor(password: string | undefined) {
    this.#password = password
  }

  /**
   * The proof of [ADM-5] over `challenge`.
   * @throws ConvoyError `password-required` where none was given, or the host asks with another salt than before;
   * `invalid-argument` when its salt or iterations are out of range.
   */
  async prove(params: PasswordParams, challenge: Uint8Array): Promise<Uint8Array> {
    if (this.#derived === undefined && this.#password !== undefined) {
      this.#derived = { params, prove: await derivePasswordProver(this.#password, params) }
      this.#password = undefined
    }
    const derived = this.#derived
    if (derived?.params.iterations === params.iterations && equalBytes(derived.params.salt, params.salt)) {
      return derived.prove(challenge)
    }
    throw new ConvoyError(
      'password-required',
      'This convoy asks for a password. Join again with the password option.',
    )
  }
}
