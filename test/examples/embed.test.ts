import { expect, it } from 'vitest'
import { startSignaling } from '../../signaling/index.ts'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { startProgram } from '../support/program.ts'

it('the smallest host and joiner chat and see each other’s truck', async () => {
  const signaling = await startSignaling({ clock: createSystemClock(), random: systemRandom })
  try {
    using host = startProgram('examples/embed/host.ts', [signaling.url])
    const [invite] = await host.printed(/openconvoy:\S+/)
    using joiner = startProgram('examples/embed/join.ts', [invite])
    await Promise.all([
      joiner.printed(/^Ada: Welcome, Bruno!$/m),
      host.printed(/^Bruno: Hello!$/m),
      joiner.printed(/^a truck at -30243(\.\d+)?, -4986(\.\d+)?$/m),
      host.printed(/^a truck at -30240(\.\d+)?, -4986(\.\d+)?$/m),
    ])
    joiner.kill('SIGINT')
    host.kill('SIGINT')
    expect(await joiner.ended, joiner.errors).toBe(0)
    expect(await host.ended, host.errors).toBe(0)
  } finally {
    await signaling.close()
  }
})

it('a host that brings its own service is reached by a joiner on werift', async () => {
  using host = startProgram('examples/embed/signaling.ts')
  const [invite] = await host.printed(/openconvoy:\S+/)
  using joiner = startProgram('examples/embed/engine.ts', [invite])
  expect(await joiner.ended, joiner.errors).toBe(0)
  expect(joiner.output).toBe('Ada is here\n')
  host.kill('SIGINT')
  expect(await host.ended, host.errors).toBe(0)
})
