import { clockSlackMs, oldestMs, sameOffenceMs, warnEveryMs } from './constants.ts'
import type { Finding } from './finding.ts'
import { enforcedKinds, isReportable, takesVehicle, type EnforcedKind } from './kinds.ts'
import { Offences } from './offences.ts'
import type { EnforcementPolicy } from './policy.ts'
import type { Warning } from './warning.ts'
import { Witnesses } from './witnesses.ts'
import { reasonFor } from './words.ts'

/** A member as far as it is judged. */
export interface JudgedMember {
  readonly id: string
  readonly drives: boolean
  /** Since when it is here, as this peer knows; local clock, ms. */
  readonly since: number
  /** Whether the record has it in the slow lane. */
  readonly restricted: boolean
}

/** What a {@link Judge} can do; each decision may fail for now, and is tried again. */
export interface JudgeActs {
  warn(memberId: string, warning: Warning): void
  /** Puts a member into the slow lane, with the reason; null takes it out. */
  restrict(memberId: string, detail: string | null): Promise<void>
  kick(memberId: string, reason: string): Promise<void>
}

/** What counts against one member. */
interface Case {
  readonly offences: Offences
  readonly witnesses: Map<EnforcedKind, Witnesses>
  readonly warnedAt: Map<EnforcedKind, number>
  /** The last finding of each kind. */
  readonly last: Map<EnforcedKind, Finding>
  /** Since when this host knows it as restricted, ms. */
  restrictedSince: number | undefined
  /** A decision about it is under way. */
  deciding: boolean
}

/** Weighs what is seen of members and acts by the policy: what a host does, for as long as it is host, [ENF-22] to [ENF-34]. */
export class Judge {
  readonly #policy: EnforcementPolicy
  readonly #acts: JudgeActs
  readonly #cases = new Map<string, Case>()
  readonly #since: number

  /** @param since - when this peer became host, ms: a restriction by its predecessor is as old as that. */
  constructor(policy: EnforcementPolicy, acts: JudgeActs, since: number) {
    this.#policy = policy
    this.#acts = acts
    this.#since = since
  }

  /** The host has seen it itself. */
  saw(subject: JudgedMember, finding: Finding): void {
    this.#convict(subject, finding)
  }

  /**
   * Another member says that it saw it.
   * @returns why it can't have; undefined where it can.
   */
  heard(
    witness: JudgedMember,
    subject: JudgedMember | undefined,
    finding: Finding,
    now: number,
  ): 'unknown' | 'impossible' | undefined {
    if (subject === undefined) return 'unknown'
    const { kind, from, to } = finding
    const possible =
      subject.id !== witness.id &&
      isReportable(kind) &&
      (subject.drives || !takesVehicle(kind)) &&
      Math.abs(finding.measured) >= Math.abs(finding.limit) &&
      from <= to &&
      to <= now + clockSlackMs &&
      to >= now - oldestMs &&
      // Before both of them were here there was nothing to be seen. An idle one may have stood there before.
      to >= Math.max(witness.since, subject.since) - clockSlackMs &&
      (kind === 'idle' || from >= Math.max(witness.since, subject.since) - clockSlackMs)
    if (!possible) return 'impossible'
    const { witnesses } = this.#caseOf(subject.id)
    let ofKind = witnesses.get(kind)
    if (ofKind === undefined) witnesses.set(kind, (ofKind = new Witnesses(this.#policy.witnesses)))
    const agreed = ofKind.add(witness.id, finding)
    if (agreed !== undefined) this.#convict(subject, agreed)
    return undefined
  }

  /** Brings what is recorded in line with what counts: decisions may have failed, and offences are forgotten. */
  look(members: Iterable<JudgedMember>, now: number): void {
    for (const member of members) this.#review(member, now)
  }

  /** Forgets who is gone, except what counts against it. */
  forget(memberId: string): void {
    const own = this.#cases.get(memberId)
    own?.witnesses.clear()
    own?.warnedAt.clear()
  }

  #caseOf(memberId: string): Case {
    let own = this.#cases.get(memberId)
    if (own === undefined) {
      own = {
        offences: new Offences(this.#policy.forgetMs),
        witnesses: new Map(),
        warnedAt: new Map(),
        last: new Map(),
        restrictedSince: undefined,
        deciding: false,
      }
      this.#cases.set(memberId, own)
    }
    return own
  }

  #convict(subject: JudgedMember, finding: Finding): void {
    const { kind, to } = finding
    const own = this.#caseOf(subject.id)
    own.witnesses.get(kind)?.clear()
    // Each jump is one; anything else goes on, and is told by several.
    if (to - own.offences.newest(kind) < (kind === 'teleport' ? clockSlackMs : sameOffenceMs)) return
    own.last.set(kind, finding)
    const count = own.offences.add(kind, to)
    const { warn } = this.#policy.steps[kind]
    if (warn !== null && count >= warn && to - (own.warnedAt.get(kind) ?? -Infinity) >= warnEveryMs) {
      own.warnedAt.set(kind, to)
      this.#warn(subject.id, 'warning', finding)
    }
    this.#review(subject, to)
  }

  #review(member: JudgedMember, now: number): void {
    const own = this.#cases.get(member.id)
    if (own === undefined && !member.restricted) return
    this.#act(member, own ?? this.#caseOf(member.id), now)
  }

  #act(member: JudgedMember, own: Case, now: number): void {
    if (own.deciding) return
    const kicked = this.#reached(own, 'kick', now)
    if (kicked !== undefined) return this.#decide(own, () => this.#kick(member.id, own, kicked))
    const slowed = this.#reached(own, 'slowLane', now)
    if (member.restricted) own.restrictedSince ??= this.#since
    else own.restrictedSince = undefined
    if (slowed !== undefined && !member.restricted)
      return this.#decide(own, () => this.#slowDown(member.id, slowed))
    const over = now - (own.restrictedSince ?? now) >= this.#policy.forgetMs
    if (slowed === undefined && member.restricted && over)
      this.#decide(own, () => this.#release(member.id, own))
  }

  /** What makes a step due. */
  #reached(own: Case, step: 'slowLane' | 'kick', now: number): Finding | undefined {
    for (const kind of enforcedKinds) {
      const after = this.#policy.steps[kind][step]
      if (after !== null && own.offences.count(kind, now) >= after) return own.last.get(kind)
    }
    return undefined
  }

  async #slowDown(memberId: string, finding: Finding): Promise<void> {
    await this.#acts.restrict(memberId, reasonFor(finding.kind, finding.measured, finding.limit))
    this.#warn(memberId, 'slow-lane', finding)
  }

  async #release(memberId: string, own: Case): Promise<void> {
    await this.#acts.restrict(memberId, null)
    const [last] = own.last.values()
    this.#warn(memberId, 'released', last ?? { kind: 'speed', measured: 0, limit: 0 })
  }

  async #kick(memberId: string, own: Case, finding: Finding): Promise<void> {
    await this.#acts.kick(memberId, reasonFor(finding.kind, finding.measured, finding.limit))
    // It has paid: who comes back starts anew.
    if (this.#cases.get(memberId) === own) this.#cases.delete(memberId)
  }

  #warn(
    memberId: string,
    action: Warning['action'],
    { kind, measured, limit }: Pick<Finding, 'kind' | 'measured' | 'limit'>,
  ): void {
    this.#acts.warn(memberId, { kind, action, measured, limit })
  }

  /** One decision at a time; one that fails, as without a majority, is due again at the next look. */
  #decide(own: Case, decision: () => Promise<void>): void {
    own.deciding = true
    void decision()
      .catch(() => undefined)
      .finally(() => (own.deciding = false))
  }
}
