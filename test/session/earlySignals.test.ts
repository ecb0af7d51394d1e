import { describe, expect, it } from 'vitest'
import { EarlySignals } from '../../lib/session/earlySignals.ts'

const key = (value: number): Uint8Array => new Uint8Array(32).fill(value)
const signal = (value: number): Uint8Array => Uint8Array.of(value)

describe('signals that come before their sender is known', () => {
  it('[LNK-20] are handed over in order once it is, and once only', () => {
    const early = new EarlySignals()
    early.keep(key(1), signal(1))
    early.keep(key(2), signal(2))
    early.keep(key(1), signal(3))
    expect(early.take(key(1))).toEqual([signal(1), signal(3)])
    expect(early.take(key(1))).toEqual([])
    expect(early.take(key(2))).toEqual([signal(2)])
  })

  it('[LNK-20] are 64 at most: the oldest give way, and that is told', () => {
    const early = new EarlySignals()
    for (let value = 0; value < 64; value++) expect(early.keep(key(1), signal(value))).toBe(true)
    expect(early.keep(key(2), signal(64))).toBe(false)
    expect(early.take(key(1))).toEqual(Array.from({ length: 63 }, (_, index) => signal(index + 1)))
    expect(early.take(key(2))).toEqual([signal(64)])
  })
})
