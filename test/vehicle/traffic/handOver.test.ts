import { describe, expect, it } from 'vitest'
import type { Convoy } from '../../../lib/index.ts'
import { isFullyConnected } from '../../support/simulatedWorld.ts'
import {
  at,
  convoyWithTraffic,
  expectAgreement,
  ownersBy,
  seenBy,
  Simulation,
  type ConvoyWithTraffic,
} from './support.ts'

/** Runs for `ms`, every 50 ms of which each of `ids` must be shown in full by each of `convoys` that doesn't own it. */
async function runWithoutVanishing(
  { world }: ConvoyWithTraffic,
  convoys: readonly Convoy[],
  ids: readonly number[],
  ms: number,
): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    await world.clock.run(50)
    for (const convoy of convoys) {
      const seen = seenBy(convoy)
      const own = convoy.traffic.owned()
      const shown = ids.filter((id) => own.includes(id) !== (seen.get(id)?.opacity === 1))
      expect(shown).toEqual(ids)
    }
  }
}

describe('a vehicle whose owner leaves', () => {
  it('[TRF-21] goes on with the member nearest to it, from where it was, and never vanishes', async () => {
    const setUp = await convoyWithTraffic()
    const { world, convoys, simulations } = setUp
    const [anna, ben, cleo] = convoys
    const near = ben.traffic.spawn(at(310, 0, 0), { model: 'van' })
    const far = ben.traffic.spawn(at(90), { model: 'bus' })
    await world.clock.run(1_000)
    const leaving = ben.close()
    await runWithoutVanishing(setUp, [anna, cleo], [near, far], 3_000)
    await world.clock.complete(leaving)
    expectAgreement([anna, cleo])
    expect(ownersBy(anna)).toEqual(
      new Map([
        [near, cleo.self.id],
        [far, anna.self.id],
      ]),
    )
    expect(simulations[2].states.get(near)?.x).toBeCloseTo(310, 1)
    expect(cleo.traffic.set(near, at(310, 50))).toBe(true)
    await world.clock.run(1_500)
    expect(seenBy(anna).get(near)?.z).toBeCloseTo(50, 1)
    expect(anna.traffic.sample()[0]?.model).toBe('van')
    await world.close()
  })

  it('[TRF-21] coasts to a halt when its owner crashes, until somebody takes over within seconds', async () => {
    const setUp = await convoyWithTraffic()
    const { world, convoys } = setUp
    const [anna, ben, cleo] = convoys
    const id = ben.traffic.spawn(at(250, 0, 20))
    await world.clock.run(1_000)
    world.network.kill('ben')
    let slowest = Infinity
    let before = seenBy(anna).get(id)?.z ?? NaN
    for (let passed = 0; passed < 6_000; passed += 50) {
      await runWithoutVanishing(setUp, [anna, cleo], [id], 50)
      const z = seenBy(anna).get(id)?.z ?? before
      slowest = Math.min(slowest, before - z)
      before = z
    }
    // Never backwards.
    expect(slowest).toBeGreaterThan(-0.05)
    expectAgreement([anna, cleo])
    expect(ownersBy(anna).get(id)).toBe(cleo.self.id)
    await world.clock.run(15_000)
    expectAgreement([anna, cleo])
    await world.close()
  })

  it('[TRF-21] is given back to nobody twice: an owner that was only silent hears that it is another’s', async () => {
    const setUp = await convoyWithTraffic()
    const { world, convoys, simulations } = setUp
    const [, ben] = convoys
    const id = ben.traffic.spawn(at(250))
    await world.clock.run(1_000)
    world.network.peer('ben').freeze()
    await world.clock.run(8_000)
    world.network.peer('ben').thaw()
    await world.clock.run(10_000)
    expectAgreement(convoys)
    expect(simulations[1].released).toEqual([id])
    expect(ben.traffic.set(id, at(1))).toBe(false)
    await world.close()
  })

  it('[TRF-21] fades when nobody takes it over', async () => {
    const setUp = await convoyWithTraffic({}, { acceptsTraffic: false })
    const [anna, ben, cleo] = setUp.convoys
    const id = ben.traffic.spawn(at(250))
    await setUp.world.clock.run(1_000)
    await setUp.world.clock.complete(ben.close())
    await setUp.world.clock.run(800)
    for (const convoy of [anna, cleo]) {
      const { opacity } = seenBy(convoy).get(id) ?? { opacity: NaN }
      expect(opacity).toBeGreaterThan(0)
      expect(opacity).toBeLessThan(1)
    }
    await setUp.world.clock.run(2_500)
    for (const convoy of [anna, cleo]) expect(ownersBy(convoy).size).toBe(0)
    expect(setUp.simulations[0].removed).toEqual([[id, 'abandoned']])
    await setUp.world.close()
  })

  it('[TRF-24] goes on without the host, whether it left or crashed', async () => {
    for (const crash of [false, true]) {
      const setUp = await convoyWithTraffic()
      const { world, convoys } = setUp
      const [anna, ben, cleo] = convoys
      const ids = [anna.traffic.spawn(at(150)), anna.traffic.spawn(at(390))]
      await world.clock.run(1_000)
      const left = crash ? world.network.kill('anna') : anna.close()
      await runWithoutVanishing(setUp, [ben, cleo], ids, 22_000)
      if (left !== undefined) await world.clock.complete(left)
      expectAgreement([ben, cleo])
      expect([...ownersBy(ben).values()].sort()).toEqual([ben.self.id, cleo.self.id].sort())
      // And once more, without any host to ask.
      await world.clock.complete(ben.close())
      await runWithoutVanishing(setUp, [cleo], ids, 2_000)
      expect(cleo.traffic.owned().sort()).toEqual(ids)
      await world.close()
    }
  })

  it('[TRF-21] is never left to a member that has as many as it may', async () => {
    const setUp = await convoyWithTraffic()
    const { world, convoys } = setUp
    const [anna, ben, cleo] = convoys
    await world.clock.complete(anna.setRules({ maxAiVehiclesPlayer: 3 }))
    await world.clock.run(500)
    for (let count = 0; count < 3; count++) ben.traffic.spawn(at(310 + count))
    cleo.traffic.spawn(at(300))
    cleo.traffic.spawn(at(301))
    await world.clock.run(500)
    await world.clock.complete(ben.close())
    await world.clock.run(3_000)
    expectAgreement([anna, cleo])
    expect([anna, cleo].map((convoy) => convoy.traffic.owned().length)).toEqual([2, 3])
    await world.close()
  })
})

