import { isConvoyError, TokenBucket } from '../../core/index.ts'
import type { ControlMessage } from '../controlMessages.ts'
import type { Session } from '../session.ts'
import {
  floodedOffences,
  floodLookMs,
  mostQuarantineMs,
  offencesAtOnce,
  offencesPerSecond,
  quarantineMemoryMs,
  quarantineMs,
  rememberedOffenders,
  trickle,
} from './constants.ts'

/** Counts of what went over a budget of the member's own; what all share it may not have used up. */
const offences: ReadonlySet<string> = new Set([
  'authority-rate',
  'channel-rate',
  'digest-rate',
  'forward-rate',
  'hello-rate',
  'pass-rate',
  'request-rate',
  'signal-rate',
])

type MessageType = ControlMessage['type']

/** Messages by which a record is followed: they are taken from members in quarantine too, and from the host above all. */
const spared: ReadonlySet<MessageType> = new Set(['entries', 'holds', 'removed', 'leave'])

/** Messages about who decides that hold signatures to check. */
const dear: ReadonlySet<MessageType> = new Set(['stand', 'vote', 'succeed', 'equivocation'])

interface Offender {
  readonly patience: TokenBucket
  /** What is taken from it meanwhile. */
  trickle: TokenBucket | undefined
  until: number
  /** How often it was quarantined. */
  times: number
}

/** What is known of a member that went over its budgets. */
export interface QuarantineStatus {
  readonly quarantined: boolean
  /** How often it was, of late. */
  readonly quarantines: number
}

const clean: QuarantineStatus = { quarantined: false, quarantines: 0 }

/** Takes only a trickle of messages from members that keep going over their budgets ([MOD-16]). */
export class Quarantine {
  readonly #session: Session
  /** By member; who offended longest ago first. */
  readonly #offenders = new Map<string, Offender>()
  /** How many datagrams each link had dropped as too many when it was last looked at. */
  readonly #flooded = new Map<string, number>()

  constructor(session: Session) {
    this.#session = session
    const { dropped, clock } = session.environment
    const unwatch = dropped.watch((source, name) => {
      if (offences.has(name)) this.offend(source, 1)
    })
    session.events.on('linkReady', ({ member, link }) => {
      this.#flooded.delete(member.id)
      link.on('closed', ({ cause }) => {
        // It sent more than any link takes, for which there is no excuse.
        if (isConvoyError(cause, 'rate-limited')) this.offend(member.id, offencesAtOnce)
      })
    })
    const cancelLook = clock.every(floodLookMs, () => this.#look())
    session.events.on('closed', () => {
      unwatch()
      cancelLook()
    })
  }

  /** Whether a message of this member is to be taken now; counts it where not. */
  admits(memberId: string, type: MessageType): boolean {
    const { environment, verifications } = this.#session
    const offender = this.#offenders.get(memberId)
    const isHeld = offender !== undefined && offender.until > this.#now() && !spared.has(type)
    if (isHeld && offender.trickle?.tryTake() !== true) {
      environment.dropped.addFrom(memberId, 'quarantined')
      return false
    }
    if (!dear.has(type) || verifications.tryTake(memberId)) return true
    environment.dropped.addFrom(memberId, 'authority-rate')
    return false
  }

  statusOf(memberId: string): QuarantineStatus {
    const offender = this.#offenders.get(memberId)
    if (offender === undefined) return clean
    return { quarantined: offender.until > this.#now(), quarantines: offender.times }
  }

  /** A member went over a budget, `weight` times. */
  offend(memberId: string, weight: number): void {
    const { clock, logger } = this.#session.environment
    const now = clock.now()
    const offender = this.#offenderOf(memberId, now)
    if (offender.until > now || offender.patience.tryTake(weight)) return
    const lasts = Math.min(mostQuarantineMs, quarantineMs * 2 ** offender.times)
    offender.until = now + lasts
    offender.times++
    offender.trickle = new TokenBucket(clock, trickle.perSecond, trickle.atOnce)
    logger.warn('A member goes over its budgets again and again: little is taken from it for a while.', {
      member: memberId,
      seconds: lasts / 1_000,
    })
  }

  #look(): void {
    for (const { member, control } of this.#session.peers()) {
      const flooded = control?.link.quality().dropped.flood ?? 0
      const before = this.#flooded.get(member.id) ?? 0
      this.#flooded.set(member.id, flooded)
      if (flooded > before) this.offend(member.id, floodedOffences)
    }
  }

  #offenderOf(memberId: string, now: number): Offender {
    const known = this.#offenders.get(memberId)
    // Put last again: the first is who offended longest ago.
    this.#offenders.delete(memberId)
    const isFresh = known === undefined || (known.until + quarantineMemoryMs < now && known.times > 0)
    const patience = new TokenBucket(this.#session.environment.clock, offencesPerSecond, offencesAtOnce)
    const offender = isFresh ? { patience, trickle: undefined, until: 0, times: 0 } : known
    if (this.#offenders.size >= rememberedOffenders) {
      const [longestAgo] = this.#offenders.keys()
      if (longestAgo !== undefined) this.#offenders.delete(longestAgo)
    }
    this.#offenders.set(memberId, offender)
    return offender
  }

  #now(): number {
    return this.#session.environment.clock.now()
  }
}
