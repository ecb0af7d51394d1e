import { Counters } from '../core/index.ts'
import type { CutReason, RefusalCode } from './frames.ts'
import type { SwitchboardClient } from './switchboardClient.ts'
import type { SwitchboardLimit } from './switchboardLimits.ts'

/** Tells clients what they may not do, and counts it; who does not stop is cut. */
export class Refusals {
  /** By code, and by what else was refused or ignored. */
  readonly refused = new Counters()
  readonly limitsHit = new Counters<SwitchboardLimit>()
  /** Ends the connection of a client. */
  readonly cut: (client: SwitchboardClient, reason: CutReason) => void

  constructor(cut: (client: SwitchboardClient, reason: CutReason) => void) {
    this.cut = cut
  }

  /**
   * @param request - the number of what is refused; null for what has none.
   * @param limit - the limit that was met.
   */
  refuse(
    client: SwitchboardClient,
    request: number | null,
    code: RefusalCode,
    reason: string,
    limit?: SwitchboardLimit,
  ): void {
    this.refused.add(code)
    if (limit !== undefined) this.limitsHit.add(limit)
    client.send({ type: 'refused', request, code, reason })
  }

  /** The client was at fault once more. */
  strike(client: SwitchboardClient, reason: CutReason): void {
    if (!client.patience.tryTake()) this.cut(client, reason)
  }
}
