import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SimulatedWorld, recordOf } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
beforeEach(() => {
  world = new SimulatedWorld({ jitterMs: 10, lossPercent: 5 })
})
afterEach(async () => {
  await world.close()
})

describe('session time', () => {
  it('[TIM-1] is the same for all members to a few milliseconds, late joiners included', async () => {
    const [anna, ben] = await world.convoy('Anna', 'Ben')
    await world.clock.run(20_000)
    const cleo = await world.join('Cleo', anna?.invite ?? '')
    await world.clock.run(10_000)
    const times = [anna, ben, cleo].map((convoy) => convoy?.time.now() ?? NaN)
    for (const time of times) expect(Math.abs(time - (times[0] ?? NaN))).toBeLessThan(5)
    expect(times[0]).toBeGreaterThan(30_000)
  })

  it('[TIM-1] goes on for the members when the host is gone', async () => {
    const [anna, ben] = await world.convoy('Anna', 'Ben')
    await world.clock.run(5_000)
    const before = ben?.time.now() ?? NaN
    await world.clock.complete(anna?.close() ?? Promise.resolve())
    await world.clock.run(30_000)
    expect((ben?.time.now() ?? NaN) - before).toBeGreaterThan(30_000)
    expect((ben?.time.now() ?? NaN) - before).toBeLessThan(32_500)
  })
})

describe('game time', () => {
  it('[TIM-2] is what the host set, at the pace it set, for those who join later as well', async () => {
    const [anna, ben] = await world.convoy('Anna', 'Ben')
    const told = ben === undefined ? [] : recordOf(ben, 'gameTimeChanged')
    expect(anna?.time.game()).toBeUndefined()
    await world.clock.complete(anna?.time.setGame(20 * 60, 19) ?? Promise.resolve())
    await world.clock.run(60_000)
    expect(told.length).toBe(1)
    const cleo = await world.join('Cleo', anna?.invite ?? '')
    await world.clock.run(5_000)
    const own = anna?.time.game()
    expect(own?.scale).toBe(19)
    expect(own?.minutes).toBeGreaterThan(20 * 60 + 19)
    for (const convoy of [ben, cleo]) {
      expect(Math.abs((convoy?.time.game()?.minutes ?? NaN) - (own?.minutes ?? NaN))).toBeLessThan(0.01)
    }
  })

  it('[TIM-2] is set by the host alone, to times that exist', async () => {
    const [anna, ben] = await world.convoy('Anna', 'Ben')
    await expect(ben?.time.setGame(0)).rejects.toMatchObject({ code: 'not-permitted' })
    for (const [minutes, scale] of [
      [-1, 1],
      [NaN, 1],
      [2 ** 32, 1],
      [0, -1],
      [0, 1_001],
      [0, Infinity],
    ] as const) {
      await expect(anna?.time.setGame(minutes, scale)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  it('[TIM-3] setting the time of day moves no vehicle', async () => {
    const { emptyVehicleState } = await import('../../lib/index.ts')
    const [anna, ben] = await world.convoy('Anna', 'Ben')
    const driven = { ...emptyVehicleState(), x: 100, y: 10, z: -100, velocityZ: -20 }
    const startedAt = world.clock.now()
    const stop = world.clock.every(50, () => {
      driven.z = -100 - (20 * (world.clock.now() - startedAt)) / 1_000
      anna?.setVehicle(driven)
    })
    await world.clock.run(5_000)
    const errors: number[] = []
    const look = world.clock.every(16, () => {
      const shown = ben?.vehicles.sample()[0]?.state.z
      if (shown !== undefined)
        errors.push(Math.abs(shown - (-100 - (20 * (world.clock.now() - startedAt)) / 1_000)))
    })
    await world.clock.complete(anna?.time.setGame(3 * 60, 19) ?? Promise.resolve())
    await world.clock.run(2_000)
    await world.clock.complete(anna?.time.setGame(0, 0) ?? Promise.resolve())
    await world.clock.run(2_000)
    stop()
    look()
    expect(errors.length).toBeGreaterThan(200)
    expect(Math.max(...errors)).toBeLessThan(0.3)
  })
})
