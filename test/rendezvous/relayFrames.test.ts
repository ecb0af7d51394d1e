import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeClientFrame,
  encodeClientFrame,
  encodeServiceFrame,
  type ClientFrame,
} from '../../lib/rendezvous/frames.ts'
import { readRelayFrame, writeRelayFrame } from '../../lib/rendezvous/relayFrames.ts'
import { limits } from '../../lib/protocol/index.ts'

const routes = fc.oneof(
  fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  fc.integer({ min: 0, max: 0xffff_ffff }),
)
const lengths = fc.oneof(
  fc.constantFrom(0, 1, 0xff, 0x100, limits.rendezvousMessageBytes),
  fc.integer({ min: 0, max: limits.rendezvousMessageBytes }),
)
const messages = lengths.map((length) => Uint8Array.from({ length }, (_, index) => index % 251))

/** What the general decoder makes of it: undefined where it is no relay frame, or a malformed one. */
function decoded(bytes: Uint8Array): Extract<ClientFrame, { type: 'relay' }> | undefined {
  try {
    const frame = decodeClientFrame(bytes)
    return frame.type === 'relay' ? frame : undefined
  } catch {
    return undefined
  }
}

describe('the short way of relay frames', () => {
  it('[RDV-7] reads what clients write', () => {
    fc.assert(
      fc.property(routes, messages, (route, message) => {
        expect(readRelayFrame(encodeClientFrame({ type: 'relay', route, message }))).toEqual({
          route,
          message,
        })
      }),
    )
  })

  it('[RDV-8] writes what the long way would', () => {
    fc.assert(
      fc.property(routes, messages, (route, message) => {
        expect(writeRelayFrame(route, message)).toEqual(encodeServiceFrame({ type: 'relay', route, message }))
      }),
    )
  })

  it('[RDV-4] accepts nothing that the long way refuses, and reads the same out of what both accept', () => {
    const frames = fc
      .tuple(routes, fc.uint8Array({ maxLength: 300 }))
      .map(([route, message]) => encodeClientFrame({ type: 'relay', route, message }))
    const changed = fc
      .tuple(frames, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.integer({ min: -3, max: 3 }))
      .map(([frame, at, byte, grown]) => {
        const bytes = new Uint8Array(Math.max(0, frame.length + grown))
        bytes.set(frame.subarray(0, bytes.length))
        // Mostly in the head, where it matters.
        bytes[at % Math.min(bytes.length, 40)] = byte
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const read = readRelayFrame(bytes)
        if (read !== undefined) expect({ type: 'relay', ...read }).toEqual(decoded(bytes))
      }),
      { numRuns: 3_000 },
    )
  })

  it('[RDV-2] leaves a message that is too large to the long way, which refuses it', () => {
    const bytes = encode({
      type: 'relay',
      route: 1,
      message: new Uint8Array(limits.rendezvousMessageBytes + 1),
    })
    expect(readRelayFrame(bytes)).toBeUndefined()
    expect(decoded(bytes)).toBeUndefined()
  })

  it('[RDV-1] leaves fields in another order to the long way, which takes them', () => {
    const bytes = encode({ message: new Uint8Array(3), route: 7, type: 'relay' })
    expect(readRelayFrame(bytes)).toBeUndefined()
    expect(decoded(bytes)).toEqual({ type: 'relay', route: 7, message: new Uint8Array(3) })
  })
})
