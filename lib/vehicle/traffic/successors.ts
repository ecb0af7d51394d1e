import type { Session } from '../../session/index.ts'
import type { VehicleReceiver } from '../vehicleReceiver.ts'
import { metresBetween, nearestTo, type Candidate, type Place } from './candidates.ts'
import { nearerByMetres, nearerForMs, nearerShare, offerEveryMs } from './constants.ts'
import { ownLimit } from './trafficLimits.ts'
import type { TrafficTable } from './trafficTable.ts'
import type { TrafficVehicle } from './trafficVehicle.ts'

/** What {@link Successors} look at. */
export interface SuccessorSurroundings {
  readonly session: Session
  readonly table: TrafficTable
  readonly vehicles: VehicleReceiver
  readonly ownPlace: () => Place | undefined
  readonly selfAccepts: () => boolean
}

/** Who could go on with a vehicle, and which of this member's own ones somebody else should. */
export class Successors {
  readonly #around: SuccessorSurroundings

  constructor(around: SuccessorSurroundings) {
    this.#around = around
  }

  /** Members that would take vehicles over, by slot. */
  candidates(): Candidate[] {
    const { session, table } = this.#around
    const { self, record } = session
    const most = ownLimit(record.state.rules)
    return session.roster.present
      .filter(({ id }) => id === self.id || session.peer(id)?.presence === 'connected')
      .filter(({ id }) => (id === self.id ? this.#around.selfAccepts() : table.accepts(id)))
      .map(({ id }) => ({
        id,
        room: most - table.ownedBy(id).length,
        place: id === self.id ? this.#around.ownPlace() : this.#placeOf(id),
      }))
  }

  /** Those of its own vehicles that another member has been clearly nearer to for a while, and who that is ([TRF-22]). */
  due(own: readonly TrafficVehicle[]): [vehicle: TrafficVehicle, toId: string][] {
    const ownPlace = this.#around.ownPlace()
    if (ownPlace === undefined || own.length === 0) return []
    const { self, environment } = this.#around.session
    const now = environment.clock.now()
    const candidates = this.candidates()
    return own.flatMap((vehicle) => {
      const nearest = nearestTo(vehicle.state, candidates, self.id)
      if (nearest === undefined || !isClearlyNearer(nearest, ownPlace, vehicle)) {
        vehicle.nearerId = ''
        return []
      }
      if (nearest.id !== vehicle.nearerId) {
        vehicle.nearerId = nearest.id
        vehicle.nearerSince = now
      }
      if (now - vehicle.nearerSince < nearerForMs || now - vehicle.offeredAt < offerEveryMs) return []
      vehicle.offeredAt = now
      nearest.room--
      return [[vehicle, nearest.id] as [TrafficVehicle, string]]
    })
  }

  #placeOf(memberId: string): Place | undefined {
    const state = this.#around.vehicles.sampleOne(memberId)?.state
    // Copied, since it is filled anew for the next one.
    return state === undefined ? undefined : { x: state.x, y: state.y, z: state.z }
  }
}

function isClearlyNearer({ place }: Candidate, ownPlace: Place, { state }: TrafficVehicle): boolean {
  const distance = metresBetween(ownPlace, state)
  const theirs = metresBetween(place, state)
  return theirs < nearerShare * distance && distance - theirs >= nearerByMetres
}
