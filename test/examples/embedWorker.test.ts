import { expect, it } from 'vitest'
import { emptyVehicleState, hostConvoy } from '../../lib/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { startProgram } from '../support/program.ts'

it('a convoy on a thread of its own hands its trucks over and takes the one of the main thread', async () => {
  const signaling = await startSignaling({})
  const host = await hostConvoy({ name: 'Ada', rendezvous: signaling.url })
  try {
    host.setVehicle({ ...emptyVehicleState(), x: -30_243, y: 12, z: -4_986 })
    using program = startProgram('examples/embed/worker/main.ts', [host.invite])
    const [, id] = await program.printed(/^joined as (\S+)$/m)
    await program.printed(/^a truck at -30243(\.\d+)?, -4986(\.\d+)?$/m)
    await expect
      .poll(() => host.vehicles.sample().map(({ memberId, state }) => [memberId, Math.round(state.x)]))
      .toEqual([[id, -30_237]])

    program.kill('SIGINT')
    expect(await program.ended, program.errors).toBe(0)
    expect(program.errors).toBe('')
    await expect.poll(() => host.members.length).toBe(1)
  } finally {
    await host.close()
    await signaling.close()
  }
})

it('a worker that can’t join says why and ends the program', async () => {
  using program = startProgram('examples/embed/worker/main.ts', ['nonsense'])
  expect(await program.ended).toBe(1)
  expect(program.errors).toContain('invite')
})
