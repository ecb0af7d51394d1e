import { decode } from '@msgpack/msgpack'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { byType, bytesUpTo, count, decodeMessage, encodeMessage } from '../../lib/protocol/index.ts'

const options = [
  v.strictObject({ type: v.literal('greet'), times: count }),
  v.strictObject({ type: v.literal('carry'), bytes: bytesUpTo(200_000) }),
] as const
const chosen = byType(options)

describe('messages that are told apart by their type', () => {
  it.each([
    { type: 'greet', times: 3 },
    { type: 'greet', times: -1 },
    { type: 'greet', times: 1, more: true },
    { type: 'greet' },
    { type: 'dance' },
    { type: 7 },
    {},
    [],
    'greet',
    null,
    undefined,
  ])('are taken and refused as by valibot’s variant: %j', (message) => {
    const [own, theirs] = [v.safeParse(chosen, message), v.safeParse(v.variant('type', options), message)]
    expect(own.success).toBe(theirs.success)
    expect(own.output).toEqual(theirs.output)
    expect(own.issues).toEqual(theirs.issues)
  })

  it('have a type each', () => {
    expect(() => byType([options[0], options[0]])).toThrow('of its own')
  })
})

describe('encoding', () => {
  it('gives each message bytes of its own, short after long', () => {
    const long = encodeMessage(chosen, { type: 'carry', bytes: new Uint8Array(100_000).fill(1) }, 200_000)
    const short = encodeMessage(chosen, { type: 'greet', times: 1 }, 100)
    const other = encodeMessage(chosen, { type: 'greet', times: 2 }, 100)
    expect([short, other].map((bytes) => decode(bytes))).toEqual([
      { type: 'greet', times: 1 },
      { type: 'greet', times: 2 },
    ])
    expect(decodeMessage(chosen, long, 200_000)).toMatchObject({ type: 'carry' })
    expect(short.buffer.byteLength).toBe(short.length)
  })

  it('goes on after a message that it could not encode', () => {
    const anything = v.custom<unknown>(() => true)
    let deep: unknown = 1
    for (let depth = 0; depth < 200; depth++) deep = [deep]
    expect(() => encodeMessage(anything, deep, 1_000)).toThrow()
    expect(decode(encodeMessage(anything, [1], 10))).toEqual([1])
  })
})
