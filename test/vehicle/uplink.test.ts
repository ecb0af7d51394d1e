import { describe, expect, it } from 'vitest'
import { emptyVehicleState } from '../../lib/protocol/index.ts'
import type { Deliveries } from '../../lib/rtc/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import {
  DistanceInterest,
  IncomingVehicles,
  Uplink,
  VehiclePublisher,
  type CongestionSigns,
  type StateRecipient,
  type UplinkOptions,
} from '../../lib/vehicle/index.ts'
import { CongestionLimit, tcpKbps } from '../../lib/vehicle/interest/congestionLimit.ts'
import { wrapSampleTime } from '../../lib/vehicle/sampleTime.ts'
import { weaving } from '../convoy/support/drivenWorld.ts'
import { stateWith } from './support/states.ts'

const headers = 112
const tag = 1

/** A link that takes everything, acknowledges it at once, and is as congested as the test says. */
class Road implements StateRecipient, Deliveries {
  readonly deliveries = this
  readonly signs: CongestionSigns = {
    rttMs: 50,
    lossOut: 0,
    queueOutMs: 0,
    datagramsBacklogged: 0,
    datagramsSent: 0,
  }
  bytes = 0
  /** Updates by index of the vehicle. */
  readonly updates = [0, 0, 0]
  readonly #incoming = new IncomingVehicles()
  /** When each datagram went out, ms. */
  readonly times: number[] = []
  sentSequence = -1
  readonly #clock: SimulatedClock

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  sendState(payload: Uint8Array): boolean {
    this.sentSequence = (this.sentSequence + 1) & 0xffff
    this.bytes += payload.length + headers
    this.times.push(this.#clock.now())
    this.signs.datagramsSent++
    this.#incoming.open(payload, tag, wrapSampleTime(this.#clock.now()))
    this.#incoming.forEach((index) => (this.updates[index] = (this.updates[index] ?? 0) + 1))
    return true
  }

  hasArrived(): boolean {
    return true
  }

  quality(): CongestionSigns {
    return this.signs
  }
}

/** A weaving truck, with recipients so many metres behind it. */
function setUp(options: UplinkOptions, ...metresBehind: number[]) {
  const clock = new SimulatedClock({ startMs: 1_000 })
  const uplink = new Uplink(options)
  const places = new Map<unknown, number>()
  const own = emptyVehicleState()
  const drive = weaving(0, 0)
  const seen = emptyVehicleState()
  const publisher = new VehiclePublisher({
    clock,
    tag,
    interest: new DistanceInterest<StateRecipient>({
      isFollower: () => false,
      vehicleOf: (recipient) => {
        drive(clock.now(), seen)
        return Object.assign(seen, { z: seen.z + (places.get(recipient) ?? 0), x: 0 })
      },
      followedBy: () => undefined,
    }),
  })
  const roads = metresBehind.map((metres) => {
    const road = new Road(clock)
    places.set(road, metres)
    publisher.add(road, uplink.open(road))
    return road
  })
  clock.every(10, () => {
    drive(clock.now(), own)
    publisher.setVehicle(own)
  })
  /** Kilobits per second of each road over so many seconds. */
  const run = (seconds: number): number[] => {
    const before = roads.map(({ bytes }) => bytes)
    clock.advance(seconds * 1_000)
    return roads.map(({ bytes }, index) => ((bytes - (before[index] ?? 0)) * 8) / seconds / 1_000)
  }
  return { clock, uplink, publisher, roads, run }
}

const longestGap = ({ times }: Road, from: number): number =>
  Math.max(...times.filter((time) => time >= from).map((time, index, all) => time - (all[index - 1] ?? time)))

describe('the budget of a recipient', () => {
  it.each([4, 5, 6])('[INT-20] of %d kbps is used, and kept within 10 %%', (vehicleKbps) => {
    const { run } = setUp({ vehicleKbps }, 20)
    run(3)
    const [kbps = 0] = run(30)
    expect(kbps).toBeLessThan(vehicleKbps * 1.1)
    expect(kbps).toBeGreaterThan(vehicleKbps * 0.6)
  })

  it('[INT-20] that is ample changes nothing', () => {
    const { run } = setUp({ vehicleKbps: 10_000, uplinkKbps: 10_000 }, 20)
    const unlimited = run(20)
    expect(setUp({}, 20).run(20)).toEqual(unlimited)
  })

  it('[INT-22] that is spent still tells of a truck often enough that one lost update is not seen', () => {
    const { clock, roads, run } = setUp({ vehicleKbps: 4, uplinkKbps: 4 }, 20, 25, 30, 35, 40, 45)
    run(3)
    const from = clock.now()
    run(20)
    for (const road of roads) expect(longestGap(road, from)).toBeLessThanOrEqual(750)
  })

  it('[INT-21] takes from traffic before trucks, and from far traffic before near', () => {
    const updatesWith = (vehicleKbps: number): number[] => {
      const { publisher, clock, roads, run } = setUp({ vehicleKbps }, 20)
      const car = stateWith({})
      clock.every(10, () => {
        for (const [index, x, z] of [
          [1, 3, -30],
          [2, -3, -600],
        ] as const) {
          weaving(x, z)(clock.now(), car)
          publisher.setTraffic(index, car)
        }
      })
      run(20)
      return roads[0]?.updates ?? []
    }
    const ample = updatesWith(64)
    const scarce = updatesWith(6)
    const [truck = 0, nearCar = 0, farCar = 0] = scarce.map((count, index) => count / (ample[index] ?? 1))
    expect(truck).toBeLessThan(0.95)
    expect(nearCar).toBeLessThan(truck)
    expect(farCar).toBeLessThan(nearCar)
  })

  it.each([3.9, 10_001, NaN])('refuses %d kbps', (kbps) => {
    expect(() => new Uplink({ vehicleKbps: kbps })).toThrow('vehicleKbps')
    expect(() => new Uplink({ uplinkKbps: kbps })).toThrow('uplinkKbps')
  })
})

describe('the uplink', () => {
  it('[INT-23] is shared so that all together keep within it, the near getting more than the far', () => {
    const { run } = setUp({ uplinkKbps: 18 }, 10, 20, 30, 40, 2_000, 3_000)
    run(3)
    const kbps = run(30)
    expect(kbps.reduce((a, b) => a + b)).toBeLessThan(18 * 1.1)
    const nearest = Math.min(...kbps.slice(0, 4))
    expect(nearest).toBeGreaterThan(1.5 * Math.max(...kbps.slice(4)))
  })

  it('[INT-23] a recipient that went leaves its share to the others', () => {
    const { uplink, roads, run } = setUp({ uplinkKbps: 12 }, 10, 20, 30, 40)
    run(3)
    const [before = 0] = run(10)
    for (const road of roads.slice(1)) uplink.close(road)
    run(2)
    const [after = 0] = run(10)
    expect(after).toBeGreaterThan(before * 1.5)
  })
})

describe('congestion', () => {
  const signs = (changes: Partial<CongestionSigns> = {}): CongestionSigns => ({
    rttMs: 100,
    lossOut: 0,
    queueOutMs: 0,
    datagramsBacklogged: 0,
    datagramsSent: 1_000,
    ...changes,
  })

  it('[INT-30] a queue on the way takes the budget below what was sent, and it grows again slowly', () => {
    const limit = new CongestionLimit(64)
    for (let look = 0; look < 10; look++) limit.look(signs(), 10)
    expect(limit.kbps).toBe(64)
    limit.look(signs({ queueOutMs: 150 }), 10)
    expect(limit.kbps).toBeCloseTo(7)
    expect(limit.cause).toBe('queue')
    for (let look = 0; look < 2 * 6; look++) limit.look(signs({ queueOutMs: 20 }), 7)
    expect(limit.kbps).toBeCloseTo(10, 0)
    for (let look = 0; look < 300; look++) limit.look(signs(), 10)
    expect([limit.kbps, limit.cause]).toEqual([64, 'none'])
  })

  it('[INT-30] so do datagrams that wait in the engine', () => {
    const limit = new CongestionLimit(64)
    limit.look(signs(), 20)
    limit.look(signs({ datagramsBacklogged: 3 }), 20)
    expect(limit.kbps).toBeCloseTo(14)
    limit.look(signs({ datagramsBacklogged: 3 }), 14)
    expect(limit.kbps).toBeGreaterThan(14)
  })

  it('[INT-31] loss alone leaves as much as TCP would take: nothing changes at 10 %, at 50 % it does', () => {
    const limit = new CongestionLimit(64)
    limit.look(signs({ lossOut: 0.1 }), 20)
    expect([limit.kbps, limit.cause]).toEqual([64, 'none'])
    limit.look(signs({ lossOut: 0.5 }), 20)
    expect(limit.kbps).toBeLessThan(10)
    expect(limit.cause).toBe('loss')
    limit.look(signs({ lossOut: 0.01 }), 5)
    expect(limit.kbps).toBe(64)
  })

  it('[INT-31] the first few datagrams say nothing about loss', () => {
    const limit = new CongestionLimit(64)
    limit.look(signs({ lossOut: 0.6, datagramsSent: 10 }), 20)
    expect(limit.kbps).toBe(64)
  })

  it('[INT-32] a way that has become longer is no queue: the budget comes back', () => {
    const limit = new CongestionLimit(64)
    for (let look = 0; look < 60; look++) limit.look(signs({ queueOutMs: 400 }), Math.min(10, limit.kbps))
    const lowest = limit.kbps
    for (let look = 0; look < 60; look++) limit.look(signs({ queueOutMs: 400 }), Math.min(10, limit.kbps))
    expect(limit.kbps).toBeGreaterThan(lowest + 5)
  })

  it('[INT-33] a blackout is no queue: nothing was sent, and nothing is held against the link', () => {
    const limit = new CongestionLimit(64)
    for (let look = 0; look < 5; look++) limit.look(signs(), 10)
    for (let look = 0; look < 5; look++) limit.look(signs(), 0)
    expect(limit.kbps).toBe(64)
  })

  it('computes the throughput equation of RFC 5348', () => {
    // s = 1460 B, R = 0.1 s, p = 0.01: 1460 / (0.1 √(2p/3) + 0.4 · 3 √(3p/8) · p · (1 + 32 p²)) B/s.
    const perPacket = 0.1 * Math.sqrt(0.02 / 3) + 1.2 * Math.sqrt(0.03 / 8) * 0.01 * 1.0032
    expect(tcpKbps(100, 0.01)).toBeCloseTo(11.68 / perPacket)
    expect(tcpKbps(undefined, 0.5)).toBe(Infinity)
    expect(tcpKbps(100, 0)).toBe(Infinity)
  })
})
