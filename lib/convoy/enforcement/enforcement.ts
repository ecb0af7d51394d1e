import { Counters, isConvoyError, type Emitter } from '../../core/index.ts'
import type { ConvoyEvents, Member, SessionTime } from '../types.ts'
import { restrictionChange, type RecordMember, type Session } from '../../session/index.ts'
import type { VehicleReceiver } from '../../vehicle/index.ts'
import {
  lookEveryMs,
  observationsAtOnce,
  observationsPerMessage,
  observationsPerSecond,
  observationsWaiting,
  warningsAtOnce,
  warningsPerSecond,
} from './constants.ts'
import type { Finding } from './finding.ts'
import { followGhosts } from './ghosts.ts'
import { Judge, type JudgedMember } from './judge.ts'
import type { EnforcedKind } from './kinds.ts'
import { Lookout } from './lookout.ts'
import { decodeObservations, encodeObservations, type Observation } from './observation.ts'
import type { EnforcementPolicy } from './policy.ts'
import { speedLimitOf } from './speedWatch.ts'
import { decodeWarning, encodeWarning, type Warning } from './warning.ts'
import { textOf } from './words.ts'

/** Names of the session's channels on which members tell the host what they saw, and the host a player what follows. */
const observeChannel = 'observe'
const warnChannel = 'warn'

/** What a host does to members of its own accord. */
export type EnforcementAct = 'warning' | 'slow-lane' | 'released' | 'kick'

/** What enforcing the rules came to so far. */
export interface EnforcementStats {
  /** What this member itself saw of others, by kind. */
  readonly observed: Readonly<Partial<Record<EnforcedKind, number>>>
  /** What this member did about it while it was host. */
  readonly acts: Readonly<Partial<Record<EnforcementAct, number>>>
}

/** What {@link Enforcement} works with. */
export interface EnforcementParts {
  readonly session: Session
  readonly convoy: { readonly vehicles: VehicleReceiver; readonly time: Pick<SessionTime, 'now'> }
  /** How this peer acts while it is host. */
  readonly enforcement: EnforcementPolicy
  readonly describe: (member: RecordMember) => Member
  /** Where what is seen of others, and what the host lets this player know, is told. */
  readonly events: Pick<Emitter<ConvoyEvents>, 'emit' | 'listenerCount'>
}

interface Waiting {
  readonly subject: RecordMember
  readonly finding: Finding
}

/** The rules of a convoy, enforced by all: docs/protocol/10-enforcement.md. */
export class Enforcement {
  readonly #parts: EnforcementParts
  readonly #session: Session
  readonly #lookout: Lookout
  readonly #observed = new Counters<EnforcedKind>()
  readonly #acts = new Counters<EnforcementAct>()
  #waiting: Waiting[] = []
  /** While this peer is host. */
  #judge: Judge | undefined

