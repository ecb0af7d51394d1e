import { toHex } from '../../lib/core/index.ts'
import type { Witness } from '../../lib/rendezvous/index.ts'
import type { SessionEnvironment } from '../../lib/session/index.ts'

/** Tells `noted` whom a witness votes for, by the configuration of voters it votes in: it votes but once ([WIT-4]). */
export function withNotedGrants(
  environment: SessionEnvironment,
  noted: (config: string, candidate: Uint8Array) => void,
): SessionEnvironment {
  const { witnesses } = environment
  if (witnesses === undefined) return environment
  const note = (witness: Witness): Witness => ({
    key: witness.key,
    boot: witness.boot,
    register: (registration, signal) => witness.register(registration, signal),
    grant: async (request, signal) => {
      // Noted when asked: whoever dies before the answer comes has it all the same.
      noted(toHex(request.config), request.vote.candidate)
      return witness.grant(request, signal)
    },
  })
  return { ...environment, witnesses: (use, signal) => witnesses((all) => use(all.map(note)), signal) }
}
