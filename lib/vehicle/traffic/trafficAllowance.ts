import { ConvoyError } from '../../core/index.ts'
import type { Session } from '../../session/index.ts'
import { ownLimit, withinLimits } from './trafficLimits.ts'
import type { TrafficTable } from './trafficTable.ts'
import type { TrafficVehicle } from './trafficVehicle.ts'

/** Holds everybody, this member first, to what the rules allow. */
export class TrafficAllowance {
  readonly #session: Session
  readonly #table: TrafficTable

  constructor(session: Session, table: TrafficTable) {
    this.#session = session
    this.#table = table
  }

  /** @throws ConvoyError that says why this member can't spawn `vehicle`. */
  check(vehicle: TrafficVehicle): void {
    const { self, record } = this.#session
    const { rules } = record.state
    if (self.vehicleClass === null) {
      throw new ConvoyError('not-permitted', 'A spectator has no traffic. Join with a vehicle class.')
    }
    if (!rules.traffic) throw new ConvoyError('not-permitted', 'The host has turned traffic off.')
    const own = this.#table.ownedBy(self.id)
    if (own.length >= ownLimit(rules)) {
      throw limit(`You own ${own.length} vehicles, which is all that one member may. Remove some first.`)
    }
    if (this.#within([...this.#table.vehicles, vehicle]).has(vehicle)) return
    throw limit(
      `At most ${rules.maxAiVehiclesPlayerSpawn} vehicles that you spawned may be there at once, and at most ` +
        `${rules.maxVehiclesTotal} of all members, their own included. Wait until there is room.`,
    )
  }

  /** Finds out anew which vehicles are within the limits. */
  recount(): void {
    if (this.#table.isEmpty) return
    const within = this.#within(this.#table.vehicles)
    for (const vehicle of this.#table.vehicles) {
      const is = within.has(vehicle)
      if (!is && (vehicle.within || vehicle.isNew))
        this.#session.environment.dropped.add('traffic-over-limit')
      vehicle.within = is
      vehicle.isNew = false
    }
  }

  #within(vehicles: Iterable<TrafficVehicle>): Set<TrafficVehicle> {
    const { record, roster } = this.#session
    const { present } = roster
    return withinLimits(
      vehicles,
      record.state.rules,
      present.map(({ id }) => id),
      present.filter(({ vehicleClass }) => vehicleClass !== null).length,
    )
  }
}

const limit = (message: string): ConvoyError => new ConvoyError('traffic-limit', message)