describe('a vehicle that another member is clearly nearer to', () => {
  it('[TRF-22] passes on after two seconds, and its former owner sees it go on', async () => {
    const setUp = await convoyWithTraffic()
    const { world, convoys, simulations } = setUp
    const [anna, ben, cleo] = convoys
    const id = ben.traffic.spawn(at(600, 0, 0))
    cleo.setVehicle(at(590))
    await world.clock.run(1_500)
    expect(ben.traffic.owned()).toEqual([id])
    await runWithoutVanishing(setUp, convoys, [id], 3_000)
    expectAgreement(convoys)
    expect(ownersBy(anna).get(id)).toBe(cleo.self.id)
    expect(simulations.map(({ adopted, released }) => [adopted, released])).toEqual([
      [[], []],
      [[], [id]],
      [[id], []],
    ])
    await world.close()
  })

  it('[TRF-22] stays where both are about as near', async () => {
    const { world, convoys } = await convoyWithTraffic()
    const [, ben, cleo] = convoys
    const id = ben.traffic.spawn(at(265))
    cleo.setVehicle(at(290))
    await world.clock.run(10_000)
    expect(ben.traffic.owned()).toEqual([id])
    await world.close()
  })

  it('[TRF-22] has one owner at any time, also while its owner leaves at that moment and a fifth of all is lost', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const { world, convoys } = await convoyWithTraffic({ seed, delayMs: 60, jitterMs: 30, lossPercent: 20 })
      const [anna, ben, cleo] = convoys
      const ids = Array.from({ length: 8 }, (_, place) => ben.traffic.spawn(at(600 + place)))
      // What the arbiter never heard of it can't pass on: a lost announcement is repeated after seconds only.
      await world.clock.runUntil(() => [anna, cleo].every((convoy) => ownersBy(convoy).size === ids.length))
      cleo.setVehicle(at(590))
      await world.clock.run(2_000 + seed * 200)
      if (seed % 2 === 0) world.network.kill('ben')
      else void ben.close()
      await world.clock.run(30_000)
      expectAgreement([anna, cleo])
      expect([...ownersBy(anna).keys()].sort()).toEqual(ids)
      await world.close()
    }
  })

  it('[TRF-22] ends up with one owner when several race past it', async () => {
    const { world, convoys } = await convoyWithTraffic({
      seed: 3,
      delayMs: 80,
      jitterMs: 40,
      lossPercent: 20,
    })
    const ids = convoys.flatMap((convoy, place) => [
      convoy.traffic.spawn(at(5_000 + place)),
      convoy.traffic.spawn(at(6_000 + place)),
    ])
    for (let second = 0; second < 60; second++) {
      convoys.forEach((convoy, place) => convoy.setVehicle(at(3_000 + ((second + place * 7) % 20) * 200)))
      await world.clock.run(1_000)
    }
    await world.clock.run(10_000)
    expectAgreement(convoys)
    expect([...ownersBy(convoys[0]).keys()].sort()).toEqual(ids.sort())
    await world.close()
  })
})

