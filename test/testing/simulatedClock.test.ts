import { describe, expect, it } from 'vitest'
import { ConvoyError, seededRandom, sleep, withDeadline } from '../../lib/core/index.ts'
import { SimulatedClock, simulationEpoch } from '../../lib/testing/index.ts'

describe('SimulatedClock', () => {
  it('stands still until told to move', () => {
    const clock = new SimulatedClock({ startMs: 50 })
    expect([clock.now(), clock.wallTime()]).toEqual([50, simulationEpoch])
    clock.advance(0.25)
    expect([clock.now(), clock.wallTime()]).toEqual([50.25, simulationEpoch + 0.25])
  })

  it('runs timers in the order of their due times, ties in the order they were scheduled', () => {
    const clock = new SimulatedClock()
    const random = seededRandom(7)
    const expected: [number, number][] = []
    const ran: [number, number][] = []
    for (let index = 0; index < 2_000; index++) {
      const delay = Math.floor(random.next() * 100)
      const cancel = clock.after(delay, () => ran.push([clock.now(), index]))
      if (random.next() < 0.6) cancel()
      else expected.push([delay, index])
    }
    expect(clock.pendingTimers).toBe(expected.length)
    clock.advance(99)
    expect(ran).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
    expect(clock.pendingTimers).toBe(0)
  })

  it('runs a timer scheduled by a timer in the same advance, when due', () => {
    const clock = new SimulatedClock()
    const ran: number[] = []
    clock.after(10, () => clock.after(5, () => ran.push(clock.now())))
    clock.advance(14)
    expect(ran).toEqual([])
    clock.advance(1)
    expect(ran).toEqual([15])
  })

  it('repeats without drift until cancelled, also from within', () => {
    const clock = new SimulatedClock()
    const ticks: number[] = []
    const cancel = clock.every(0.1, () => {
      ticks.push(clock.now())
      if (ticks.length === 1_000) cancel()
    })
    clock.advance(500)
    expect(ticks).toHaveLength(1_000)
    expect(ticks.at(-1)).toBeCloseTo(100, 6)
    expect(clock.pendingTimers).toBe(0)
  })

  it('counts a timer once, however often it is cancelled, and not after it ran', () => {
    const clock = new SimulatedClock()
    const early = clock.after(1, () => {})
    const late = clock.after(2, () => {})
    clock.advance(1)
    early()
    expect(clock.pendingTimers).toBe(1)
    late()
    late()
    expect(clock.pendingTimers).toBe(0)
  })

  it('goes on after a timer that threw, at the moment it threw', () => {
    const clock = new SimulatedClock()
    clock.after(5, () => {
      throw new Error('broken')
    })
    expect(() => clock.advance(10)).toThrow('broken')
    expect(clock.now()).toBe(5)
    clock.advance(5)
    expect(clock.now()).toBe(10)
  })

  it('refuses delays at which real timers would fire at once', () => {
    const clock = new SimulatedClock()
    for (const delay of [Number.NaN, Infinity, 2 ** 31]) {
      expect(() => clock.after(delay, () => {})).toThrow(ConvoyError)
    }
    expect(() => clock.every(0, () => {})).toThrow('more than 0')
  })

  it('refuses to be moved from inside a timer', () => {
    const clock = new SimulatedClock()
    clock.after(1, () => clock.advance(1))
    expect(() => clock.advance(2)).toThrow('moving already')
  })

  it('stops a timer that re-arms itself with no delay for ever', () => {
    const clock = new SimulatedClock()
    const again = (): void => void clock.after(0, again)
    again()
    expect(() => clock.advance(1)).toThrow('no delay')
  })
})

