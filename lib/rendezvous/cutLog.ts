import { TokenBucket, toHex, utf8, type Clock, type Logger, type RandomSource } from '../core/index.ts'
import { domainHash } from '../identity/index.ts'
import type { CutReason } from './frames.ts'

/** Lines a second, and at once: a line tells that it happens, and the counts how often. A flood must not fill a disk. */
const linesPerSecond = 1
const linesBurst = 60

/** Bytes of what stands for an address: enough to tell apart those that an operator looks at. */
const sourceBytes = 4

/** Tells the operator which connections were cut and why, and whether it is the same somebody again and again: never who. */
export class CutLog {
  readonly #logger: Logger
  readonly #lines: TokenBucket
  /** Known to nobody, or anybody could try all addresses; new with each start, so that nobody can be followed for long. */
  #salt: Uint8Array | undefined
  readonly #random: RandomSource
  #suppressed = 0

  constructor(clock: Clock, random: RandomSource, logger: Logger) {
    this.#logger = logger
    this.#lines = new TokenBucket(clock, linesPerSecond, linesBurst)
    this.#random = random
  }

  write(address: string | null, reason: CutReason): void {
    if (!this.#lines.tryTake()) {
      this.#suppressed++
      return
    }
    const source = address === null ? {} : { from: this.#sourceOf(address) }
    const suppressed = this.#suppressed > 0 ? { suppressed: this.#suppressed } : {}
    this.#suppressed = 0
    this.#logger.info('Cut a connection.', { reason, ...source, ...suppressed })
  }

  #sourceOf(address: string): string {
    const salt = (this.#salt ??= this.#random.bytes(32))
    return toHex(domainHash('openconvoy log source 1', sourceBytes, salt, utf8(address)))
  }
}
