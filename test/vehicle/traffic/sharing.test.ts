import { describe, expect, it } from 'vitest'
import { isConvoyError, type Convoy } from '../../../lib/index.ts'
import { at, convoyWithTraffic, droppedBy, expectAgreement, ownersBy, seenBy } from './support.ts'

describe('traffic', () => {
  it('[TRF-1] is seen by everybody where its owner sets it, and known by one id', async () => {
    const { world, convoys } = await convoyWithTraffic()
    const [anna, ben, cleo] = convoys
    const id = ben.traffic.spawn(at(250), { model: 'van' })
    await world.clock.run(1_000)
    for (const other of [anna, cleo]) {
      expect([...seenBy(other).keys()]).toEqual([id])
      expect(other.traffic.sample()[0]).toMatchObject({ ownerId: ben.self.id, model: 'van', opacity: 1 })
      expect(seenBy(other).get(id)?.x).toBeCloseTo(250, 1)
    }
    expect(ben.traffic.sample()).toEqual([])
    expect(ben.traffic.set(id, at(350))).toBe(true)
    await world.clock.run(1_000)
    expect(seenBy(anna).get(id)?.x).toBeCloseTo(350, 1)
    await world.close()
  })

  it('[TRF-2] goes when its owner removes it, and can’t be set any more', async () => {
    const { world, convoys, simulations } = await convoyWithTraffic()
    const [anna, ben] = convoys
    const id = ben.traffic.spawn(at(250))
    await world.clock.run(500)
    expect(anna.traffic.remove(id)).toBe(false)
    expect(anna.traffic.set(id, at(0))).toBe(false)
    expect(ben.traffic.remove(id)).toBe(true)
    await world.clock.run(200)
    expect(seenBy(anna).size).toBe(0)
    expect(ben.traffic.set(id, at(260))).toBe(false)
    expect(simulations.map(({ removed }) => removed)).toEqual([[[id, 'owner']], [], [[id, 'owner']]])
    await world.close()
  })

  it('[TRF-6] reaches members that join later, whoever owns it by then', async () => {
    const { world, convoys } = await convoyWithTraffic()
    const [anna, ben, cleo] = convoys
    const first = ben.traffic.spawn(at(250), { model: 'van' })
    const second = cleo.traffic.spawn(at(350), { model: 'bus' })
    await world.clock.run(500)
    await world.clock.complete(ben.close())
    await world.clock.run(1_000)
    const dora = await world.join('dora', anna.invite)
    await world.clock.run(5_000)
    const seen = dora.traffic.sample().map(({ id, model, opacity }) => [id, model, opacity])
    expect(seen.sort()).toEqual([
      [first, 'van', 1],
      [second, 'bus', 1],
    ])
    expect(new Map([...seenBy(dora)].map(([id, { ownerId }]) => [id, ownerId]))).toEqual(
      ownersBy(anna).size === 2 ? ownersBy(anna) : null,
    )
    await world.close()
  })

  it('refuses what is no vehicle, and models too long to draw', async () => {
    const { world, convoys } = await convoyWithTraffic()
    const [, ben] = convoys
    expect(() => ben.traffic.spawn({ ...at(1), x: NaN })).toThrow('x must be a finite number')
    expect(() => ben.traffic.spawn(at(1), { model: 'x'.repeat(49) })).toThrow('at most 48 characters')
    const id = ben.traffic.spawn(at(1))
    expect(() => ben.traffic.set(id, { ...at(1), x: NaN })).toThrow('x must be a finite number')
    await world.clock.complete(ben.close())
    expect(codeOf(() => ben.traffic.spawn(at(1)))).toBe('closed')
    await world.close()
  })

  it('[TRF-12] all goes at once when the host turns it off, and starts empty when it is on again', async () => {
    const { world, convoys, simulations } = await convoyWithTraffic()
    const [anna, ben, cleo] = convoys
    ben.traffic.spawn(at(250))
    cleo.traffic.spawn(at(350))
    await world.clock.run(500)
    await world.clock.complete(anna.setRules({ traffic: false }))
    await world.clock.run(100)
    for (const convoy of convoys) {
      expect(ownersBy(convoy).size).toBe(0)
      expect(codeOf(() => convoy.traffic.spawn(at(1)))).toBe('not-permitted')
    }
    for (const { removed } of simulations)
      expect(removed.map(([, reason]) => reason)).toEqual(['rule', 'rule'])
    await world.clock.complete(anna.setRules({ traffic: true }))
    await world.clock.run(25_000)
    for (const convoy of convoys) expect(ownersBy(convoy).size).toBe(0)
    ben.traffic.spawn(at(250))
    await world.clock.run(500)
    expectAgreement(convoys)
    expect(seenBy(cleo).size).toBe(1)
    await world.close()
  })

  it('[TRF-4] never shows a vehicle where another one is that has its former index, at 20 % loss', async () => {
    const { world, convoys } = await convoyWithTraffic({ lossPercent: 20, delayMs: 80, jitterMs: 60 })
    const [anna, ben] = convoys
    const present: number[] = []
    let shown = 0
    for (let count = 1; count <= 220; count++) {
      // Each stands where its number says.
      present.push(ben.traffic.spawn(at(count * 4, 600)))
      if (present.length > 20) ben.traffic.remove(present.shift() ?? NaN)
      for (let step = 0; step < 4; step++) {
        await world.clock.run(100)
        for (const [id, { x }] of seenBy(anna)) {
          shown++
          expect(Math.abs(x - (id % 2 ** 24) * 4)).toBeLessThan(1)
        }
      }
    }
    expect(shown).toBeGreaterThan(220 * 4 * 15)
    await world.close()
  })

  it('is not for spectators to spawn, but for them to see', async () => {
    const { world, convoys } = await convoyWithTraffic()
    const [anna, ben] = convoys
    await expect(
      world.join('eve', anna.invite, { vehicleClass: null, acceptsTraffic: true }),
    ).rejects.toMatchObject({ code: 'invalid-argument' })
    const eve = await world.join('eve', anna.invite, { vehicleClass: null })
    eve.traffic.on('adopted', () => undefined)
    ben.traffic.spawn(at(250))
    await world.clock.run(3_000)
    expect(seenBy(eve).size).toBe(1)
    expect(codeOf(() => eve.traffic.spawn(at(1)))).toBe('not-permitted')
    await world.close()
  })
})

