import { SnapshotInterpolation } from '@geckos.io/snapshot-interpolation'
import {
  BufferSchema,
  int16,
  int32,
  Model,
  string8,
  uint64,
  uint8,
} from '@geckos.io/typed-array-buffer-schema'
import type { VehicleState } from '../../lib/protocol/index.ts'
import { wrapHalfTurns } from '../../lib/vehicle/index.ts'
import { atTwentyHertz, contenderOf, type Viewer } from './contender.ts'

/*
 * Snapshots 20 times a second as typed arrays, shown through the library's own interpolation buffer of three of its
 * server's frames, 150 ms: always smooth, never where the truck is now.
 */

/** Snapshots a second. */
const serverFps = 20

/** The schema of a snapshot. Angles are in radians, four digits in 16 bits; positions in metres, three digits in 32 bits. */
function snapshotModel(): Model {
  const angle = () => ({ type: int16, digits: 4 })
  const position = () => ({ type: int32, digits: 3 })
  const vehicle = BufferSchema.schema('vehicle', {
    id: { type: string8, length: 1 },
    x: position(),
    y: position(),
    z: position(),
    heading: angle(),
    pitch: angle(),
    roll: angle(),
    yaw1: angle(),
    pitch1: angle(),
    yaw2: angle(),
    pitch2: angle(),
    trailers: uint8,
  })
  const snapshot = { id: { type: string8, length: 6 }, time: uint64, state: { vehicles: [vehicle] } }
  return new Model(BufferSchema.schema('snapshot', snapshot))
}

// Reading changes what a schema consists of, so that it can't be written by any more: here both are one process.
const outgoing = snapshotModel()
const incoming = snapshotModel()

const entityKeys = ['x', 'y', 'z', 'heading', 'pitch', 'roll', 'yaw1', 'pitch1', 'yaw2', 'pitch2'] as const

/** What is interpolated, and how: the library's own way to say it. */
const interpolated = entityKeys.map((key) => (key === 'heading' ? 'heading(rad)' : key)).join(' ')

/** Its id is a string by the library's types, and may be a number by its checks. */
type Entity = Record<'id', string> & Record<(typeof entityKeys)[number] | 'trailers', number>

export const geckos = contenderOf('geckos', () => {
  const isDue = atTwentyHertz()
  const server = new SnapshotInterpolation()
  return {
    encode(state, now) {
      if (!isDue()) return undefined
      pretendNow(now)
      return new Uint8Array(outgoing.toBuffer(server.snapshot.create({ vehicles: [entityOf(state)] })))
    },
    viewer: () => new BufferedViewer(),
  }
})

class BufferedViewer implements Viewer {
  readonly #client = new SnapshotInterpolation(serverFps)

  receive(bytes: Uint8Array, _sampledAt: number, now: number): void {
    pretendNow(now)
    const snapshot = incoming.fromBuffer(bytes.slice().buffer) as Parameters<
      SnapshotInterpolation['snapshot']['add']
    >[0]
    this.#client.snapshot.add(snapshot)
  }

  show(now: number, into: VehicleState): boolean {
    pretendNow(now)
    const shown = this.#client.calcInterpolation(interpolated, 'vehicles')
    const [entity] = (shown?.state ?? []) as unknown as Entity[]
    if (entity === undefined) return false
    readEntity(entity, into)
    return true
  }
}

function entityOf(state: Readonly<VehicleState>): Entity {
  const [first, second] = state.trailers
  return {
    id: '1',
    x: state.x,
    y: state.y,
    z: state.z,
    heading: radians(state.heading),
    pitch: radians(state.pitch),
    roll: radians(state.roll),
    yaw1: radians(first.yaw),
    pitch1: radians(first.pitch),
    yaw2: radians(second.yaw),
    pitch2: radians(second.pitch),
    trailers: state.trailerCount,
  }
}

function readEntity(entity: Entity, into: VehicleState): void {
  const [first, second] = into.trailers
  into.trailerCount = entity.trailers
  into.x = entity.x
  into.y = entity.y
  into.z = entity.z
  into.heading = turns(entity.heading)
  into.pitch = turns(entity.pitch)
  into.roll = turns(entity.roll)
  first.yaw = turns(entity.yaw1)
  first.pitch = turns(entity.pitch1)
  second.yaw = turns(entity.yaw2)
  second.pitch = turns(entity.pitch2)
}

/** The library reads the platform's clock and luck; what is measured here has to repeat. */
function pretendNow(now: number): void {
  SnapshotInterpolation.Now = () => Math.round(now)
  SnapshotInterpolation.NewId = () => 'abcdef'
}

function radians(inTurns: number): number {
  return wrapHalfTurns(inTurns) * 2 * Math.PI
}

function turns(inRadians: number): number {
  return inRadians / (2 * Math.PI)
}
