import type { Rules } from '../../protocol/index.ts'
import type { RecordMember, Session } from '../../session/index.ts'
import type { Codes, ObservedTimes } from '../../vehicle/index.ts'
import type { Finding } from './finding.ts'
import { MemberWatch } from './memberWatch.ts'

/** Told of what is found about a member. */
export type LookoutHandler = (member: RecordMember, finding: Finding) => void

/** Counters of messages beyond a budget: what an honest member never has, since senders keep to the same budgets. */
const messageRefusals = [
  'channel-rate',
  'forward-rate',
  'pass-rate',
  'hello-rate',
  'signal-flood',
  'quarantined',
  'signal-rate',
]
const linkRefusals = ['flood', 'control-flood']
const trafficRefusal = 'traffic-over-limit'

/** Holds every other member to the rules by what comes from it, [ENF-1]: each member has one. */
export class Lookout {
  readonly #session: Session
  readonly #found: LookoutHandler
  readonly #watches = new Map<string, MemberWatch>()
  #rules: Rules | undefined

  constructor(session: Session, found: LookoutHandler) {
    this.#session = session
    this.#found = found
  }

  /** Begins with a member; with its new process, where it was here before. */
  expect(member: RecordMember): void {
    const now = this.#session.environment.clock.now()
    const watch = new MemberWatch(member.vehicleClass, now, (finding) => this.#found(member, finding))
    watch.setRules(this.#session.record.state.rules, now)
    this.#watches.set(member.id, watch)
  }

  forget(memberId: string): void {
    this.#watches.delete(memberId)
  }

  /** Since when a member is watched, ms; undefined where it is not. */
  since(memberId: string): number | undefined {
    return this.#watches.get(memberId)?.since
  }

  /** Takes a sample that came on a member's own link; what others forward proves nothing at once. */
  note(memberId: string, codes: Readonly<Codes>, times: Readonly<ObservedTimes>): void {
    this.#watches.get(memberId)?.note(codes, times)
  }

  /** Looks at everything that is not about samples. */
  look(): void {
    const { environment, record, isHost } = this.#session
    const { state } = record
    const now = environment.clock.now()
    this.#followRules(state.rules, now)
    for (const { member, admitted, control, presence } of this.#session.peers()) {
      const watch = this.#watches.get(member.id)
      if (watch === undefined || !admitted) continue
      const quality = control?.link.quality()
      const dropped = environment.dropped.from(member.id)
      watch.look(now, {
        rules: state.rules,
        restricted: state.restrictionOf(member.signKey) !== undefined,
        refusedMessages: sumOf(dropped, messageRefusals) + sumOf(quality?.dropped, linkRefusals),
        refusedVehicles: sumOf(dropped, [trafficRefusal]),
        asHost: isHost ? { rttMs: presence === 'connected' ? quality?.rttMs : undefined } : undefined,
      })
    }
  }

  #followRules(rules: Rules, now: number): void {
    if (rules === this.#rules) return
    this.#rules = rules
    for (const watch of this.#watches.values()) watch.setRules(rules, now)
  }
}

function sumOf(counts: Readonly<Partial<Record<string, number>>> = {}, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (counts[name] ?? 0), 0)
}