describe('limits of traffic', () => {
  const spawnAll = (convoy: Convoy, count: number): number => {
    for (let spawned = 0; spawned < count; spawned++) {
      try {
        // About as far from all of them.
        convoy.traffic.spawn(at(spawned, 800))
      } catch (error) {
        if (!isConvoyError(error, 'traffic-limit')) throw error
        return spawned
      }
    }
    return count
  }

  it('[TRF-10] lets a member own and spawn as many as the rules say', async () => {
    const { world, convoys } = await convoyWithTraffic()
    const [anna, ben] = convoys
    expect(spawnAll(ben, 80)).toBe(50)
    await world.clock.complete(anna.setRules({ maxAiVehiclesPlayer: 60, maxAiVehiclesPlayerSpawn: 55 }))
    await world.clock.run(200)
    expect(spawnAll(ben, 80)).toBe(5)
    await world.clock.run(1_000)
    for (const convoy of convoys) expect(ownersBy(convoy).size).toBe(55)
    await world.clock.complete(anna.setRules({ maxAiVehiclesPlayer: 20 }))
    await world.clock.run(1_000)
    expectAgreement(convoys)
    expect(ben.traffic.owned()).toHaveLength(20)
    await world.close()
  })

  it('[TRF-11] shares the total evenly, trucks included, and all agree without asking anybody', async () => {
    const { world, convoys } = await convoyWithTraffic()
    const [anna, ben, cleo] = convoys
    await world.clock.complete(anna.setRules({ maxVehiclesTotal: 33 }))
    await world.clock.run(200)
    expect(spawnAll(ben, 50)).toBe(30)
    await world.clock.run(500)
    // Each may have its share, though another was there first.
    expect(spawnAll(cleo, 50)).toBe(15)
    expect(spawnAll(anna, 50)).toBe(15)
    await world.clock.run(3_000)
    expectAgreement(convoys)
    expect(convoys.map((convoy) => convoy.traffic.owned().length)).toEqual([10, 10, 10])
    expect(droppedBy(ben, 'traffic-over-limit')).toBeGreaterThan(0)
    await world.close()
  })
})

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run()
  } catch (error) {
    if (isConvoyError(error)) return error.code
  }
  return undefined
}
