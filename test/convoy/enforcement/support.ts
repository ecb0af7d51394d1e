import { MemberWatch, type Finding } from '../../../lib/convoy/enforcement/index.ts'
import {
  defaultRules,
  emptyVehicleState,
  type Rules,
  type VehicleClass,
  type VehicleState,
} from '../../../lib/protocol/index.ts'
import { emptyCodes, quantise } from '../../../lib/vehicle/index.ts'

/** A member that is watched, on a clock that the test moves. */
export class Watched {
  readonly findings: Finding[] = []
  readonly #watch: MemberWatch
  readonly #codes = emptyCodes()
  rules: Rules
  restricted = false
  refusedMessages = 0
  refusedVehicles = 0
  rttMs: number | undefined
  isHost = true
  now = 0
  #lookedAt = 0

  constructor(rules: Partial<Rules> = {}, vehicleClass: VehicleClass | null = 'truck') {
    this.rules = { ...defaultRules, ...rules }
    this.#watch = new MemberWatch(vehicleClass, 0, (finding) => this.findings.push(finding))
    this.#watch.setRules(this.rules, 0)
  }

  get kinds(): string[] {
    return this.findings.map(({ kind }) => kind)
  }

  setRules(changes: Partial<Rules>): void {
    this.rules = { ...this.rules, ...changes }
    this.#watch.setRules(this.rules, this.now)
  }

  /** Takes a sample, now unless it says otherwise. */
  sample(values: Partial<VehicleState>, sampledAt = this.now): void {
    quantise({ ...emptyVehicleState(), y: 5, ...values }, this.#codes)
    this.#watch.note(this.#codes, { sampledAt, receivedAt: this.now })
  }

  /** The vehicle is hidden. */
  hide(): void {
    this.#codes.fill(0)
    this.#watch.note(this.#codes, { sampledAt: this.now, receivedAt: this.now })
  }

  /** Lets time pass; the member is looked at once a second. */
  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(end, this.#lookedAt + 1_000)
      if (this.now < this.#lookedAt + 1_000) continue
      this.#lookedAt = this.now
      this.#watch.look(this.now, {
        rules: this.rules,
        restricted: this.restricted,
        refusedMessages: this.refusedMessages,
        refusedVehicles: this.refusedVehicles,
        asHost: this.isHost ? { rttMs: this.rttMs } : undefined,
      })
    }
  }

  /** Samples ten times a second for so many seconds what `at` gives for each of them. */
  drive(seconds: number, at: (seconds: number) => Partial<VehicleState>): void {
    for (let tick = 0; tick < seconds * 10; tick++) {
      this.sample(at(tick / 10))
      this.pass(100)
    }
  }
}

/** North at a steady speed, m/s, from `z` on. */
export const north =
  (speed: number, z = 0) =>
  (seconds: number): Partial<VehicleState> => ({ x: 100, z: z - speed * seconds, velocityZ: -speed })
