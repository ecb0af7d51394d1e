import { agreementMs } from './constants.ts'
import type { Finding } from './finding.ts'

/** What several members say that they saw one do, of one kind: it counts once enough of them say the same, [ENF-22]. */
export class Witnesses {
  readonly #needed: number
  /** By member: what each said last. So a liar counts once, however much it says. */
  readonly #findings = new Map<string, Finding>()

  /** @param needed - how many have to agree. */
  constructor(needed: number) {
    this.#needed = needed
  }

  /**
   * Takes what one of them says.
   * @returns what they agree on, the least that any of them measured; undefined while too few do.
   */
  add(witnessId: string, finding: Finding): Finding | undefined {
    this.#findings.set(witnessId, finding)
    const agreeing = [...this.#findings.values()].filter(
      ({ from, to }) => from <= finding.to + agreementMs && to >= finding.from - agreementMs,
    )
    if (agreeing.length < this.#needed) return undefined
    return agreeing.reduce((least, each) => (excessOf(each) < excessOf(least) ? each : least))
  }

  /** What was said so far has had its effect. */
  clear(): void {
    this.#findings.clear()
  }
}

function excessOf({ measured, limit }: Finding): number {
  return Math.abs(measured) - Math.abs(limit)
}
