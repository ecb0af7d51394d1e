import { createSocket } from 'node:dgram'
import { afterEach, describe, expect, it } from 'vitest'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { examineNetwork } from '../../lib/cli/doctor/examineNetwork.ts'
import type { FamilyReport, NetworkReport } from '../../lib/cli/doctor/networkReport.ts'
import { describeNetwork } from '../../lib/cli/doctor/networkText.ts'
import { verdictOf } from '../../lib/cli/doctor/verdict.ts'
import type { IceServer } from '../../lib/rtc/index.ts'
import { startSignaling, type SignalingOptions, type SignalingService } from '../../signaling/index.ts'
import { startProgram, type RunningProgram } from '../support/program.ts'
import { TestTurnServer, type TestTurnOptions } from '../support/turnServer.ts'

const clock = createSystemClock()
const secret = 'a secret'
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function turnServer(options: Partial<TestTurnOptions> = {}): Promise<TestTurnServer> {
  const server = await TestTurnServer.start({ secret, ...options })
  closing.push(() => server.close())
  return server
}

async function service(options: Partial<SignalingOptions> = {}): Promise<SignalingService> {
  const started = await startSignaling({ clock, random: systemRandom, ...options })
  closing.push(() => started.close())
  return started
}

function examine(services: readonly string[], iceServers: readonly IceServer[] = []): Promise<NetworkReport> {
  return examineNetwork({
    services,
    iceServers,
    clock,
    random: systemRandom,
    signal: AbortSignal.timeout(9_000),
  })
}

const stunOf = ({ port }: TestTurnServer): IceServer => ({ urls: `stun:127.0.0.1:${port}` })
const throughRouter = (port: (seen: number) => number) => (seen: { port: number }) => ({
  address: '203.0.113.7',
  port: port(seen.port),
})

describe('what a network allows', () => {
  it('[NAT-50] tells of a service, its STUN, and a relay from the TURN server that it names', async () => {
    const turn = await turnServer()
    const { url } = await service({ turn: { urls: [turn.url], secret } })
    const report = await examine([url])
    expect(report).toMatchObject({
      services: [{ url, reached: true }],
      ipv4: { udp: true, mapping: 'none', largestPacket: 1_500 },
      turn: [{ url: turn.url, transport: 'udp', outcome: 'relay' }],
      verdict: 'direct',
    })
    expect(turn.allocations).toBe(1)
  })

  it('[NAT-51] tells a router that keeps one port from one that shows each server another', async () => {
    // Two servers at one address can show that ports differ, not that they never do.
    const same = [
      await turnServer({ mappedTo: throughRouter((port) => port) }),
      await turnServer({ mappedTo: throughRouter((port) => port) }),
    ]
    expect((await examine([], same.map(stunOf))).ipv4).toMatchObject({ mapping: 'unknown', udp: true })
    const other = [
      await turnServer({ mappedTo: throughRouter((port) => port) }),
      await turnServer({ mappedTo: throughRouter((port) => port ^ 1) }),
    ]
    const report = await examine([], other.map(stunOf))
    expect(report).toMatchObject({ ipv4: { mapping: 'per-destination' }, verdict: 'limited' })
    expect(describeNetwork(report)).toContain('You and another player behind such a router')
  })

  it('[NAT-51] says that one server is not enough to tell', async () => {
    const only = await turnServer({ mappedTo: throughRouter((port) => port) })
    const report = await examine([], [stunOf(only)])
    expect(report).toMatchObject({ ipv4: { mapping: 'unknown' }, verdict: 'unclear' })
    expect(describeNetwork(report)).toContain('takes two servers to tell')
  })

  it.each([
    ['have expired', { ...TestTurnServer.credentials(secret, -10) }],
    ['are those of another server', { ...TestTurnServer.credentials('another secret') }],
  ])('[NAT-52] tells that TURN credentials %s', async (_name, credentials) => {
    const turn = await turnServer()
    const report = await examine([], [{ urls: turn.url, ...credentials }])
    expect(report.turn).toMatchObject([{ outcome: 'credentials-refused', code: 401 }])
    expect(describeNetwork(report)).toContain('refuses the credentials (401)')
  })

  it.each([
    ['full', { refuseWith: 508 }, { outcome: 'refused', code: 508 }, 'it is full'],
    ['at its quota', { refuseWith: 486 }, { outcome: 'refused', code: 486 }, 'quota is used up'],
    ['mute', { mute: true }, { outcome: 'silent' }, 'does not answer'],
  ])('[NAT-52] tells that a TURN server is %s', async (_name, options, finding, words) => {
    const turn = await turnServer(options)
    const report = await examine([], [{ urls: turn.url, ...TestTurnServer.credentials(secret) }])
    expect(report.turn).toMatchObject([finding])
    expect(describeNetwork(report)).toContain(words)
  })

  it('[NAT-52] finds the relay over TCP where UDP is blocked', async () => {
    const turn = await turnServer({ tcp: true })
    const silent = await turnServer({ mute: true })
    const servers = [
      stunOf(silent),
      { urls: `${turn.url}?transport=tcp`, ...TestTurnServer.credentials(secret) },
    ]
    const report = await examine([], servers)
    expect(report).toMatchObject({
      ipv4: { udp: false },
      turn: [{ transport: 'tcp', outcome: 'relay' }],
      verdict: 'relayed',
    })
    expect(describeNetwork(report)).toContain('UDP is blocked, or they are down')
  })

  it('[NAT-53] tells which packets get through', async () => {
    // 1,300 bytes of UDP payload are packets of 1,328.
    const narrow = await turnServer({ dropAbove: 1_300 })
    expect((await examine([], [stunOf(narrow)])).ipv4.largestPacket).toBe(1_280)
  })

  it('[NAT-50] tells of a service that is not there, and of garbage that answers', async () => {
    const report = await examine(['ws://127.0.0.1:9'])
    expect(report).toMatchObject({ services: [{ reached: false }], verdict: 'no-service' })
    expect(describeNetwork(report)).toContain('you can neither host nor join')
    const liar = createSocket('udp4')
    await new Promise<void>((resolve) => liar.bind(0, '127.0.0.1', () => resolve()))
    closing.push(() => void liar.close())
    liar.on('message', (bytes, { port }) => {
      for (const answer of [
        Buffer.from('garbage'),
        bytes,
        Buffer.concat([Buffer.from([1, 1]), bytes.subarray(2)]),
      ])
        liar.send(answer, port, '127.0.0.1')
    })
    const urls = `turn:127.0.0.1:${liar.address().port}`
    const lied = await examine([], [{ urls, username: 'a', credential: 'b' }])
    expect(lied.ipv4.udp).toBe(false)
    expect(lied.turn[0]?.outcome).not.toBe('relay')
  })

  it('[NAT-54] comes to what a player can expect', () => {
    const nothing: FamilyReport = {
      local: [],
      asked: [],
      udp: null,
      seenAs: [],
      mapping: 'unknown',
      hairpin: null,
      largestPacket: null,
    }
    const seen = (mapping: FamilyReport['mapping']): FamilyReport => ({ ...nothing, udp: true, mapping })
    const relay = { url: 'turn:a', transport: 'udp', outcome: 'relay' } as const
    const of = (ipv4: FamilyReport, turn: (typeof relay)[] = [], ipv6 = nothing): string =>
      verdictOf({ services: [], ipv4, ipv6, turn })
    expect(of(seen('none'))).toBe('direct')
    expect(of(seen('shared'))).toBe('direct')
    expect(of(seen('per-destination'))).toBe('limited')
    expect(of(seen('per-destination'), [relay])).toBe('relayed')
    expect(of(seen('per-destination'), [], seen('none'))).toBe('limited')
    expect(of(nothing, [], seen('none'))).toBe('direct')
    expect(of(seen('unknown'))).toBe('unclear')
    expect(of({ ...nothing, udp: false })).toBe('blocked')
    expect(of({ ...nothing, udp: false }, [relay])).toBe('relayed')
  })
})