describe('SimulatedClock with promises', () => {
  it('lets promise chains of any length finish between two timers', async () => {
    const clock = new SimulatedClock()
    const log: string[] = []
    const chain = async (): Promise<void> => {
      for (let step = 0; step < 5_000; step++) await Promise.resolve()
      log.push(`chain done at ${clock.now()}`)
      await sleep(clock, 0.5)
      log.push(`woke at ${clock.now()}`)
    }
    clock.after(10, () => void chain())
    clock.after(11, () => log.push(`timer at ${clock.now()}`))
    await clock.run(20)
    expect(log).toEqual(['chain done at 10', 'woke at 10.5', 'timer at 11'])
    expect(clock.now()).toBe(20)
  })

  it('completes asynchronous work in simulated time, and passes on how it ended', async () => {
    const clock = new SimulatedClock()
    await expect(clock.complete(sleep(clock, 30_000).then(() => 'slept'))).resolves.toBe('slept')
    expect(clock.now()).toBe(30_000)
    const late = withDeadline(clock, 2_000, 'too late', new Promise(() => {}))
    await expect(clock.complete(late)).rejects.toThrow('too late')
    expect(clock.now()).toBe(32_000)
    expect(clock.pendingTimers).toBe(0)
  })

  it('gives up on work that never ends', async () => {
    const clock = new SimulatedClock()
    await expect(clock.complete(new Promise(() => {}), 500)).rejects.toMatchObject({ code: 'timeout' })
    await expect(clock.runUntil(() => false, 500)).rejects.toMatchObject({ code: 'timeout' })
    expect(clock.now()).toBe(1_000)
  })

  it('stops at the moment the condition holds', async () => {
    const clock = new SimulatedClock()
    let count = 0
    const cancel = clock.every(100, () => count++)
    await clock.runUntil(() => count === 3)
    cancel()
    expect(clock.now()).toBe(300)
  })

  it('moves on by itself while automatic, and parks when there is nothing to do', async () => {
    const clock = new SimulatedClock()
    const stop = clock.automatic()
    await sleep(clock, 60_000)
    expect(clock.now()).toBe(60_000)
    await clock.settle()
    await sleep(clock, 1_000)
    stop()
    void sleep(clock, 5)
    await clock.settle()
    expect(clock.now()).toBe(61_000)
    clock.advance(5)
  })
})

describe('PeerClock', () => {
  it('has its own origin, rate and wall time on the same timeline', () => {
    const clock = new SimulatedClock()
    const peer = clock.skewed({ offsetMs: 1_000, driftPpm: 100, wallOffsetMs: -3_600_000 })
    const ran: number[] = []
    peer.after(10_001, () => ran.push(clock.now(), peer.now()))
    clock.advance(10_000)
    expect(ran[0]).toBeCloseTo(10_000, 6)
    expect(ran[1]).toBeCloseTo(11_001, 6)
    expect(peer.wallTime()).toBeCloseTo(simulationEpoch - 3_600_000 + 10_001, 3)
    expect(clock.pendingTimers).toBe(0)
  })

  it('ticks at its own rate', () => {
    const clock = new SimulatedClock()
    const peer = clock.skewed({ driftPpm: -50_000 })
    let ticks = 0
    const cancel = peer.every(10, () => ticks++)
    clock.advance(1_001)
    expect(ticks).toBe(95)
    cancel()
    expect([peer.pendingTimers, clock.pendingTimers]).toEqual([0, 0])
  })

  it('holds what falls due while frozen, and intervals do not catch up', () => {
    const clock = new SimulatedClock()
    const peer = clock.skewed()
    const log: string[] = []
    peer.every(100, () => log.push(`tick ${peer.now()}`))
    peer.after(150, () => log.push(`once ${peer.now()}`))
    const cancelled = peer.after(160, () => log.push('never'))
    clock.advance(100)
    peer.freeze()
    clock.advance(400)
    expect(log).toEqual(['tick 100'])
    cancelled()
    peer.thaw()
    clock.advance(100)
    expect(log).toEqual(['tick 100', 'once 500', 'tick 500', 'tick 600'])
  })

  it('drops every timer when killed and takes no more', () => {
    const clock = new SimulatedClock()
    const peer = clock.skewed()
    const ran: number[] = []
    peer.after(10, () => ran.push(1))
    peer.every(10, () => ran.push(2))
    peer.kill()
    peer.after(10, () => ran.push(3))
    clock.advance(100)
    expect([ran, peer.pendingTimers, clock.pendingTimers]).toEqual([[], 0, 0])
  })
})
