import { describe, expect, it, vi } from 'vitest'
import { Emitter, silentLogger } from '../../lib/core/index.ts'

type Events = { moved: number; stopped: undefined }

describe('Emitter', () => {
  it('calls the listeners of that event, in the order they were added, with the event', () => {
    const emitter = new Emitter<Events>()
    const calls: string[] = []
    emitter.on('moved', (event) => calls.push(`first ${event}`))
    emitter.on('moved', (event) => calls.push(`second ${event}`))
    emitter.on('stopped', () => calls.push('stopped'))
    emitter.emit('moved', 7)
    expect(calls).toEqual(['first 7', 'second 7'])
  })

  it('goes on after a listener that throws, and logs the error', () => {
    const error = vi.fn()
    const emitter = new Emitter<Events>({ ...silentLogger, error })
    const after = vi.fn()
    const mistake = new Error('a listener is wrong')
    emitter.on('moved', () => {
      throw mistake
    })
    emitter.on('moved', after)
    expect(() => emitter.emit('moved', 1)).not.toThrow()
    expect(after).toHaveBeenCalledOnce()
    expect(error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('moved'), { error: mistake })
  })

  it('logs what an asynchronous listener fails with, which nobody else waits for', async () => {
    const error = vi.fn()
    const emitter = new Emitter<Events>({ ...silentLogger, error })
    const mistake = new Error('a listener is wrong later')
    const failsLater: () => unknown = async () => {
      await Promise.resolve()
      throw mistake
    }
    emitter.on('moved', failsLater)
    emitter.emit('moved', 1)
    await vi.waitFor(() =>
      expect(error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('moved'), { error: mistake }),
    )
  })

  it('stops exactly the listener that was unsubscribed, however often that is done', () => {
    const emitter = new Emitter<Events>()
    const listener = vi.fn()
    const stop = emitter.on('moved', listener)
    emitter.on('moved', listener)
    stop()
    stop()
    emitter.emit('moved', 1)
    expect(listener).toHaveBeenCalledOnce()
  })

  it('lets listeners that are added or removed during an emit count from the next one on', () => {
    const emitter = new Emitter<Events>()
    const added = vi.fn()
    const removed = vi.fn()
    emitter.on('moved', () => {
      emitter.on('moved', added)
      stopRemoved()
    })
    const stopRemoved = emitter.on('moved', removed)
    emitter.emit('moved', 1)
    expect(added).not.toHaveBeenCalled()
    expect(removed).toHaveBeenCalledOnce()
    emitter.emit('moved', 2)
    expect(added).toHaveBeenCalledOnce()
    expect(removed).toHaveBeenCalledOnce()
  })

  it('counts its listeners, and has none after clear', () => {
    const emitter = new Emitter<Events>()
    emitter.on('moved', () => {})
    emitter.on('moved', () => {})
    const stop = emitter.on('stopped', () => {})
    expect([
      emitter.listenerCount('moved'),
      emitter.listenerCount('stopped'),
      emitter.listenerCount(),
    ]).toEqual([2, 1, 3])
    emitter.clear()
    expect(emitter.listenerCount()).toBe(0)
    expect(stop).not.toThrow()
  })

  it('emits to nobody without complaint', () => {
    expect(() => new Emitter<Events>().emit('stopped', undefined)).not.toThrow()
  })
})
