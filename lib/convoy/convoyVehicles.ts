import { emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import type { Link } from '../rtc/index.ts'
import type { RecordMember, Session } from '../session/index.ts'
import {
  copyVehicleState,
  DistanceInterest,
  distanceBetween,
  Forwarding,
  forwardPayloadKind,
  incarnationTag,
  isPlaced,
  Uplink,
  VehiclePublisher,
  VehicleReceiver,
  type UplinkOptions,
} from '../vehicle/index.ts'
import { Arrival } from './arrival.ts'
import { Following } from './following.ts'
import { followLinks } from './openLinks.ts'
import { ConvoyViewpoints } from './viewpoints.ts'

/** Of a member without a vehicle. */
const nowhere: Readonly<VehicleState> = emptyVehicleState()

/** What of a convoy moves: this member's vehicle on its way to the others, theirs as they are shown here, and the links. */
export class ConvoyVehicles {
  readonly receiver: VehicleReceiver
  readonly publisher: VehiclePublisher
  readonly forwarding: Forwarding
  readonly following: Following
  readonly uplink: Uplink
  readonly links: ReadonlyMap<string, Link>
  readonly #own: VehicleState = emptyVehicleState()
  readonly #arrival: Arrival

  /** @throws ConvoyError `invalid-argument` for rates out of range. */
  constructor(session: Session, updateRate: number | undefined, uplink: UplinkOptions) {
    const { clock } = session.environment
    this.receiver = new VehicleReceiver(clock)
    this.following = new Following(session)
    this.uplink = new Uplink(uplink)
    const viewpoints = new ConvoyViewpoints({
      selfId: session.self.id,
      ownVehicle: this.#own,
      vehicles: this.receiver,
      following: this.following,
      isForwardedBy: (memberId) => this.forwarding.isForwardedBy(memberId),
    })
    this.publisher = new VehiclePublisher({
      clock,
      tag: incarnationTag(session.self.incarnation),
      interest: new DistanceInterest(viewpoints),
      ...(updateRate === undefined ? {} : { updateRate }),
    })
    this.forwarding = new Forwarding({ session, vehicles: this.receiver, publisher: this.publisher })
    this.#arrival = new Arrival(session, this.receiver, this.publisher)
    this.links = followLinks(session, { publisher: this.publisher, uplink: this.uplink, viewpoints })
  }

  /** See {@link VehiclePublisher.setVehicle}. */
  set(state: VehicleState | null, sampledAt?: number): void {
    this.publisher.setVehicle(state, sampledAt)
    copyVehicleState(state ?? nowhere, this.#own)
  }

  /** Takes a state payload of a member, and answers it where it has to be. */
  receive(
    member: RecordMember,
    payload: Uint8Array,
    sentAt: number,
    receivedAt: number,
    clockOffset: number | undefined,
  ): void {
    if (payload[0] === forwardPayloadKind)
      return this.forwarding.receive(member, payload, sentAt, receivedAt, clockOffset)
    const receipt = this.receiver.receive(member.id, payload, sentAt, receivedAt, clockOffset)
    const link = this.links.get(member.id)
    if (link !== undefined) this.publisher.heard(link, receipt)
  }

  /** Where this member's vehicle is; undefined while it is not placed. */
  get place(): Readonly<VehicleState> | undefined {
    return isPlaced(this.#own) ? this.#own : undefined
  }

  /** Metres to a member's vehicle; undefined while one of both is not placed. */
  distanceTo(memberId: string): number | undefined {
    const vehicle = isPlaced(this.#own) ? this.receiver.sampleOne(memberId) : undefined
    return vehicle === undefined ? undefined : distanceBetween(vehicle.state, this.#own)
  }

  /** Whether the line to a member is full, so that its vehicles are told of less. */
  isStrained(memberId: string): boolean {
    const link = this.links.get(memberId)
    return link !== undefined && (this.uplink.of(link)?.cause ?? 'none') !== 'none'
  }

  /** Stops sending. Idempotent. */
  close(): void {
    this.#arrival.close()
    this.forwarding.close()
    this.publisher.close()
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.receiver.removeMember(memberId)
    this.following.forget(memberId)
  }
}
