import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { webSocketRendezvous } from '../../lib/rendezvous/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { startProgram, type RunningProgram } from '../support/program.ts'

const environment = { clock: createSystemClock(), random: systemRandom }
const running: Disposable[] = []
afterEach(() => {
  for (const program of running.splice(0)) program[Symbol.dispose]()
})

function openconvoy(...args: string[]): RunningProgram {
  const program = startProgram('lib/cli/main.ts', args)
  running.push(program)
  return program
}

describe('openconvoy', () => {
  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    const program = openconvoy('--version')
    expect(await program.ended).toBe(0)
    expect(program.output).toBe(`${version}\n`)
  })

  it.each([[['--help']], [[]]])('explains itself with %j', async (args) => {
    const program = openconvoy(...args)
    expect(await program.ended).toBe(0)
    expect(program.output).toContain('signal')
    expect(program.output).not.toContain('\u001b')
  })

  it.each([
    ['a command that does not exist', ['sing'], 'there is no command "sing"'],
    ['a mistyped option', ['signal', '--prot', '7100'], 'there is no option --prot'],
    ['a port that is none', ['signal', '--port', 'high'], '--port takes a number'],
    ['a word too many', ['signal', 'now'], '"now" is one word too many'],
  ])('refuses %s in one line, with exit code 2', async (_name, args, message) => {
    const program = openconvoy(...args)
    expect(await program.ended).toBe(2)
    expect(program.errors).toContain(message)
    expect(program.errors.trim().split('\n')).toHaveLength(1)
    expect(program.output).toBe('')
  })
})

describe('openconvoy signal', () => {
  it('explains its options', async () => {
    const program = openconvoy('signal', '--help')
    expect(await program.ended).toBe(0)
    for (const option of ['--port', '--host', '--stun-port', '--json'])
      expect(program.output).toContain(option)
  })

  it('runs a service, prints the address friends need, and ends with 0 on Ctrl-C', async () => {
    const program = openconvoy('signal', '--port', '0', '--host', '127.0.0.1')
    const [, url] = await program.printed(/(ws:\/\/127\.0\.0\.1:\d+)/)
    await program.printed(/Ctrl-C/)
    const rendezvous = webSocketRendezvous(url!, environment)
    expect(await rendezvous.list()).toEqual([])
    expect(rendezvous.iceServers()).toHaveLength(1)
    program.kill('SIGINT')
    expect(await program.ended).toBe(0)
    await rendezvous.close()
    expect(program.errors).toBe('')
  })

  it('tells programs what happens as lines of JSON', async () => {
    const program = openconvoy('signal', '--port', '0', '--no-stun', '--json')
    await program.printed(/\n/)
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    const [listening, stopped, ...more] = program.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(listening).toMatchObject({ event: 'listening', port: expect.any(Number) as number, stunUrl: null })
    expect(stopped).toMatchObject({ event: 'stopped', stats: { clients: 0 } })
    expect(more).toEqual([])
  })

  it('says in one line, without a stack, that its port is in use', async () => {
    const other = await startSignaling(environment)
    const program = openconvoy('signal', '--port', String(other.port), '--host', '127.0.0.1', '--json')
    expect(await program.ended).toBe(1)
    await other.close()
    expect(program.errors).toMatch(
      /^openconvoy: TCP port \d+ on 127\.0\.0\.1 is in use by another program: .+\n$/,
    )
    expect(JSON.parse(program.output)).toMatchObject({ event: 'failed', code: 'port-in-use' })
  })
})
