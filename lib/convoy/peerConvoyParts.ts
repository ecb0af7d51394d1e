import type { MemberProfile } from '../comms/index.ts'
import type { ReportSink } from '../evidence/index.ts'
import type { Session } from '../session/index.ts'
import type { UplinkOptions } from '../vehicle/index.ts'
import type { EnforcementPolicy } from './enforcement/index.ts'

/** What a `PeerConvoy` is put together from. */
export interface PeerConvoyParts {
  readonly session: Session
  readonly invite: string
  readonly updateRate: number | undefined
  readonly uplink: UplinkOptions
  readonly profile: MemberProfile | undefined
  /** The network changed: connections to rendezvous are made anew. */
  reconnect(): void
  readonly enforcement: EnforcementPolicy
  readonly acceptsTraffic: boolean | undefined
  readonly evidence: boolean | undefined
  readonly reports: ReportSink | undefined
  /** Frees what the convoy was made with: announcements and rendezvous. */
  release(): Promise<void>
}
