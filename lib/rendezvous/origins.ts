import { utf8, type RandomSource } from '../core/index.ts'
import { domainHash } from '../identity/index.ts'
import { originBytes } from './frames.ts'

/**
 * What a service tells hosts of where joiners come from: whether two of one session come from one address, and nothing more
 * ([RDV-37]).
 */
export class Origins {
  /** Known to the service alone, or anybody could try all addresses; new with each start. */
  readonly #salt: Uint8Array

  constructor(random: RandomSource) {
    this.#salt = random.bytes(32)
  }

  /** @param address - undefined where it is not told apart from others. */
  of(sessionId: Uint8Array, address: string | null): Uint8Array | undefined {
    if (address === null) return undefined
    return domainHash('openconvoy origin 1', originBytes, this.#salt, sessionId, utf8(address))
  }
}
