import { describe, expect, it, vi } from 'vitest'
import { Duplex } from '../../../lib/rtc/simplePeer/duplex.ts'
import { errCode } from '../../../lib/rtc/simplePeer/standIns.ts'

describe("simple-peer's stand-in for a Duplex", () => {
  it('tells every listener of an event, in the order they came', () => {
    const duplex = new Duplex()
    const calls: string[] = []
    duplex.on('signal', (signal) => calls.push(`a ${signal as string}`))
    duplex.on('signal', (signal) => calls.push(`b ${signal as string}`))
    expect(duplex.emit('signal', 'offer')).toBe(true)
    expect(calls).toEqual(['a offer', 'b offer'])
    expect(duplex.emit('connect')).toBe(false)
  })

  it('tells a listener for once only once, also when it emits again', () => {
    const duplex = new Duplex()
    const listener = vi.fn(() => duplex.emit('connect'))
    duplex.once('connect', listener)
    duplex.emit('connect')
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('spares a removed listener, and finishes an event with those it began with', () => {
    const duplex = new Duplex()
    const late = vi.fn()
    const removed = vi.fn()
    duplex.on('close', removed).removeListener('close', removed)
    duplex.on('close', () => duplex.on('close', late))
    duplex.emit('close')
    expect(removed).not.toHaveBeenCalled()
    expect(late).not.toHaveBeenCalled()
  })

  it('throws an error nobody listens for, so that none goes unseen', () => {
    const duplex = new Duplex()
    expect(() => duplex.emit('error', new Error('lost'))).toThrow('lost')
    duplex.on('error', () => undefined)
    expect(() => duplex.emit('error', new Error('seen'))).not.toThrow()
  })

  it('hands on data as it comes, and tells of both ends', () => {
    const duplex = new Duplex()
    const events: unknown[] = []
    for (const name of ['data', 'end', 'finish']) duplex.on(name, (data) => events.push([name, data]))
    const data = new Uint8Array([1, 2])
    duplex.push(data)
    duplex.push(null)
    duplex.end()
    expect(events).toEqual([
      ['data', data],
      ['end', undefined],
      ['finish', undefined],
    ])
    expect(duplex._readableState.ended).toBe(true)
    expect(duplex._writableState.finished).toBe(true)
  })
})

describe("simple-peer's stand-in for err-code", () => {
  it('gives a code even to an exception of the platform, which has a read-only one', () => {
    const error = errCode(new DOMException('refused', 'OperationError'), 'ERR_SET_LOCAL_DESCRIPTION')
    expect((error as Error & { code: unknown }).code).toBe('ERR_SET_LOCAL_DESCRIPTION')
  })
})
