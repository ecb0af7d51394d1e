import { toHex } from '../../lib/core/index.ts'
import type { Witness } from '../../lib/rendezvous/index.ts'
import type { SessionEnvironment } from '../../lib/session/index.ts'
import type { Ledger } from './ledger.ts'

/** Tells the ledger whom a witness is asked to vote for, and whom it does, by the configuration of voters: it votes but once ([WIT-5]). */
export function withNotedGrants(
  environment: SessionEnvironment,
  ledger: Pick<Ledger, 'asked' | 'granted'>,
): SessionEnvironment {
  const { witnesses } = environment
  if (witnesses === undefined) return environment
  const note = (witness: Witness): Witness => ({
    key: witness.key,
    boot: witness.boot,
    register: (registration, signal) => witness.register(registration, signal),
    grant: async (request, signal) => {
      const config = toHex(request.config)
      const { candidate } = request.vote
      // Whoever dies before the answer comes may have it all the same.
      ledger.asked(config, candidate)
      const vote = await witness.grant(request, signal)
      ledger.granted(config, candidate)
      return vote
    },
  })
  return { ...environment, witnesses: (use, signal) => witnesses((all) => use(all.map(note)), signal) }
}
