import { Decoder, Encoder, schema, t } from '@colyseus/schema'
import type { VehicleState } from '../../lib/protocol/index.ts'
import { wrapHalfTurns } from '../../lib/vehicle/index.ts'
import { atTwentyHertz, contenderOf, type Viewer } from './contender.ts'

/*
 * A Colyseus room's state: only what changed goes out, every 50 ms (its default patch rate), over an ordered reliable
 * stream, so that one lost packet holds up all behind it. Shown as its tutorial does it: at each frame 20 % of the way from what is
 * shown to the newest (colyseus.io/learn/phaser/2-linear-interpolation.html). Its server in between, one more way
 * and one more wait, is left out.
 */

/** Share of the way that is made up for at each frame, by the tutorial. */
const share = 0.2

const Trailer = schema({ yaw: t.float32(), pitch: t.float32(), roll: t.float32() }, 'Trailer')

const Vehicle = schema(
  {
    // A float of 32 bits is good for 2 mm in most of the map, and for 2 cm at its far ends.
    x: t.float32(),
    y: t.float32(),
    z: t.float32(),
    heading: t.float32(),
    pitch: t.float32(),
    roll: t.float32(),
    steering: t.float32(),
    throttle: t.float32(),
    brake: t.float32(),
    flags: t.uint16(),
    gear: t.int8(),
    rpm: t.uint16(),
    trailers: t.array(Trailer),
  },
  'Vehicle',
)

const positions = ['x', 'y', 'z'] as const
const angles = ['heading', 'pitch', 'roll'] as const
const trailerAngles = ['yaw', 'pitch', 'roll'] as const
const controls = ['steering', 'throttle', 'brake', 'flags', 'gear'] as const

export const colyseus = contenderOf(
  'colyseus',
  () => {
    const vehicle = new Vehicle()
    const encoder = new Encoder(vehicle)
    const isDue = atTwentyHertz()
    return {
      encode(state) {
        if (!isDue()) return undefined
        for (const key of [...positions, ...angles, ...controls]) vehicle[key] = state[key]
        vehicle.rpm = Math.round(state.rpm)
        for (const [index, from] of state.trailers.slice(0, state.trailerCount).entries()) {
          if (vehicle.trailers[index] === undefined) vehicle.trailers.push(new Trailer())
          const trailer = vehicle.trailers[index]
          for (const key of trailerAngles) if (trailer !== undefined) trailer[key] = from[key]
        }
        if (!encoder.hasChanges) return undefined
        // It reuses its buffer.
        const bytes = encoder.encode().slice()
        encoder.discardChanges()
        return bytes
      },
      viewer: () => new EasingViewer(),
    }
  },
  true,
)

class EasingViewer implements Viewer {
  readonly #newest = new Vehicle()
  readonly #decoder = new Decoder(this.#newest)
  #shown: VehicleState | undefined
  #received = false

  receive(bytes: Uint8Array): void {
    this.#decoder.decode(bytes)
    this.#received = true
  }

  show(_now: number, into: VehicleState): boolean {
    if (!this.#received) return false
    const newest = this.#newest
    const part = this.#shown === undefined ? 1 : share
    this.#shown = into
    for (const key of positions) into[key] += (newest[key] - into[key]) * part
    for (const key of angles) into[key] += wrapHalfTurns(newest[key] - into[key]) * part
    into.trailerCount = newest.trailers.length
    for (const [index, trailer] of into.trailers.entries()) {
      const target = newest.trailers[index]
      if (target === undefined) break
      for (const key of trailerAngles) trailer[key] += wrapHalfTurns(target[key] - trailer[key]) * part
    }
    return true
  }
}
