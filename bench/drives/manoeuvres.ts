import type { RandomSource } from '../../lib/core/index.ts'
import { vehicleFlags } from '../../lib/protocol/index.ts'
import { bend, laneChange, road, straight } from './bends.ts'
import type { Leg } from './driver.ts'

/** Width of a motorway lane, m. */
const laneWidth = 3.5

/** Sideways acceleration that a loaded truck is driven with, m/s²: half of what tips it. */
const sideways = 2

/** m/s: what trucks drive on motorways and on country roads, in towns, round a corner and round a roundabout. */
const motorwaySpeed = 23
const countrySpeed = 19
const townSpeed = 13
const cornerSpeed = 4.5
const roundaboutSpeed = 5.5

const { leftIndicator, rightIndicator, parkBrake } = vehicleFlags

/** What there is to drive, each beginning and ending on a straight road, made up from a random source. */
export class Manoeuvres {
  readonly #random: RandomSource

  constructor(random: RandomSource) {
    this.#random = random
  }

  /** Long bends, lane changes to overtake, slower traffic ahead. */
  motorway(): Leg[] {
    const radius = this.#between(500, 1_200)
    const wide = bend(this.#side() * this.#between(15, 35), radius, 120)
    const change = laneChange(laneWidth, this.#between(90, 140))
    const back = laneChange(-laneWidth, this.#between(90, 140))
    const follows = this.#between(17, 20)
    return [
      this.#straight(motorwaySpeed, 150, 300),
      { until: { metres: wide.length }, speed: motorwaySpeed, bend: wide },
      { until: { metres: change.length }, speed: motorwaySpeed, bend: change, flags: leftIndicator },
      this.#straight(motorwaySpeed, 120, 250),
      { until: { metres: back.length }, speed: motorwaySpeed, bend: back, flags: rightIndicator },
      { until: { seconds: this.#between(4, 8) }, speed: follows, brake: this.#between(0.8, 2) },
    ]
  }

  /** One bend into the other, each as fast as a load bears. */
  countryRoad(): Leg[] {
    const legs: Leg[] = []
    for (let index = 0; index < 4; index++) {
      const radius = this.#between(60, 250)
      const speed = Math.min(countrySpeed, Math.sqrt(sideways * radius))
      const turn = bend(this.#side() * this.#between(20, 70), radius, Math.max(25, speed * 2.5))
      legs.push(
        this.#straight(countrySpeed, 60, 200),
        { until: 'speed', speed, brake: this.#between(1, 2) },
        { until: { metres: turn.length }, speed, bend: turn },
      )
    }
    return legs
  }

  roundabout(): Leg[] {
    const enter = bend(-this.#between(30, 45), 20, 8)
    const round = bend(this.#between(120, 250), this.#between(16, 20), 9)
    const leave = bend(-this.#between(35, 50), 22, 8)
    const way = road(enter, round, leave)
    return [
      this.#straight(townSpeed, 30, 80),
      { until: 'speed', speed: roundaboutSpeed, brake: this.#between(1.2, 2.2) },
      { until: { metres: way.length }, speed: roundaboutSpeed, bend: way, flags: rightIndicator },
      this.#straight(townSpeed, 60, 120),
    ]
  }

  townCorner(): Leg[] {
    const turn = bend(this.#side() * this.#between(80, 95), this.#between(12, 15), 7)
    const way = road(straight(5), turn)
    const flags = turn.curvatureAt(turn.length / 2) > 0 ? leftIndicator : rightIndicator
    return [
      this.#straight(townSpeed, 30, 90),
      { until: 'speed', speed: cornerSpeed, brake: this.#between(1.2, 2.2), flags },
      { until: { metres: way.length }, speed: cornerSpeed, bend: way, flags },
      this.#straight(townSpeed, 20, 60),
    ]
  }

  /** A pedal hit as hard as it goes, to standstill or nearly. */
  hardBraking(from: number): Leg[] {
    return [
      { until: 'speed', speed: from, pull: 1.5 },
      this.#straight(from, 20, 60),
      { until: 'speed', speed: this.#chance(0.5) ? 0 : 5, brake: this.#between(5, 7), jerk: 15 },
      ...this.#pullAway(townSpeed),
    ]
  }

  stopAndGo(): Leg[] {
    const legs: Leg[] = []
    for (let index = 0; index < 4; index++) {
      legs.push(
        {
          until: { seconds: this.#between(3, 7) },
          speed: this.#between(3, 7),
          pull: this.#between(0.8, 1.6),
        },
        { until: 'speed', speed: 0, brake: this.#between(1.2, 2.5) },
        { until: { seconds: this.#between(1, 3) }, speed: 0 },
      )
    }
    return [...legs, ...this.#pullAway(townSpeed)]
  }

  /** Past the dock, backwards round a corner onto it, a stand, and away again. */
  reversing(): Leg[] {
    const swing = bend(this.#side() * this.#between(20, 35), 25, 8)
    const side = this.#side()
    return [
      { until: 'speed', speed: 3, brake: 1.5 },
      { until: { metres: swing.length }, speed: 3, bend: swing },
      { until: 'speed', speed: 0 },
      { until: { seconds: 2 }, speed: 0 },
      { until: { metres: 14 }, speed: -1.4, pull: 0.7, articulation: side * this.#between(0.3, 0.5) },
      { until: { metres: 16 }, speed: -1.4, articulation: 0 },
      { until: { seconds: 3 }, speed: -0.4, brake: 0.5, articulation: 0 },
      { until: 'speed', speed: 0 },
      { until: { seconds: 4 }, speed: 0, flags: parkBrake },
      ...this.#pullAway(townSpeed),
    ]
  }

  /** Off the road, parked for a while, and away again. */
  parking(seconds: number): Leg[] {
    const off = road(bend(-40, 18, 8), bend(40, 18, 8))
    return [
      { until: 'speed', speed: 5 },
      { until: { metres: off.length }, speed: 4, bend: off, flags: rightIndicator },
      { until: 'speed', speed: 0, brake: 1 },
      { until: { seconds }, speed: 0, flags: parkBrake },
      ...this.#pullAway(townSpeed),
    ]
  }

  #pullAway(speed: number): Leg[] {
    return [
      { until: { seconds: this.#between(1, 3) }, speed: 0 },
      { until: 'speed', speed, pull: this.#between(1.1, 1.8) },
    ]
  }

  #straight(speed: number, from: number, to: number): Leg {
    return { until: { metres: this.#between(from, to) }, speed }
  }

  #between(from: number, to: number): number {
    return from + (to - from) * this.#random.next()
  }

  #side(): number {
    return this.#chance(0.5) ? 1 : -1
  }

  #chance(share: number): boolean {
    return this.#random.next() < share
  }
}
