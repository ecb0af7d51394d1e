import { describe, expect, it } from 'vitest'
import { overallQuality, qualityOf, type QualityLevel } from '../../lib/convoy/quality.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

const fine = { state: 'open', rttMs: 40, jitterMs: 5, lossIn: 0, lossOut: 0.01, congestion: 'none' } as const

describe('the quality of a connection', () => {
  it('is that of its worst measure, with advice that fits it', () => {
    expect(qualityOf(fine)).toEqual({ level: 'good', advice: 'All is well.' })
    expect(qualityOf({ ...fine, rttMs: 200 }).level).toBe('fair')
    expect(qualityOf({ ...fine, rttMs: 400, jitterMs: 30 })).toMatchObject({
      level: 'poor',
      advice: expect.stringContaining('takes long') as string,
    })
    expect(qualityOf({ ...fine, lossOut: 0.2, rttMs: 400 })).toMatchObject({
      level: 'poor',
      advice: expect.stringContaining('cable') as string,
    })
    expect(qualityOf({ ...fine, jitterMs: 60 }).advice).toContain('downloads')
    expect(qualityOf({ ...fine, state: 'suspect' }).level).toBe('broken')
  })

  it('that nothing was measured of yet is taken for good', () => {
    expect(qualityOf({ ...fine, rttMs: undefined }).level).toBe('good')
  })
})

describe('the quality of a convoy', () => {
  const of = (...levels: QualityLevel[]) => overallQuality(levels.map((level) => ({ level, advice: level })))

  it('follows most of its connections, and blames a single bad one on the other side', () => {
    expect(of().level).toBe('good')
    expect(of('good', 'good')).toEqual({ level: 'good', advice: 'good' })
    expect(of('good', 'good', 'good', 'broken')).toMatchObject({
      level: 'fair',
      advice: expect.stringContaining('1 of 4 connections is bad') as string,
    })
    expect(of('poor', 'poor', 'good').level).toBe('poor')
    expect(of('broken', 'broken', 'good')).toMatchObject({
      level: 'broken',
      advice: expect.stringContaining('your own connection') as string,
    })
    expect(of('broken')).toEqual({ level: 'broken', advice: 'broken' })
  })
})

describe('stats', () => {
  it.each([
    ['good', { delayMs: 20 }],
    ['fair', { delayMs: 110 }],
    ['poor', { delayMs: 30, lossPercent: 25 }],
  ] as const)('say "%s" of a network that is', async (level, conditions) => {
    const world = new SimulatedWorld(conditions)
    const [anna] = await world.convoy('Anna', 'Ben')
    await world.clock.run(20_000)
    expect(anna?.stats().quality.level).toBe(level)
    expect(anna?.stats().links.map(({ quality }) => quality.level)).toEqual([level])
    await world.close()
  })

  it('say "broken" as soon as the other side is silent', async () => {
    const world = new SimulatedWorld()
    const [anna] = await world.convoy('Anna', 'Ben')
    await world.clock.run(2_000)
    world.network.kill('Ben')
    await world.clock.run(1_200)
    expect(anna?.stats().quality.level).toBe('broken')
    await world.close()
  })
})
