import type { Rules, VehicleClass } from '../../protocol/index.ts'
import type { Codes, ObservedTimes } from '../../vehicle/index.ts'
import { AccelerationWatch } from './accelerationWatch.ts'
import { ClassWatch } from './classWatch.ts'
import {
  clockSetMs,
  floodingMs,
  floodPerSecond,
  overQuotaMs,
  repeatMs,
  unseenMs,
  lookEveryMs,
} from './constants.ts'
import { CountWatch } from './countWatch.ts'
import type { FindingHandler } from './finding.ts'
import { GhostWatch } from './ghostWatch.ts'
import { IdleWatch } from './idleWatch.ts'
import { JumpWatch } from './jumpWatch.ts'
import { MotionSample } from './motionSample.ts'
import { PingWatch } from './pingWatch.ts'
import { SpeedWatch } from './speedWatch.ts'

/** Looks without an update after which a vehicle is not seen. */
const silentLooks = unseenMs / lookEveryMs

/** What is looked at once a second of a member, besides its vehicle. */
export interface MemberFacts {
  readonly rules: Rules
  /** Whether it is in the slow lane. */
  readonly restricted: boolean
  /** Messages, and updates of vehicles beyond its quota, refused so far. */
  readonly refusedMessages: number
  readonly refusedVehicles: number
  /** What only the host looks at. */
  readonly asHost: { readonly rttMs: number | undefined } | undefined
}

/** One member, held to the rules by another one. */
export class MemberWatch {
  readonly vehicleClass: VehicleClass | null
  /** Since when it is watched, ms. */
  readonly since: number
  readonly #sample = new MotionSample()
  readonly #speed: SpeedWatch
  readonly #acceleration: AccelerationWatch
  readonly #jumps: JumpWatch
  readonly #ghost: GhostWatch
  readonly #idle: IdleWatch
  readonly #messages: CountWatch
  readonly #traffic: CountWatch
  readonly #ping: PingWatch
  readonly #class: ClassWatch
  #seen = false
  /** Looks since an update came. */
  #silentLooks = 0

  constructor(vehicleClass: VehicleClass | null, now: number, found: FindingHandler) {
    this.vehicleClass = vehicleClass
    this.since = now
    this.#speed = new SpeedWatch(found)
    this.#acceleration = new AccelerationWatch(vehicleClass ?? 'truck', found)
    this.#jumps = new JumpWatch(found)
    this.#ghost = new GhostWatch(found)
    this.#idle = new IdleWatch(found)
    this.#messages = new CountWatch(
      { kind: 'rate', perLook: floodPerSecond, afterMs: floodingMs, repeatMs },
      found,
    )
    this.#traffic = new CountWatch({ kind: 'traffic', perLook: 1, afterMs: overQuotaMs, repeatMs }, found)
    this.#ping = new PingWatch(found)
    this.#class = new ClassWatch(found)
  }

  /** The rules that count from `now` on. */
  setRules(rules: Rules, now: number): void {
    if (this.vehicleClass !== null) this.#speed.setRules(rules, this.vehicleClass, now)
  }

  /** Takes a sample of its vehicle. Allocates nothing unless it finds something. */
  note(codes: Readonly<Codes>, times: Readonly<ObservedTimes>): void {
    const sample = this.#sample
    const before = sample.at
    sample.fill(codes, times)
    if (sample.at < before - clockSetMs) this.#startAnew()
    if (!this.#seen) this.#ghost.arrived(sample.at)
    this.#seen = true
    this.#silentLooks = 0
    if (this.#jumps.note(sample)) {
      this.#speed.reset()
      this.#acceleration.reset()
      this.#ghost.arrived(sample.at)
    }
    if (!sample.placed) return this.#acceleration.reset()
    this.#speed.note(sample)
    this.#acceleration.note(sample)
  }

  /** Takes a look at everything else. */
  look(now: number, facts: MemberFacts): void {
    const { rules, restricted, asHost } = facts
    this.#messages.look(now, facts.refusedMessages)
    this.#traffic.look(now, facts.refusedVehicles)
    if (asHost !== undefined) {
      this.#ping.look(now, asHost.rttMs, rules.pingLimit)
      this.#class.look(now, this.vehicleClass, rules)
    }
    if (!this.#seen) return
    if (++this.#silentLooks > silentLooks) {
      this.#ghost.reset()
      return this.#idle.reset()
    }
    this.#ghost.look(now, this.#sample, rules, restricted)
    this.#idle.look(now, this.#sample, rules.afkTimeout)
  }

  /** A clock was set, or it moved to another link: nothing of before compares. */
  #startAnew(): void {
    this.#jumps.reset()
    this.#speed.reset()
    this.#acceleration.reset()
  }
}
