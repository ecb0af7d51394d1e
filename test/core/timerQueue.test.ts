import { beforeEach, describe, expect, it } from 'vitest'
import { TimerQueue } from '../../lib/core/timerQueue.ts'

describe('TimerQueue', () => {
  let now: number
  let ringsAt: number | undefined
  let queue: TimerQueue
  let calls: string[]

  beforeEach(() => {
    now = 1_000
    ringsAt = undefined
    calls = []
    queue = new TimerQueue(
      () => now,
      (delayMs) => {
        ringsAt = delayMs === undefined ? undefined : now + delayMs
      },
    )
  })

  const call = (name: string) => (): void => {
    calls.push(`${name}@${now}`)
  }

  function runUntil(end: number): void {
    while (ringsAt !== undefined && ringsAt <= end) {
      now = Math.max(now, ringsAt)
      queue.ring()
    }
    now = end
  }

  it('runs timers when they are due, in the order they are due', () => {
    queue.after(30, call('late'))
    queue.after(10, call('early'))
    queue.after(20, call('middle'))
    runUntil(2_000)
    expect(calls).toEqual(['early@1010', 'middle@1020', 'late@1030'])
    expect(queue.size).toBe(0)
  })

  it('runs timers due at the same time in the order they were set', () => {
    for (const name of ['a', 'b', 'c']) queue.after(10, call(name))
    runUntil(2_000)
    expect(calls).toEqual(['a@1010', 'b@1010', 'c@1010'])
  })

  it('keeps the beat of a repeated timer and skips the beats that were missed', () => {
    queue.every(10, call('beat'))
    runUntil(1_020)
    now = 1_047
    queue.ring()
    runUntil(1_060)
    expect(calls).toEqual(['beat@1010', 'beat@1020', 'beat@1047', 'beat@1050', 'beat@1060'])
  })

  it('never runs a cancelled timer, not even one due at the same ring', () => {
    const cancelLater = queue.after(10, call('cancelled'))
    const cancelEvery = queue.every(10, call('cancelled'))
    now = 1_005
    cancelEvery()
    now = 1_000
    queue.after(5, () => cancelLater())
    runUntil(2_000)
    expect(calls).toEqual([])
  })

  it('takes a second cancel, and one after the call, for nothing', () => {
    const cancel = queue.after(1, call('a'))
    runUntil(1_001)
    cancel()
    cancel()
    queue.after(1, call('b'))
    runUntil(1_010)
    expect(calls).toEqual(['a@1001', 'b@1002'])
  })

  it('silences the alarm once no timer waits', () => {
    const cancel = queue.after(10, call('a'))
    expect(ringsAt).toBe(1_010)
    cancel()
    expect(ringsAt).toBeUndefined()
  })

  it('moves the alarm forward for an earlier timer only', () => {
    queue.after(50, call('a'))
    queue.after(100, call('b'))
    expect(ringsAt).toBe(1_050)
    queue.after(20, call('c'))
    expect(ringsAt).toBe(1_020)
  })

  it('runs nothing when the alarm rings early, and sets it again', () => {
    queue.after(50, call('a'))
    now = 1_010
    queue.ring()
    expect(calls).toEqual([])
    expect(ringsAt).toBe(1_050)
  })

  it('lets a timer set by a timer wait for the next ring, however short', () => {
    queue.after(10, () => {
      calls.push('first')
      queue.after(0, call('second'))
    })
    now = 1_010
    queue.ring()
    expect(calls).toEqual(['first'])
    runUntil(1_010)
    expect(calls).toEqual(['first', 'second@1010'])
  })

  it('runs the rest of what is due after a callback threw, and goes on repeating the one that did', () => {
    queue.every(10, () => {
      calls.push('throws')
      throw new Error('from a callback')
    })
    queue.after(10, call('other'))
    now = 1_010
    expect(() => queue.ring()).toThrow('from a callback')
    expect(ringsAt).toBe(1_010)
    queue.ring()
    expect(calls).toEqual(['throws', 'other@1010'])
    expect(ringsAt).toBe(1_020)
  })

  it('takes a delay or period that makes no sense for the shortest one', () => {
    queue.after(Number.NaN, call('after'))
    queue.after(-5, call('after'))
    const cancel = queue.every(0, call('every'))
    runUntil(1_002)
    cancel()
    expect(calls).toEqual(['after@1000', 'after@1000', 'every@1001', 'every@1002'])
  })
})
