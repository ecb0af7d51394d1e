import {
  IncomingVehicles,
  OutgoingVehicles,
  PayloadBuffers,
  type Codes,
  type Known,
  type PayloadVerdict,
} from '../../../lib/vehicle/index.ts'

/** What became of one payload, and the vehicles it held. */
export interface Opened {
  verdict: PayloadVerdict
  wantsWhole: boolean
  vehicles: { index: number; ticks: number; codes: number[] }[]
}

/** A vehicle to send. */
export interface Outgoing {
  index: number
  codes: Codes
  ticks: number
}

/** Both ends of vehicles on one link; the test says what arrives, and what the sender hears of it. */
export class VehiclesLink {
  readonly outgoing: OutgoingVehicles
  readonly incoming = new IncomingVehicles()
  readonly tag: number
  /** Sequences of datagrams that the sender knows to have arrived. */
  readonly acknowledged = new Set<number>()
  /** Sequence of the newest. */
  sequence = -1

  constructor(tag = 0xbeef, capacity = 1_131) {
    this.tag = tag
    const deliveries = {
      sentSequence: 0,
      hasArrived: (sequence: number): boolean => this.acknowledged.has(sequence),
    }
    this.outgoing = new OutgoingVehicles(deliveries, tag, new PayloadBuffers(capacity))
  }

  /** Writes a payload and sends it: a copy of it. */
  send(vehicles: readonly Outgoing[], sentTicks: number): Uint8Array {
    const payload = this.write(vehicles, sentTicks)
    this.outgoing.sent(++this.sequence)
    return payload
  }

  /** Writes a payload that isn't sent, or not yet. */
  write(vehicles: readonly Outgoing[], sentTicks: number): Uint8Array {
    this.outgoing.begin()
    for (const { index, codes, ticks } of vehicles) this.outgoing.add(index, codes, ticks, sentTicks)
    return this.outgoing.finish().slice()
  }

  /** Takes a payload in at the other end. */
  open(payload: Uint8Array, sentTicks: number): Opened {
    const verdict = this.incoming.open(payload, this.tag, sentTicks)
    const vehicles: Opened['vehicles'] = []
    this.incoming.forEach((index: number, { ticks, codes }: Known) => {
      vehicles.push({ index, ticks, codes: [...codes] })
    })
    return { verdict, wantsWhole: this.incoming.wantsWhole, vehicles }
  }

  /** Sends, takes in and acknowledges. */
  pass(vehicles: readonly Outgoing[], sentTicks: number): Opened & { bytes: number } {
    const payload = this.send(vehicles, sentTicks)
    const opened = this.open(payload, sentTicks)
    this.acknowledged.add(this.sequence)
    return { ...opened, bytes: payload.length }
  }
}
