import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { webSocketRendezvous } from '../../lib/rendezvous/index.ts'
import { startProgram, type RunningProgram } from '../support/program.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function signal(...args: string[]): RunningProgram {
  const program = startProgram('lib/cli/main.ts', ['signal', '--port', '0', '--host', '127.0.0.1', ...args])
  closing.push(() => program[Symbol.dispose]())
  return program
}

async function secretFile(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'openconvoy-turn-'))
  closing.push(() => rm(folder, { recursive: true }))
  const file = join(folder, 'secret')
  await writeFile(file, content)
  return file
}

describe('openconvoy signal --turn', () => {
  it('[NAT-1] hands out credentials for the TURN servers that it names, made with the secret in a file', async () => {
    const file = await secretFile('not for anybody\n')
    const urls = 'turn:127.0.0.1:3478,turns:turn.example.org'
    const program = signal('--turn', urls, '--turn-secret-file', file)
    const [, url] = await program.printed(/(ws:\/\/127\.0\.0\.1:\d+)/)
    const rendezvous = webSocketRendezvous(url!, { clock: createSystemClock(), random: systemRandom })
    await rendezvous.list()
    expect(rendezvous.iceServers()[1]).toMatchObject({ urls: urls.split(',') })
    await rendezvous.close()
    program.kill('SIGINT')
    expect(await program.ended).toBe(0)
    expect(program.output + program.errors).not.toContain('not for anybody')
  })

  it.each([
    ['without a secret', ['--turn', 'turn:a'], /static-auth-secret is missing/],
    [
      'with a file that is not there',
      ['--turn', 'turn:a', '--turn-secret-file', '/nowhere/x'],
      /can't be read/,
    ],
    ['with an address that is none', ['--turn', 'turn.example.org'], /--turn takes addresses/],
    ['with a secret alone', ['--turn-secret-file', '/nowhere/x'], /needs --turn/],
  ])('refuses to start %s, with exit code 2', async (_name, args, message) => {
    const program = signal(...args)
    expect(await program.ended).toBe(2)
    expect(program.errors).toMatch(message)
  })

  it('refuses to start with an empty file', async () => {
    const program = signal('--turn', 'turn:a', '--turn-secret-file', await secretFile('\n'))
    expect(await program.ended).toBe(2)
    expect(program.errors).toMatch(/static-auth-secret is missing/)
  })
})
