import { describe, expect, it, vi } from 'vitest'
import {
  ConvoyError,
  createSystemClock,
  isConvoyError,
  sleep,
  throwIfAborted,
  withDeadline,
} from '../../lib/core/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'

/** How a promise ended, or `pending`, once everything that can happen without time passing has happened. */
async function outcome(promise: Promise<unknown>, clock: SimulatedClock): Promise<unknown> {
  let result: unknown = 'pending'
  promise.then(
    (value) => (result = value ?? 'resolved'),
    (error: unknown) => (result = isConvoyError(error) ? error.code : error),
  )
  await clock.settle()
  return result
}

describe('sleep', () => {
  it('resolves when its time has come, not before', async () => {
    const clock = new SimulatedClock()
    const nap = sleep(clock, 100)
    clock.advance(99)
    expect(await outcome(nap, clock)).toBe('pending')
    clock.advance(1)
    expect(await outcome(nap, clock)).toBe('resolved')
  })

  it('rejects at once when its signal aborts, and leaves no timer', async () => {
    const clock = new SimulatedClock()
    const controller = new AbortController()
    const nap = sleep(clock, 100, controller.signal)
    controller.abort(new Error('changed my mind'))
    expect(await outcome(nap, clock)).toBe('aborted')
    await expect(nap).rejects.toMatchObject({ cause: new Error('changed my mind') })
    expect(clock.pendingTimers).toBe(0)
  })

  it('rejects without a timer when its signal has aborted already', async () => {
    const clock = new SimulatedClock()
    expect(await outcome(sleep(clock, 100, AbortSignal.abort()), clock)).toBe('aborted')
    expect(clock.pendingTimers).toBe(0)
  })

  it('leaves no listener at its signal, however it ends', async () => {
    const clock = new SimulatedClock()
    const { signal } = new AbortController()
    const remove = vi.spyOn(signal, 'removeEventListener')
    const nap = sleep(clock, 100, signal)
    clock.advance(100)
    await nap
    expect(remove).toHaveBeenCalledWith('abort', expect.any(Function))
  })
})

describe('withDeadline', () => {
  const message = 'The host did not answer; check the invite.'

  it('settles like the work when that is in time, and leaves no timer', async () => {
    const clock = new SimulatedClock()
    expect(await outcome(withDeadline(clock, 100, message, Promise.resolve(7)), clock)).toBe(7)
    const failure = new Error('no')
    expect(await outcome(withDeadline(clock, 100, message, Promise.reject(failure)), clock)).toBe(failure)
    expect(clock.pendingTimers).toBe(0)
  })

  it('rejects with its message when the time is up', async () => {
    const clock = new SimulatedClock()
    const work = withDeadline(clock, 100, message, new Promise(() => {}))
    clock.advance(99)
    expect(await outcome(work, clock)).toBe('pending')
    clock.advance(1)
    expect(await outcome(work, clock)).toBe('timeout')
    await expect(work).rejects.toThrow(message)
  })

  it('rejects when its signal aborts, and leaves neither timer nor listener', async () => {
    const clock = new SimulatedClock()
    const controller = new AbortController()
    const remove = vi.spyOn(controller.signal, 'removeEventListener')
    const work = withDeadline(clock, 100, message, new Promise(() => {}), controller.signal)
    controller.abort()
    expect(await outcome(work, clock)).toBe('aborted')
    expect(clock.pendingTimers).toBe(0)
    expect(remove).toHaveBeenCalledWith('abort', expect.any(Function))
  })

  it('lets no failure of the work go unhandled, not even of work that nobody waits for any more', async () => {
    const clock = new SimulatedClock()
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      let fail: (reason: Error) => void = () => {}
      const lateWork = new Promise((_, reject) => (fail = reject))
      const aborted = withDeadline(
        clock,
        100,
        message,
        Promise.reject(new Error('late')),
        AbortSignal.abort(),
      )
      const timedOut = withDeadline(clock, 100, message, lateWork)
      const outcomes = Promise.allSettled([aborted, timedOut])
      clock.advance(100)
      fail(new Error('later'))
      expect(await outcomes).toMatchObject([{ reason: { code: 'aborted' } }, { reason: { code: 'timeout' } }])
      await clock.settle()
      expect(unhandled).not.toHaveBeenCalled()
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  })
})

describe('aborting', () => {
  it('passes on a ConvoyError that was given as the reason', () => {
    const reason = new ConvoyError('closed', 'The convoy was closed.')
    expect(() => throwIfAborted(AbortSignal.abort(reason))).toThrow(reason)
  })

  it('throws nothing while nothing was aborted', () => {
    expect(() => throwIfAborted(undefined)).not.toThrow()
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow()
  })
})

describe('createSystemClock', () => {
  it('runs what is due and nothing that was cancelled', async () => {
    const clock = createSystemClock()
    const cancelled = vi.fn()
    clock.after(1, cancelled)()
    const before = clock.now()
    await new Promise<void>((resolve) => {
      let ticks = 0
      const stop = clock.every(1, () => {
        if (++ticks < 3) return
        stop()
        stop()
        resolve()
      })
    })
    expect(clock.now()).toBeGreaterThan(before)
    expect(cancelled).not.toHaveBeenCalled()
  })

  it('waits for as long as it was told, beyond the 24.8 days that a timeout can count', () => {
    vi.useFakeTimers()
    try {
      const clock = createSystemClock()
      const day = 86_400_000
      const [late, cancelled] = [vi.fn(), vi.fn()]
      clock.after(60 * day, late)
      const cancel = clock.after(60 * day, cancelled)
      vi.advanceTimersByTime(30 * day)
      cancel()
      vi.advanceTimersByTime(30 * day - 1)
      expect(late).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(late).toHaveBeenCalledOnce()
      expect(cancelled).not.toHaveBeenCalled()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('tells the time of day in milliseconds since 1970', () => {
    expect(Math.abs(createSystemClock().wallTime() - Date.now())).toBeLessThan(60_000)
  })
})
