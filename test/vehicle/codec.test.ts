import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitReader, BitWriter, fromHex, toHex } from '../../lib/core/index.ts'
import { emptyVehicleState, vehicleFlags, type VehicleState } from '../../lib/protocol/index.ts'
import {
  bareUpdateBits,
  maxUpdateBits,
  readUpdate,
  trailerBits,
  validateVehicleState,
  writeUpdate,
  type VehicleUpdate,
} from '../../lib/vehicle/index.ts'
import { anyState, stateWith } from './support/states.ts'

const maxBytes = Math.ceil(maxUpdateBits / 8)

function encode(state: VehicleState, sequence = 0, time = 0): { bytes: Uint8Array; bits: number } {
  const writer = new BitWriter(new Uint8Array(maxBytes))
  writeUpdate(writer, sequence, time, state)
  return { bytes: writer.view(), bits: writer.position }
}

function decode(bytes: Uint8Array): VehicleUpdate | undefined {
  const update: VehicleUpdate = { sequence: 0, time: 0, state: emptyVehicleState() }
  return readUpdate(new BitReader(bytes), update) ? update : undefined
}

function roundTrip(state: VehicleState): VehicleState {
  const update = decode(encode(state).bytes)
  if (update === undefined) throw new Error('What was encoded did not decode.')
  return update.state
}

/** Distance between two angles in turns, the short way round. */
function apart(a: number, b: number): number {
  const difference = Math.abs(a - b) % 1
  return Math.min(difference, 1 - difference)
}

/** Rounding of the arithmetic itself. */
const epsilon = 1e-9

