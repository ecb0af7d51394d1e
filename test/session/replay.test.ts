import { describe, expect, it } from 'vitest'
import { emptyVehicleState } from '../../lib/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

/** Five members on a bad network, one of whom crashes and comes back: what was delivered, and what came of it. */
async function run(seed: number): Promise<{ trace: string; rosters: unknown }> {
  const world = new SimulatedWorld({ seed, delayMs: 40, jitterMs: 15, lossPercent: 5, duplicatePercent: 2 })
  const all = await world.convoy('Anna', 'Ben', 'Cem', 'Dora')
  const state = emptyVehicleState()
  all.forEach((convoy, index) => {
    state.x = 100 + index * 30
    convoy.setVehicle(state)
  })
  await world.clock.run(2_000)
  world.network.kill('Cem')
  await world.clock.run(5_000)
  const cem = await world.join('Cem', all[0]?.invite ?? '')
  await world.clock.run(3_000)
  const rosters = [...all, cem].map((convoy) =>
    convoy.members.map(({ name, slot, pingMs }) => [name, slot, pingMs]),
  )
  const trace = world.network.traceHash()
  await world.close()
  return { trace, rosters }
}

describe('a whole convoy in simulation', () => {
  it('[SIM-1] replays bit for bit from its seed', async () => {
    const first = await run(4711)
    expect(await run(4711)).toEqual(first)
    expect((await run(4712)).trace).not.toBe(first.trace)
  })
})
