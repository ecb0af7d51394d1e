import type { Clock } from '../../lib/core/index.ts'
import type { VehicleState } from '../../lib/protocol/index.ts'
import type { Link } from '../../lib/rtc/index.ts'
import { copyVehicleState, VehiclePublisher, VehicleReceiver } from '../../lib/vehicle/index.ts'
import type { Contender, Participant } from './contender.ts'

/** Of the one incarnation that every process here has. */
const tag = 1

/** OpenConvoy, put together as the convoy does it. */
export const ours: Contender = { name: 'ours', reliable: false, join: (clock) => new OurParticipant(clock) }

class OurParticipant implements Participant {
  // Heartbeats and whatever else links send count as well.
  readonly sent = undefined
  readonly #publisher: VehiclePublisher
  readonly #receiver: VehicleReceiver

  constructor(clock: Clock) {
    this.#publisher = new VehiclePublisher({ clock, tag })
    this.#receiver = new VehicleReceiver(clock)
  }

  add(memberId: string, link: Link): void {
    this.#receiver.setMember(memberId, tag)
    link.onState((payload, sentAt, receivedAt) => {
      const receipt = this.#receiver.receive(memberId, payload, sentAt, receivedAt, link.clockOffset)
      this.#publisher.heard(link, receipt)
    })
    this.#publisher.add(link)
  }

  drive(state: VehicleState): void {
    this.#publisher.setVehicle(state)
  }

  show(memberId: string, into: VehicleState): boolean {
    const vehicle = this.#receiver.sampleOne(memberId)
    if (vehicle !== undefined) copyVehicleState(vehicle.state, into)
    return vehicle !== undefined
  }

  close(): void {
    this.#publisher.close()
  }
}
