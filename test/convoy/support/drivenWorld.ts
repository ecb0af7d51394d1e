import { seededRandom } from '../../../lib/core/index.ts'
import type { Convoy, JoinOptions, HostOptions } from '../../../lib/index.ts'
import { emptyVehicleState, type VehicleState } from '../../../lib/protocol/index.ts'
import {
  generatedDrive,
  planRoute,
  ScriptedDriver,
  type NetworkConditions,
} from '../../../lib/testing/index.ts'
import { isFullyConnected, SimulatedWorld } from '../../support/simulatedWorld.ts'

/** Where a truck is at a time of the drive, ms. */
export type Driving = (timeMs: number, out: VehicleState) => void

/** A game gives its state at 60 frames a second. */
const frameMs = 1_000 / 60

/** Trucks in a simulated convoy, and how well each sees the others. */
export class DrivenWorld {
  readonly world: SimulatedWorld
  readonly convoys: Convoy[] = []
  readonly #driving: (Driving | undefined)[] = []
  readonly #truth = emptyVehicleState()

  constructor(conditions: Partial<NetworkConditions> & { seed?: number } = {}) {
    this.world = new SimulatedWorld(conditions)
  }

  /** The `index`-th convoy. */
  at(index: number): Convoy {
    const convoy = this.convoys[index]
    if (convoy === undefined) throw new Error(`There is no convoy ${index}.`)
    return convoy
  }

  /** Members that drive so; those without are spectators. All are connected. */
  async gather(
    driving: readonly (Driving | undefined)[],
    options: Partial<HostOptions & JoinOptions> = {},
  ): Promise<void> {
    for (const [index, drive] of driving.entries()) {
      const all = { ...options, ...(drive === undefined ? { vehicleClass: null } : {}) }
      const name = `M${index}`
      const convoy =
        index === 0
          ? await this.world.host(name, { rules: { maxPlayers: 32 }, ...all })
          : await this.world.join(name, this.at(0).invite, all)
      this.convoys.push(convoy)
      this.#driving.push(drive)
    }
    await this.world.clock.runUntil(() =>
      this.convoys.every((convoy) => isFullyConnected(convoy, driving.length)),
    )
  }

  /** Drives for so many seconds; after each frame, `look` is asked. */
  async drive(seconds: number, look: (timeMs: number) => void = () => undefined): Promise<void> {
    const { clock } = this.world
    const until = clock.now() + seconds * 1_000
    while (clock.now() < until) {
      for (const [index, driving] of this.#driving.entries()) {
        if (driving === undefined) continue
        driving(clock.now(), this.#truth)
        this.at(index).setVehicle(this.#truth)
      }
      await clock.run(frameMs)
      look(clock.now())
    }
  }

  /** Metres between where `viewer` sees member `of` and where that is; undefined where it sees nothing. */
  error(viewer: number, of: number): number | undefined {
    const { id } = this.at(of).self
    const shown = this.at(viewer)
      .vehicles.sample()
      .find((vehicle) => vehicle.memberId === id)
    if (shown === undefined) return undefined
    const { x, y, z } = shown.state
    this.#driving[of]?.(this.world.clock.now(), this.#truth)
    return Math.hypot(x - this.#truth.x, y - this.#truth.y, z - this.#truth.z)
  }

  /** What `from` says of its link to `to`. */
  link(from: number, to: number) {
    const { id } = this.at(to).self
    const link = this.at(from)
      .stats()
      .links.find(({ memberId }) => memberId === id)
    if (link === undefined) throw new Error(`${from} has no link with ${to}.`)
    return link
  }

  close(): Promise<void> {
    return this.world.close()
  }
}

/** Stands at `x`, `z`. */
export const standing =
  (x: number, z: number): Driving =>
  (_timeMs, out) =>
    Object.assign(out, emptyVehicleState(), { x, z, y: 1 })

/** Drives north along `x`, at `speed` m/s from `z` on. */
export const northwards =
  (x: number, z: number, speed: number): Driving =>
  (timeMs, out) =>
    Object.assign(out, emptyVehicleState(), { x, y: 1, z: z - (speed * timeMs) / 1_000, velocityZ: -speed })

/** Metres to either side, and radians per second, of who weaves. */
const swing = 0.6
const pulse = 2.5

/** Drives north at 15 m/s, around `x`, from `z` on, weaving so that its next second is never quite foreseen. */
export const weaving =
  (x: number, z: number): Driving =>
  (timeMs, out) => {
    const forwards = 15
    const seconds = timeMs / 1_000
    const sideways = swing * pulse * Math.cos(pulse * seconds)
    const sidewaysGrowth = -swing * pulse * pulse * Math.sin(pulse * seconds)
    const speed = Math.hypot(forwards, sideways)
    const turns = Math.atan2(-sideways, forwards) / (2 * Math.PI)
    Object.assign(out, emptyVehicleState(), {
      x: x + swing * Math.sin(pulse * seconds),
      y: 1,
      z: z - forwards * seconds,
      heading: turns < 0 ? turns + 1 : turns,
      velocityZ: -speed,
      acceleration: (sideways * sidewaysGrowth) / speed,
      yawRate: (-sidewaysGrowth * forwards) / (speed * speed),
    })
  }

/** `count` trucks on one winding road, `gapMetres` apart. */
export function convoyOnRoad(count: number, gapMetres: number, seed = 1): Driving[] {
  const route = planRoute('calais-berlin', seed)
  const drive = generatedDrive(seededRandom(seed + 1))
  return Array.from({ length: count }, (_, index) => {
    const driver = new ScriptedDriver(route, drive, { startOffset: gapMetres * (count - index) })
    return (timeMs: number, out: VehicleState) => void driver.stateAt(timeMs, out)
  })
}
