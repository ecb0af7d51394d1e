import type { Clock, Counters, Logger, RandomSource } from '../core/index.ts'
import type { Identity, Verify } from '../identity/index.ts'
import type { Witness } from '../rendezvous/index.ts'
import type { EstablishOptions, Link } from '../rtc/index.ts'
import type { MemberBudgets } from './budgets.ts'
import type { ChannelVersions } from './channelVersions.ts'

/** A promise of the protocol that a test has this peer break. */
export type Fault = 'no-fencing' | 'foreign-tickets' | 'double-votes' | 'two-voters'

/** What every part of a session stands on; handed in, so that the same code runs simulated. */
export interface SessionEnvironment {
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  readonly identity: Identity
  /** Makes a link over the connector and ICE servers of this convoy: see `establishLink`. */
  connect(
    options: Pick<
      EstablishOptions,
      'initiator' | 'signals' | 'timings' | 'redials' | 'wholeSignals' | 'signal'
    >,
  ): Promise<Link>
  /** What was refused or dropped, by name. */
  readonly dropped: Counters
  /** What differs from the default budgets. */
  readonly budgets?: Partial<MemberBudgets>
  /** The embedding program's channels that must be the same version on both sides: see [ADM-15]. */
  readonly channels?: ChannelVersions
  /** How fit this program is to be host, as a small whole number, 0 the best. All alike where left out. */
  readonly hostFitness?: () => number
  /**
   * Hands the witnesses of the rendezvous that this peer knows to `use`; they are of use until it is done. Left out
   * where there are none.
   */
  witnesses?<T>(use: (witnesses: readonly Witness[]) => Promise<T>, signal: AbortSignal): Promise<T>
  /** Bytes of entries after which this peer, as host, takes a snapshot of the record; reckoned by itself where left out. */
  readonly snapshotBytes?: number
  /** What is broken on purpose, so that a simulation can show that it would find it. Never set but by tests. */
  readonly faults?: ReadonlySet<Fault>
  /** Checks signatures; the platform's Ed25519 where left out. */
  readonly verify?: Verify
}

/** The options of `openEnvelope` that come from the environment. */
export function opening(environment: SessionEnvironment): { clock: Clock; verify?: Verify } {
  const { clock, verify } = environment
  return verify === undefined ? { clock } : { clock, verify }
}
