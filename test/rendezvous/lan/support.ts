import { systemRandom } from '../../../lib/core/index.ts'
import { decodeInvite, encodeInvite } from '../../../lib/identity/index.ts'
import { lanRendezvous, type LanOptions, type LanRendezvous } from '../../../lib/rendezvous/lan/index.ts'

/**
 * A port for multicast of a test's own, so that neither other tests nor this machine's network hear it: none that systems give to
 * others (to 60,999), nor one that services of other tests listen on (15,000 to 30,000).
 */
export function ownPort(): number {
  return 61_000 + Math.floor(4_000 * systemRandom.next())
}

/** A peer on the network that this machine has with itself. */
export function onLoopback(mdnsPort: number, options: Partial<LanOptions> = {}): LanRendezvous {
  return lanRendezvous({ interfaces: ['127.0.0.1'], mdnsPort, reachMs: 700, browseMs: 400, ...options })
}

/** The invite without the hint of the local network: no test speaks to the one that this machine is on. */
export function withoutLanHint(invite: string): string {
  const { hints, ...rest } = decodeInvite(invite)
  return encodeInvite({ ...rest, hints: hints.filter((hint) => hint !== 'lan:') })
}
