import { decode as decodeMsgpack, encode as encodeMsgpack } from '@msgpack/msgpack'
import { utf8 } from '../../lib/core/index.ts'
import type { VehicleState } from '../../lib/protocol/index.ts'
import { copyVehicleState } from '../../lib/vehicle/index.ts'
import { atTwentyHertz, contenderOf, type Baseline, type Viewer } from './contender.ts'
import { worldVelocity, type Vector } from './worldMotion.ts'

/*
 * What is written first: the whole state as an object, 20 times a second, the newest wins, and moves on with its velocity
 * and yaw rate until the next one comes; its trailer turns along, which in bends is better than keeping its direction.
 */

/** Longest that a vehicle goes on by itself, ms. */
const longestAge = 1_000

const textDecoder = new TextDecoder()

export const json = contenderOf('json', () =>
  fullState(
    (state) => utf8(JSON.stringify(state)),
    (bytes) => JSON.parse(textDecoder.decode(bytes)) as VehicleState,
  ),
)

export const msgpack = contenderOf('msgpack', () =>
  fullState(
    (state) => encodeMsgpack(state),
    (bytes) => decodeMsgpack(bytes) as VehicleState,
  ),
)

function fullState(
  encode: (state: object) => Uint8Array,
  decode: (bytes: Uint8Array) => VehicleState,
): Baseline {
  const isDue = atTwentyHertz()
  return {
    encode: (state) =>
      isDue() ? encode({ ...state, trailers: state.trailers.slice(0, state.trailerCount) }) : undefined,
    viewer: () => new LinearViewer(decode),
  }
}

class LinearViewer implements Viewer {
  readonly #decode: (bytes: Uint8Array) => VehicleState
  #newest: VehicleState | undefined
  #velocity: Vector = { x: 0, y: 0, z: 0 }
  #sampledAt = -Infinity

  constructor(decode: (bytes: Uint8Array) => VehicleState) {
    this.#decode = decode
  }

  receive(bytes: Uint8Array, sampledAt: number): void {
    if (sampledAt <= this.#sampledAt) return
    this.#sampledAt = sampledAt
    this.#newest = this.#decode(bytes)
    this.#velocity = worldVelocity(this.#newest)
  }

  show(now: number, into: VehicleState): boolean {
    if (this.#newest === undefined) return false
    const seconds = Math.min(longestAge, Math.max(0, now - this.#sampledAt)) / 1000
    copyVehicleState(this.#newest, into)
    into.x += this.#velocity.x * seconds
    into.y += this.#velocity.y * seconds
    into.z += this.#velocity.z * seconds
    into.heading += (into.yawRate * seconds) / (2 * Math.PI)
    return true
  }
}
