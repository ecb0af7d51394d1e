import type { Session } from '../../session/index.ts'
import { nearestTo, type Candidate } from './candidates.ts'
import { repeatWordEveryMs, repeatWordForMs, unheardMs, unknownHandOvers } from './constants.ts'
import type { TrafficAssignment } from './trafficMessages.ts'
import type { TrafficTable } from './trafficTable.ts'
import type { TrafficVehicle } from './trafficVehicle.ts'

/** What a {@link TrafficArbiter} works with. */
export interface ArbiterSurroundings {
  readonly session: Session
  readonly table: TrafficTable
  /** Members that would take vehicles over, by slot. */
  candidates(): Candidate[]
  /** Brings `vehicle.state` up to now. */
  bringUpToDate(vehicle: TrafficVehicle): void
  /** Acts on an assignment as on one that arrived. */
  apply(assignment: TrafficAssignment): void
  sendAssignments(assignments: readonly TrafficAssignment[]): void
  sendRemovals(ids: readonly number[]): void
}

/**
 * Decides whose a vehicle becomes. One member does at a time: the host, or without one the member with the lowest slot
 * ([TRF-20] to [TRF-24]).
 */
export class TrafficArbiter {
  readonly #around: ArbiterSurroundings
  /** Since when members that are in the roster are not heard, ms. */
  readonly #unheardSince = new Map<string, number>()
  #tookOverAt: number | undefined
  #repeatedAt = 0

  constructor(around: ArbiterSurroundings) {
    this.#around = around
  }

  /** Whose word counts. */
  get id(): string | undefined {
    const { session } = this.#around
    return session.hostIsGone ? session.roster.present[0]?.id : session.host.id
  }

  get isSelf(): boolean {
    return this.id === this.#around.session.self.id
  }

  /** What was given to somebody, as a newcomer has to know it. */
  word(): TrafficAssignment[] {
    return [...this.#around.table.vehicles]
      .filter(({ number, endedAt }) => number > 0 && endedAt === Infinity)
      .map((vehicle) => this.#assignment(vehicle, vehicle.ownerId, vehicle.number))
  }

  /** `fromId` says that `toId` is nearer to a vehicle of its own. @returns whether that was its to say. */
  offered(fromId: string, id: number, toId: string): boolean {
    const vehicle = this.#around.table.owned(id, fromId)
    if (vehicle === undefined || vehicle.orphaned) return false
    const candidate = this.#around.candidates().find((each) => each.id === toId)
    if (candidate !== undefined && candidate.room > 0 && toId !== fromId) this.#give([[vehicle, toId, 1]])
    return true
  }

  /** Sees to vehicles whose owner is gone, and to what others were told by a host that is gone. */
  look(): void {
    if (!this.isSelf) {
      this.#tookOverAt = undefined
      return
    }
    this.#noteUnheard()
    this.#succeed()
    this.#giveAbandoned()
    this.#settle()
  }

  /** Without the host: makes what it said last one's own word, and repeats it for those who miss the host later. */
  #succeed(): void {
    const { session, table } = this.#around
    if (!session.hostIsGone) return
    const now = session.environment.clock.now()
    if (this.#tookOverAt === undefined) {
      this.#tookOverAt = now
      this.#repeatedAt = now
      const given = [...table.vehicles].filter(({ number, orphaned }) => number > 0 && !orphaned)
      this.#give(given.map((vehicle) => [vehicle, vehicle.ownerId, 1]))
    } else if (now - this.#tookOverAt < repeatWordForMs && now - this.#repeatedAt >= repeatWordEveryMs) {
      this.#repeatedAt = now
      this.#around.sendAssignments(this.word())
    }
  }

  #giveAbandoned(): void {
    const { table } = this.#around
    const ownerless = [...table.vehicles].filter((vehicle) => this.#needsOwner(vehicle))
    if (ownerless.length === 0) return
    const candidates = this.#around.candidates()
    const given: [TrafficVehicle, string, number][] = []
    const abandoned: number[] = []
    for (const vehicle of ownerless) {
      this.#around.bringUpToDate(vehicle)
      const next = nearestTo(vehicle.state, candidates, vehicle.ownerId)
      if (next !== undefined) {
        next.room--
        given.push([vehicle, next.id, 1])
      } else if (vehicle.orphaned) {
        table.abandon(vehicle)
        abandoned.push(vehicle.id)
      }
    }
    this.#give(given)
    this.#around.sendRemovals(abandoned)
  }

  /** Outbids claims that stand on a word which this member never heard: one word has to count for all. */
  #settle(): void {
    const raised = this.#around.table
      .rivals()
      .filter(({ vehicle, number }) => number <= vehicle.number + unknownHandOvers)
    this.#give(raised.map(({ vehicle, number }) => [vehicle, vehicle.ownerId, number - vehicle.number + 1]))
  }

  /** Gives each vehicle to a member, with an ownership number so much higher. */
  #give(given: readonly (readonly [vehicle: TrafficVehicle, toId: string, raise: number])[]): void {
    const assignments = given.map(([vehicle, toId, raise]) =>
      this.#assignment(vehicle, toId, vehicle.number + raise),
    )
    // Said before it is acted on, so that all hear whose a vehicle is before that member announces it.
    this.#around.sendAssignments(assignments)
    for (const assignment of assignments) this.#around.apply(assignment)
  }

  #assignment(vehicle: TrafficVehicle, owner: string, number: number): TrafficAssignment {
    this.#around.bringUpToDate(vehicle)
    const { x, y, z, heading, velocityZ } = vehicle.state
    return { id: vehicle.id, number, owner, model: vehicle.model, place: [x, y, z, heading, velocityZ] }
  }

  #needsOwner({ orphaned, ownerId, endedAt }: TrafficVehicle): boolean {
    if (endedAt !== Infinity) return false
    if (orphaned) return true
    const { clock } = this.#around.session.environment
    return clock.now() - (this.#unheardSince.get(ownerId) ?? Infinity) >= unheardMs
  }

  #noteUnheard(): void {
    const { session } = this.#around
    const others = [...session.peers()]
    const unheard = others.filter(({ presence }) => presence !== 'connected')
    // Where nobody is heard, it is this member that is cut off.
    const silent = new Set(unheard.length < others.length ? unheard.map(({ member }) => member.id) : [])
    for (const id of this.#unheardSince.keys()) if (!silent.has(id)) this.#unheardSince.delete(id)
    for (const id of silent) {
      if (!this.#unheardSince.has(id)) this.#unheardSince.set(id, session.environment.clock.now())
    }
  }
}
