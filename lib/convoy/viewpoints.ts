import type { VehicleState } from '../protocol/index.ts'
import { isPlaced, type StateRecipient, type VehicleReceiver, type Viewpoints } from '../vehicle/index.ts'
import type { Following } from './following.ts'

/** What {@link ConvoyViewpoints} looks things up in. */
export interface ViewpointParts {
  readonly selfId: string
  /** This member's own vehicle, as it was last set. */
  readonly ownVehicle: Readonly<VehicleState>
  readonly vehicles: VehicleReceiver
  readonly following: Following
  /** Whether a member shows this one's vehicle to others. */
  isForwardedBy(memberId: string): boolean
}

/** From where the members of a convoy look at the road, as this member knows it. */
export class ConvoyViewpoints implements Viewpoints<StateRecipient> {
  readonly #parts: ViewpointParts
  readonly #members = new Map<StateRecipient, string>()

  constructor(parts: ViewpointParts) {
    this.#parts = parts
  }

  /** What goes over `link` is for `memberId`. */
  add(link: StateRecipient, memberId: string): void {
    this.#members.set(link, memberId)
  }

  remove(link: StateRecipient): void {
    this.#members.delete(link)
  }

  isFollower(link: StateRecipient): boolean {
    const memberId = this.#members.get(link)
    if (memberId === undefined) return false
    const { selfId, following } = this.#parts
    // Who forwards looks for others, wherever they are.
    return following.of(memberId) === selfId || this.#parts.isForwardedBy(memberId)
  }

  vehicleOf(link: StateRecipient): Readonly<VehicleState> | undefined {
    return this.#vehicle(this.#members.get(link))
  }

  followedBy(link: StateRecipient): Readonly<VehicleState> | undefined {
    return this.#vehicle(this.#followedBy(link))
  }

  #followedBy(link: StateRecipient): string | undefined {
    const memberId = this.#members.get(link)
    return memberId === undefined ? undefined : this.#parts.following.of(memberId)
  }

  #vehicle(memberId: string | undefined): Readonly<VehicleState> | undefined {
    const { selfId, ownVehicle, vehicles } = this.#parts
    if (memberId === selfId) return isPlaced(ownVehicle) ? ownVehicle : undefined
    return memberId === undefined ? undefined : vehicles.sampleOne(memberId)?.state
  }
}