describe('update codec', () => {
  /** Half a step, and what the last code of a two's complement range is short of its end. */
  const steps: readonly [field: keyof VehicleState, step: number, upperEnd: number][] = [
    ['x', 1 / 128, 262_144],
    ['y', 1 / 128, 1_536],
    ['z', 1 / 128, 262_144],
    ['pitch', 1 / 8_192, 0.25],
    ['velocityX', 1 / 64, 64],
    ['velocityY', 1 / 64, 64],
    ['velocityZ', 1 / 64, 64],
    ['acceleration', 1 / 16, 16],
    ['yawRate', 1 / 512, 1],
    ['steering', 1 / 127, Infinity],
    ['throttle', 1 / 63, Infinity],
    ['brake', 1 / 63, Infinity],
    ['rpm', 25, Infinity],
  ]
  it.each(steps)(
    '[VEH-11] brings %s back to within half a step of %d over its whole range',
    (field, step, end) => {
      fc.assert(
        fc.property(anyState, (state) => {
          const before = state[field] as number
          const error = Math.abs((roundTrip(state)[field] as number) - before)
          const allowed = before > end - step ? step : step / 2
          expect(error).toBeLessThanOrEqual(allowed + epsilon)
        }),
        { numRuns: 300 },
      )
    },
  )

  it('[VEH-13] brings angles back to within half a step, modulo one turn', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const back = roundTrip(state)
        expect(apart(back.heading, state.heading)).toBeLessThanOrEqual(1 / 131_072 + epsilon)
        expect(apart(back.roll, state.roll)).toBeLessThanOrEqual(1 / 8_192 + epsilon)
        for (let index = 0; index < state.trailerCount; index++) {
          const yaw = state.trailers[index]?.yaw ?? NaN
          expect(apart(back.trailers[index]?.yaw ?? NaN, yaw)).toBeLessThanOrEqual(1 / 32_768 + epsilon)
        }
      }),
    )
  })

  it('[VEH-14] brings trailer tilt back to 0.09° on the road and 2.7° tipped over', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const back = roundTrip(state)
        for (let index = 0; index < state.trailerCount; index++) {
          for (const angle of ['pitch', 'roll'] as const) {
            const before = state.trailers[index]?.[angle] ?? NaN
            const error = Math.abs((back.trailers[index]?.[angle] ?? NaN) - before)
            const onRoad = Math.abs(before) <= 96 / 2048
            expect(error).toBeLessThanOrEqual((onRoad ? 0.5 / 2048 : 0.2266 / 31) * (1 + epsilon))
          }
        }
      }),
    )
  })

  it('brings flags, gear, trailer count, sequence and time back exactly', () => {
    fc.assert(
      fc.property(anyState, fc.nat({ max: 0xffff }), fc.nat({ max: 0xffffff }), (state, sequence, time) => {
        const update = decode(encode(state, sequence, time).bytes)
        expect(update).toMatchObject({ sequence, time })
        expect(update?.state).toMatchObject({
          flags: state.flags,
          gear: state.gear,
          trailerCount: state.trailerCount,
        })
      }),
    )
  })

  it('encodes what it decoded to the same bits', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const first = encode(state).bytes
        expect(toHex(encode(roundTrip(state)).bytes)).toBe(toHex(first))
      }),
    )
  })

  it('keeps zero exactly zero: a parked truck has no speed, a placed one is not at the origin by accident', () => {
    expect(roundTrip(emptyVehicleState())).toEqual(emptyVehicleState())
  })

  it('[VEH-10] takes 258 bits, and 30 per trailer', () => {
    for (let trailerCount = 0; trailerCount <= 3; trailerCount++) {
      expect(encode(stateWith({ trailerCount })).bits).toBe(bareUpdateBits + trailerCount * trailerBits)
    }
    expect([bareUpdateBits, trailerBits, maxUpdateBits]).toEqual([258, 30, 348])
  })

  it('[VEH-15] leaves out flags that this version does not know, writing and reading', () => {
    const known = Object.values(vehicleFlags).reduce((all: number, flag) => all | flag, 0)
    expect(roundTrip(stateWith({ flags: 0xffff })).flags).toBe(known)
    const { bytes } = encode(emptyVehicleState())
    const writer = new BitWriter(bytes)
    writer.position = 228
    writer.write(0xffff, 16)
    expect(decode(bytes)?.state.flags).toBe(known)
  })

  it('[VEH-16] refuses a steering code of −128', () => {
    const { bytes } = encode(emptyVehicleState())
    const writer = new BitWriter(bytes)
    writer.position = 208
    writer.write(0x80, 8)
    expect(decode(bytes)).toBeUndefined()
  })

  it.each([
    ['pitch', 14],
    ['roll', 22],
  ])('[VEH-16] refuses a trailer %s code of −128', (_angle, offset) => {
    const { bytes } = encode(stateWith({ trailerCount: 1 }))
    const writer = new BitWriter(bytes)
    writer.position = bareUpdateBits + offset
    writer.write(0x80, 8)
    // Writing into the middle clears the rest of the last byte.
    expect(decode(bytes)).toBeUndefined()
  })

  it('refuses an update cut short at any byte', () => {
    const { bytes } = encode(stateWith({ x: 5, trailerCount: 3 }))
    for (let length = 0; length < bytes.length; length++) {
      expect(decode(bytes.subarray(0, length)), `${length} bytes`).toBeUndefined()
    }
  })

  it('never throws on random bytes, and what it accepts is within every range', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 60 }), (bytes) => {
        const update = decode(bytes)
        if (update !== undefined) validateVehicleState(update.state)
      }),
      { numRuns: 3_000 },
    )
  })

  it('never throws on flipped bits, and what it accepts is within every range', () => {
    fc.assert(
      fc.property(
        anyState,
        fc.array(fc.nat({ max: maxUpdateBits - 1 }), { maxLength: 8 }),
        (state, flips) => {
          const bytes = encode(state).bytes.slice()
          for (const bit of flips) {
            const byte = bytes[bit >> 3]
            if (byte !== undefined) bytes[bit >> 3] = byte ^ (0x80 >> (bit & 7))
          }
          const update = decode(bytes)
          if (update !== undefined) validateVehicleState(update.state)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

interface Vector {
  name: string
  sequence: number
  time: number
  state: VehicleState
  hex: string
  decoded: VehicleState
}

describe('test vectors', () => {
  const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vector[]
  it.each(vectors.map((vector) => [vector.name, vector] as const))('[VEH-10] %s', (_name, vector) => {
    expect(toHex(encode(vector.state, vector.sequence, vector.time).bytes)).toBe(vector.hex)
    expect(decode(fromHex(vector.hex))).toEqual({
      sequence: vector.sequence,
      time: vector.time,
      state: vector.decoded,
    })
  })
})