  constructor(parts: EnforcementParts) {
    const { session } = parts
    this.#parts = parts
    this.#session = session
    this.#lookout = new Lookout(session, (member, finding) => this.#found(member, finding))
    session.onChannel(observeChannel, (from, body) => this.#heard(from, body), {
      perSecond: observationsPerSecond,
      atOnce: observationsAtOnce,
    })
    session.onChannel(warnChannel, (from, body) => this.#warned(from, body), {
      perSecond: warningsPerSecond,
      atOnce: warningsAtOnce,
    })
    this.#watch(parts.convoy.vehicles)
    followGhosts(session, parts.convoy.vehicles)
    for (const { member } of session.peers()) this.#lookout.expect(member)
    session.events.on('memberJoined', ({ id }) => {
      const peer = session.peer(id)
      if (peer !== undefined) this.#lookout.expect(peer.member)
    })
    session.events.on('memberLeft', ({ member }) => {
      this.#lookout.forget(member.id)
      this.#judge?.forget(member.id)
    })
    const cancel = session.environment.clock.every(lookEveryMs, () => this.#look())
    session.events.on('closed', cancel)
  }

  get stats(): EnforcementStats {
    return { observed: this.#observed.snapshot(), acts: this.#acts.snapshot() }
  }

  /** Holds each update to the rules, besides what else is done with it; this is the hot path. */
  #watch(vehicles: VehicleReceiver): void {
    const { observer } = vehicles
    vehicles.observer = (memberId, update, times) => {
      observer?.(memberId, update, times)
      this.#lookout.note(memberId, update.codes, times)
    }
  }

  #look(): void {
    this.#followAuthority()
    this.#lookout.look()
    this.#tell()
    if (this.#judge === undefined) return
    const judged = Array.from(this.#session.peers(), ({ member }) => this.#judgedOf(member))
    this.#judge.look(judged, this.#session.environment.clock.now())
  }

  /** Judges while this peer decides, and no longer. */
  #followAuthority(): void {
    if (this.#session.isHost === (this.#judge !== undefined)) return
    const { clock } = this.#session.environment
    this.#judge = this.#session.isHost ? this.#newJudge(clock.now()) : undefined
  }

  #newJudge(since: number): Judge {
    const session = this.#session
    return new Judge(
      this.#parts.enforcement,
      {
        warn: (memberId, warning) => this.#send(memberId, warning),
        restrict: async (memberId, detail) => {
          await session.hostRole?.record(() => restrictionChange(session.record.state, memberId, detail))
        },
        kick: async (memberId, reason) => {
          const signKey = session.peer(memberId)?.member.signKey
          if (signKey === undefined) return
          await session.hostRole?.carryOut({
            type: 'left',
            signKey,
            reason: 'kicked',
            detail: reason,
            coolOffMs: 0,
          })
          this.#acts.add('kick')
        },
      },
      since,
    )
  }

  #judgedOf(member: RecordMember): JudgedMember {
    const { clock } = this.#session.environment
    return {
      id: member.id,
      drives: member.vehicleClass !== null,
      since: this.#lookout.since(member.id) ?? clock.now(),
      restricted: this.#session.record.state.restrictionOf(member.signKey) !== undefined,
    }
  }

  #found(member: RecordMember, finding: Finding): void {
    this.#observed.add(finding.kind)
    const { kind, measured, limit } = finding
    const { events, describe } = this.#parts
    if (events.listenerCount('observed') > 0)
      events.emit('observed', { member: describe(member), kind, measured, limit })
    if (this.#judge !== undefined) return this.#judge.saw(this.#judgedOf(member), finding)
    this.#waiting.push({ subject: member, finding })
    if (this.#waiting.length > observationsWaiting) this.#waiting.shift()
  }

  /** Tells the host what was seen since the last time, of everyone but the host. */
  #tell(): void {
    const shift = this.#shift()
    if (this.#waiting.length === 0 || this.#session.hostIsGone || shift === undefined) return
    if (this.#session.isHost) return this.#judgeWaiting()
    const { host } = this.#session
    const observations = this.#waiting
      .splice(0, observationsPerMessage)
      .filter(({ subject }) => subject.id !== host.id)
      .map(({ subject, finding }) => observationOf(subject, finding, shift))
    if (observations.length === 0) return
    try {
      this.#session.sendChannel([host.id], observeChannel, encodeObservations(observations))
    } catch (error) {
      // Its link takes no more: what lasts is seen again.
      if (!isConvoyError(error)) throw error
    }
  }

  /** What this peer had seen when it became host. */
  #judgeWaiting(): void {
    for (const { subject, finding } of this.#waiting.splice(0)) {
      if (this.#session.peer(subject.id) !== undefined) this.#judge?.saw(this.#judgedOf(subject), finding)
    }
  }

  #heard(from: RecordMember, body: Uint8Array): void {
    const { dropped, clock } = this.#session.environment
    const judge = this.#judge
    const shift = this.#shift()
    if (judge === undefined || shift === undefined) return dropped.addFrom(from.id, 'observe-not-host')
    try {
      for (const observation of decodeObservations(body)) {
        const subject = this.#session.peer(observation.subject)?.member
        if (subject !== undefined && this.#isOutdated(subject, observation)) {
          dropped.addFrom(from.id, 'observe-outdated')
          continue
        }
        const { kind, measured, limit, count } = observation
        const finding = {
          kind,
          measured,
          limit,
          count,
          from: observation.from - shift,
          to: observation.to - shift,
        }
        const judged = subject === undefined ? undefined : this.#judgedOf(subject)
        const refusal = judge.heard(this.#judgedOf(from), judged, finding, clock.now())
        if (refusal !== undefined) dropped.addFrom(from.id, `observe-${refusal}`)
      }
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(from.id, `observe-${error.code}`)
    }
  }

  /** Whether it was held against another rule than the one in force. */
  #isOutdated({ vehicleClass }: RecordMember, { kind, limit }: Observation): boolean {
    const { rules } = this.#session.record.state
    if (kind === 'idle') return limit !== rules.afkTimeout
    return kind === 'speed' && vehicleClass !== null && limit !== speedLimitOf(rules, vehicleClass)
  }

  #warned(from: RecordMember, body: Uint8Array): void {
    const { dropped } = this.#session.environment
    if (from.id !== this.#session.host.id) return dropped.addFrom(from.id, 'warn-foreign')
    try {
      const warning = decodeWarning(body)
      this.#parts.events.emit('warned', { ...warning, text: textOf(warning) })
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(from.id, `warn-${error.code}`)
    }
  }

  #send(memberId: string, warning: Warning): void {
    this.#acts.add(warning.action)
    try {
      this.#session.sendChannel([memberId], warnChannel, encodeWarning(warning))
    } catch (error) {
      // Its link takes no more: it is warned again if it goes on.
      if (!isConvoyError(error)) throw error
    }
  }

  /** From the local clock to session time, ms. */
  #shift(): number | undefined {
    const now = this.#parts.convoy.time.now()
    return now === undefined ? undefined : now - this.#session.environment.clock.now()
  }
}

function observationOf(subject: RecordMember, finding: Finding, shift: number): Observation {
  const from = Math.max(0, finding.from + shift)
  return { subject: subject.id, ...finding, from, to: Math.max(from, finding.to + shift) }
}