describe('openconvoy doctor network', () => {
  const doctor = (...args: string[]): RunningProgram => {
    const program = startProgram('lib/cli/main.ts', ['doctor', 'network', ...args])
    closing.push(() => program[Symbol.dispose]())
    return program
  }

  it('prints words without colours, and ends with 0 where one can play', async () => {
    const turn = await turnServer()
    const { url } = await service({ turn: { urls: [turn.url], secret } })
    const program = doctor(url)
    expect(await program.ended).toBe(0)
    expect(program.output).toContain('Friends can connect to you directly.')
    expect(program.output).toContain(`${turn.url} gives you a relay`)
    expect(program.output).not.toContain('\u001b')
    expect(program.errors).toBe('')
  })

  it('prints one line with --json, and ends with 1 where no service is reached', async () => {
    const program = doctor('ws://127.0.0.1:9', '--json')
    expect(await program.ended).toBe(1)
    expect(JSON.parse(program.output)).toMatchObject({ verdict: 'no-service' })
    expect(program.output.trim().split('\n')).toHaveLength(1)
  })

  it('ends by itself after --timeout, with what it knows', async () => {
    const mute = await turnServer({ mute: true })
    const program = doctor('--stun', `stun:127.0.0.1:${mute.port}`, '--timeout', '1', '--json')
    expect(await program.ended).toBe(1)
    expect(JSON.parse(program.output)).toMatchObject({ ipv4: { udp: false }, verdict: 'blocked' })
  })

  it('ends on Ctrl-C at once and without a report', async () => {
    const mute = await turnServer({ mute: true })
    const program = doctor('--turn', mute.url, '--username', 'a', '--credential', 'b', '--timeout', '60')
    while (mute.clients.size === 0) await new Promise((resolve) => clock.after(20, () => resolve(undefined)))
    program.kill('SIGINT')
    expect(await program.ended).toBe(130)
    expect(program.output).toBe('')
  })

  it.each([
    ['nobody to ask', [], 'there is nobody to ask'],
    ['an address that is none', ['--stun', 'https://a'], '--stun takes addresses'],
    ['TURN without credentials', ['--turn', 'turn:a'], '--turn needs --username'],
    ['a text that is no invite', ['hello'], 'neither an address'],
    ['an hour', ['--stun', 'stun:a', '--timeout', '3600'], '--timeout takes 1 to 60'],
  ])('refuses %s with exit code 2', async (_name, args, message) => {
    const program = doctor(...args)
    expect(await program.ended).toBe(2)
    expect(program.errors).toContain(message)
  })
})
