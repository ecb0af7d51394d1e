import { describe, expect, it } from 'vitest'
import { ConvoyError, Counters, errorCodes, isConvoyError } from '../../lib/core/index.ts'

describe('ConvoyError', () => {
  it('carries code, message, cause and details', () => {
    const cause = new Error('socket closed')
    const error = new ConvoyError('host-gone', 'The host left.', { cause, details: { epoch: 2 } })
    expect(error).toMatchObject({ name: 'ConvoyError', code: 'host-gone', message: 'The host left.', cause })
    expect(error.details).toEqual({ epoch: 2 })
    expect(error).toBeInstanceOf(Error)
  })

  it('has no cause where none was given', () => {
    expect('cause' in new ConvoyError('closed', 'Closed.')).toBe(false)
  })

  it('is told from other errors, and by code', () => {
    const error = new ConvoyError('banned', 'You are banned.')
    expect(isConvoyError(error)).toBe(true)
    expect(isConvoyError(error, 'banned')).toBe(true)
    expect(isConvoyError(error, 'kicked')).toBe(false)
    expect(isConvoyError(new Error('banned'))).toBe(false)
  })

  it('has a meaning written down for every code, in a sentence', () => {
    for (const meaning of Object.values(errorCodes)) expect(meaning).toMatch(/^[A-Z].*\.$/)
  })
})

describe('Counters', () => {
  it('counts by name and in total, and hands out copies', () => {
    const counters = new Counters<'expired' | 'replayed'>()
    counters.add('expired')
    counters.add('expired', 2)
    const before = counters.snapshot()
    counters.add('replayed')
    expect(before).toEqual({ expired: 3 })
    expect(counters.snapshot()).toEqual({ expired: 3, replayed: 1 })
    expect([counters.get('expired'), counters.get('replayed'), counters.total]).toEqual([3, 1, 4])
  })

  it('has counted nothing of a name it has never seen', () => {
    expect(new Counters().get('anything')).toBe(0)
  })
})
