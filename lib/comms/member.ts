import type { MemberProfile } from './memberProfile.ts'
import type { SessionMember } from '../session/index.ts'

/** One entry of the roster, as this peer sees it. A snapshot: it does not change after it was handed out. */
export interface Member extends SessionMember {
  /** Metres between the two trucks, straight; undefined while either is not placed. */
  readonly distance: number | undefined
  /** What it shows of itself; empty until heard. */
  readonly profile: MemberProfile
}