describe('a member that takes a slot', () => {
  it('mixes nothing up with the vehicles of who had it before', async () => {
    const setUp = await convoyWithTraffic()
    const { world, convoys } = setUp
    const [anna, ben, cleo] = convoys
    const former = ben.traffic.spawn(at(310))
    await world.clock.run(500)
    await world.clock.complete(anna.kick(ben.self.id))
    await world.clock.run(2_000)
    const dora = await world.join('dora', anna.invite)
    new Simulation(dora)
    expect(dora.self.slot).toBe(1)
    const fresh = dora.traffic.spawn(at(1_000))
    dora.setVehicle(at(1_010))
    await runWithoutVanishing({ ...setUp }, [anna, cleo], [former], 5_000)
    expectAgreement([anna, cleo, dora])
    expect(fresh).not.toBe(former)
    for (const convoy of [anna, cleo]) {
      const places = new Map([...seenBy(convoy)].map(([id, { x }]) => [id, Math.round(x)]))
      expect(places.get(fresh)).toBe(1_000)
      expect(places.get(former) ?? 310).toBe(310)
    }
    await world.close()
  })

  it('mixes nothing up when a member comes back as another process', async () => {
    const { world, convoys } = await convoyWithTraffic()
    const [anna, ben, cleo] = convoys
    const former = ben.traffic.spawn(at(310))
    await world.clock.run(500)
    world.network.kill('ben')
    await world.clock.run(500)
    const again = await world.join('ben', anna.invite)
    new Simulation(again)
    await world.clock.run(3_000)
    const fresh = again.traffic.spawn(at(1_000))
    await world.clock.run(5_000)
    expect(fresh).not.toBe(former)
    expectAgreement([anna, cleo, again])
    expect([...ownersBy(anna).keys()].sort()).toEqual([former, fresh].sort())
    await world.close()
  })
})

describe('a member that was cut off from all others', () => {
  it('[TRF-21] owns nothing any more when it is back, and sees what became of its vehicles', async () => {
    const { world, convoys, simulations } = await convoyWithTraffic()
    const [anna, ben, cleo] = convoys
    const ids = [ben.traffic.spawn(at(310)), cleo.traffic.spawn(at(320))]
    await world.clock.run(1_000)
    const heals = [world.network.cut('ben', 'anna'), world.network.cut('ben', 'cleo')]
    await world.clock.run(40_000)
    expectAgreement([anna, cleo])
    // On its own it went on with all there was.
    expect(ben.traffic.owned().sort()).toEqual(ids)
    for (const heal of heals) heal()
    await world.clock.runUntil(() => isFullyConnected(ben, 3))
    await world.clock.run(3_000)
    expectAgreement(convoys)
    expect(cleo.traffic.owned().sort()).toEqual(ids)
    expect(simulations[1].removed).toContainEqual([ids[0], 'abandoned'])
    const fresh = ben.traffic.spawn(at(210))
    await world.clock.run(1_000)
    expect(ownersBy(anna).get(fresh)).toBe(ben.self.id)
    expectAgreement(convoys)
    await world.close()
  })
})

describe('a run with traffic', () => {
  it('[SIM-1] replays bit for bit from its seed', async () => {
    const run = async (seed: number): Promise<unknown> => {
      const { world, convoys } = await convoyWithTraffic({ seed, jitterMs: 15, lossPercent: 5 })
      const [anna, ben, cleo] = convoys
      for (let place = 0; place < 10; place++) ben.traffic.spawn(at(200 + 40 * place, 0, 10))
      await world.clock.run(4_000)
      world.network.kill('ben')
      await world.clock.run(6_000)
      const seen = [anna, cleo].map((convoy) => [...seenBy(convoy)])
      const trace = world.network.traceHash()
      await world.close()
      expect(world.clock.pendingTimers).toBe(0)
      return { trace, seen }
    }
    const first = await run(11)
    expect(await run(11)).toEqual(first)
    expect(await run(12)).not.toEqual(first)
  })
})
