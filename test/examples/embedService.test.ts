import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createIdentity, joinConvoy } from '../../lib/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { startProgram } from '../support/program.ts'

let folder = ''
let signaling: Awaited<ReturnType<typeof startSignaling>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openconvoy-service-'))
  signaling = await startSignaling({})
  vi.stubEnv('CONVOY_SIGNALING', signaling.url)
  vi.stubEnv('CONVOY_PASSWORD', 'diesel')
  vi.stubEnv('CONVOY_ALLOW_LIST', join(folder, 'allowed.txt'))
  vi.stubEnv('CONVOY_IDENTITY', join(folder, 'identity'))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await signaling.close()
  await rm(folder, { recursive: true })
})

interface Line {
  time: string
  level: string
  message: string
  id?: string
  invite: string
}

const linesOf = (output: string): Line[] =>
  output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

it('the service admits whom its password and its list let in, welcomes them, and stops on Ctrl-C', async () => {
  const identity = createIdentity()
  await writeFile(join(folder, 'allowed.txt'), '')
  using service = startProgram('examples/embed/service.ts')
  await service.printed(/"message":"hosting".*\n/)
  const { invite } = linesOf(service.output).find(({ message }) => message === 'hosting')!
  const options = { name: 'Bruno', identity, password: 'diesel' }

  await expect(joinConvoy(invite, { ...options, password: 'petrol' })).rejects.toMatchObject({
    code: 'password-wrong',
  })
  await expect(joinConvoy(invite, options)).rejects.toMatchObject({ code: 'admit-refused' })
  expect(linesOf(service.output)).toContainEqual(
    expect.objectContaining({ message: 'refused', id: identity.fingerprint, name: 'Bruno' }),
  )

  // Read anew at each knock.
  await writeFile(join(folder, 'allowed.txt'), `${identity.fingerprint}\n`)
  const convoy = await joinConvoy(invite, options)
  try {
    const welcome = new Promise<string>((resolve) => convoy.on('chat', ({ text }) => resolve(text)))
    expect(await welcome).toMatch(/^Welcome, Bruno!/)
    expect(convoy.host).toMatchObject({ name: 'Service', vehicleClass: null })
    expect(convoy.rules).toMatchObject({ lobbyName: 'Open all night', maxPlayers: 16 })
    const [stats] = await service.printed(/.*"message":"stats".*\n/)
    expect(JSON.parse(stats)).toMatchObject({
      dropped: { 'refused-password-wrong': 1, 'refused-admit-refused': 1 },
    })
  } finally {
    await convoy.close()
  }
  await service.printed(/"message":"left".*"reason":"left"/)

  service.kill('SIGINT')
  expect(await service.ended, service.output + service.errors).toBe(0)
  expect(service.errors).toBe('')
  expect(linesOf(service.output).at(-1)).toMatchObject({ level: 'info', message: 'stopped' })
}, 60_000)

it('the service keeps its identity, in a file that is its own', async () => {
  const idOf = async (): Promise<string | undefined> => {
    using service = startProgram('examples/embed/service.ts')
    await service.printed(/"message":"hosting".*\n/)
    service.kill('SIGTERM')
    expect(await service.ended).toBe(0)
    return linesOf(service.output).find(({ message }) => message === 'hosting')?.id
  }
  const first = await idOf()
  expect(first).toBe(createIdentity({ seed: await readFile(join(folder, 'identity')) }).fingerprint)
  expect(await idOf()).toBe(first)
  expect((await stat(join(folder, 'identity'))).mode & 0o777).toBe(0o600)
})

it('the service fails with one line that says why, when there is no signaling service', async () => {
  vi.stubEnv('CONVOY_SIGNALING', 'ws://127.0.0.1:9')
  try {
    using service = startProgram('examples/embed/service.ts')
    expect(await service.ended).toBe(1)
    expect(linesOf(service.output).at(-1)).toMatchObject({ level: 'error', message: 'failed' })
  } finally {
    vi.stubEnv('CONVOY_SIGNALING', signaling.url)
  }
})
