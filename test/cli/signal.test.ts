import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { webSocketRendezvous } from '../../lib/rendezvous/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { foundSession } from '../compliance/rendezvous.ts'
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

  it('lets a joiner finish who is being introduced when it is stopped, and says that it waits', async () => {
    const program = openconvoy(
      'signal',
      '--port',
      '0',
      '--host',
      '127.0.0.1',
      '--no-stun',
      '--drain-seconds',
      '60',
    )
    const [, url] = await program.printed(/(ws:\/\/127\.0\.0\.1:\d+)/)
    const session = foundSession(environment.clock)
    const [host, joiner] = [webSocketRendezvous(url!, environment), webSocketRendezvous(url!, environment)]
    const hosted = await host.announce(await session.announcement())
    const arrived = new Promise((resolve) => hosted.on('route', resolve))
    const { route } = await joiner.reach(session.sessionId)
    await arrived
    program.kill('SIGTERM')
    await program.printed(/Waiting for 1 joiner to be introduced/)
    route.close()
    expect(await program.ended).toBe(0)
    await Promise.all([host.close(), joiner.close()])
  })

  it('serves metrics where it is told to, and logs lines of JSON to standard error', async () => {
    const options = ['--host', '127.0.0.1', '--metrics-port', '0', '--json', '--verbose']
    const program = openconvoy('signal', '--port', '0', ...options)
    const [line] = await program.printed(/^.*\n/)
    const { metricsUrl } = JSON.parse(line) as { metricsUrl: string }
    expect(await (await fetch(metricsUrl)).text()).toContain('openconvoy_signaling_ready 1')
    program.kill('SIGINT')
    expect(await program.ended).toBe(0)
    const logged = program.errors
      .trim()
      .split('\n')
      .map((entry) => JSON.parse(entry) as { level: number; msg: string })
    expect(logged.map(({ msg }) => msg)).toEqual([
      'The signaling service runs.',
      'The signaling service drains.',
      'The signaling service stopped.',
    ])
  })

  it.each([
    [['--drain-seconds', 'soon'], '--drain-seconds takes seconds'],
    [['--metrics-host', '0.0.0.0'], '--metrics-host needs --metrics-port'],
    [['--trusted-proxies', 'proxy.local'], 'not "proxy.local"'],
  ])('refuses %j in one line', async (args, message) => {
    const program = openconvoy('signal', '--port', '0', ...args)
    expect(await program.ended).toBeGreaterThan(0)
    expect(program.errors).toContain(message)
    expect(program.errors.trim().split('\n')).toHaveLength(1)
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
