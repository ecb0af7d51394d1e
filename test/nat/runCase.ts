import { setTimeout as sleep } from 'node:timers/promises'
import { Capture, sentSince, type Sent } from './capture.ts'
import type { NatCase } from './cases.ts'
import { Internet } from './internet.ts'
import type { NetworkNamespace } from './namespaces.ts'
import type { FromPeer, IceTask, PeerMeasures, PeerTask } from './peerMessages.ts'
import { PeerProcess } from './peerProcess.ts'
import { servicePorts } from './services.ts'
import { SignalingProcess } from './signalingProcess.ts'
import { TurnProcess } from './turnProcess.ts'

/** How a case went. */
export interface NatResult {
  readonly name: string
  /** Of host and joiner. */
  readonly engines: readonly [string, string]
  readonly expected: string
  readonly outcome: string
  readonly passed: boolean
  /** From the joiner's start to its link, or to its giving up, ms. */
  readonly tookMs: number | undefined
  /** Least share of the datagrams that arrived, of both directions, percent. */
  readonly deliveredPercent?: number
  readonly rttMs?: number
  /** Kinds of candidates that each offered. */
  readonly candidates?: readonly (readonly string[])[]
  /** What went wrong, or how the joiner was told that there is no path. */
  readonly detail?: string
}

/** Five attempts of 10 s each and the pauses between them, 62 s at most, and a busy machine. */
const connectDeadlineMs = 75_000

/** A joiner that needs a second attempt has met a bug, were the network ever so slow: there is no loss. */
const directWithinMs = 10_000

/** Least share of datagrams that must arrive, percent: nothing is lost but what a busy machine skips. */
const deliveredAtLeast = 90

/** How long the last datagrams are waited for, ms. */
const settleMs = 500

/** Builds the case's homes, lets both peers connect, and compares what came of it with what had to. Never throws. */
export async function runCase(natCase: NatCase, internet: Internet, signal: AbortSignal): Promise<NatResult> {
  const { name, engines, expected, turn } = natCase
  const peers: PeerProcess[] = []
  try {
    signal.throwIfAborted()
    const machines = await machinesOf(natCase, internet)
    peers.push(...machines.map((machine) => new PeerProcess(machine)))
    const captures = await Promise.all(machines.map((machine) => Capture.start(machine)))
    const [host, joiner] = peers
    if (host === undefined || joiner === undefined) throw new Error('There are no two machines.')
    const joined = await connect(natCase, host, joiner, signal)
    const result = { name, engines, expected, tookMs: joined.tookMs }
    if (joined.type === 'failed') {
      const passed =
        joined.code === expected && (turn === undefined || joined.message.includes('no relay was given'))
      return { ...result, outcome: joined.code, passed, detail: joined.message }
    }
    const before = await Promise.all(captures.map((capture) => capture.sent()))
    await Promise.all([host.send(signal), joiner.send(signal)])
    await sleep(settleMs, undefined, { signal })
    const [byHost, byJoiner] = await Promise.all([host.measure(signal), joiner.measure(signal)])
    const after = await Promise.all(captures.map((capture) => capture.sent()))
    const outcome = wayOf(after.flatMap((sent, side) => sentSince(before[side] ?? [], sent)))
    const measured = { ...result, outcome, ...judged(joined.tookMs, byHost, byJoiner) }
    if (outcome !== expected) return { ...measured, passed: false, detail: `It came about ${outcome}.` }
    const strays = [byHost, byJoiner].flatMap((measures, side) =>
      natCase.relayOnly?.[side] === true ? strayed(after[side] ?? [], measures) : [],
    )
    return strays.length === 0 ? measured : { ...measured, passed: false, detail: strays.join(' ') }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { name, engines, expected, outcome: 'error', passed: false, tookMs: undefined, detail }
  } finally {
    await Promise.all(peers.map((peer) => peer.close()))
  }
}

/** Which way most of the datagrams went: through coturn, over UDP or TCP, or from home to home. */
function wayOf(sent: readonly Sent[]): 'direct' | 'relayed' {
  const services: readonly string[] = [Internet.turnHost, Internet.serviceHost('cone')]
  const total = (chosen: readonly Sent[]): number => chosen.reduce((sum, { packets }) => sum + packets, 0)
  const relayed = total(sent.filter(({ address }) => address === Internet.turnHost))
  const direct = total(
    sent.filter(({ address, protocol }) => protocol === 'udp' && !services.includes(address)),
  )
  return relayed > direct ? 'relayed' : 'direct'
}

/** What a machine that uses relays only sent, or told, besides what it may. */
function strayed(sent: readonly Sent[], { candidates, addressesTold }: PeerMeasures): string[] {
  const mayBeCalled = [
    `${Internet.turnHost} udp`,
    `${Internet.turnHost} tcp`,
    `${Internet.serviceHost('cone')} tcp`,
  ]
  const called = sent
    .map(({ address, protocol }) => `${address} ${protocol}`)
    .filter((call) => !mayBeCalled.includes(call))
  // What stands for no address in session descriptions and candidates.
  const mayBeTold = [Internet.turnHost, '0.0.0.0']
  const told = [
    ...candidates.filter((kind) => kind !== 'relay'),
    ...addressesTold.filter((address) => !mayBeTold.includes(address)),
  ]
  return [
    ...(called.length === 0 ? [] : [`It sent to ${called.join(', ')}.`]),
    ...(told.length === 0 ? [] : [`It told ${told.join(', ')}.`]),
  ]
}

async function machinesOf({ homes }: NatCase, internet: Internet): Promise<NetworkNamespace[]> {
  const [first, second] = homes
  const home = await internet.addHome(first)
  const otherHome = second === undefined ? home : await internet.addHome(second)
  return [await home.addMachine(), await otherHome.addMachine()]
}

/** Lets the host host, then the joiner join. @returns how the joiner fared. */
async function connect(
  natCase: NatCase,
  host: PeerProcess,
  joiner: PeerProcess,
  signal: AbortSignal,
): Promise<Extract<FromPeer, { type: 'ready' | 'failed' }>> {
  const start = (peer: PeerProcess, task: PeerTask): ReturnType<PeerProcess['start']> =>
    peer.start(task, connectDeadlineMs, signal)
  const [home, otherHome = home] = natCase.homes
  const [hostEngine, engine] = natCase.engines
  if (natCase.traffic === 'full-datagrams') {
    host.onSignal = (sent) => joiner.tell({ type: 'signal', signal: sent })
    joiner.onSignal = (sent) => host.tell({ type: 'signal', signal: sent })
    const ends = await Promise.all([
      start(host, {
        role: 'link',
        engine: hostEngine,
        initiator: false,
        stun: SignalingProcess.stunUrl(home.router),
      }),
      start(joiner, {
        role: 'link',
        engine,
        initiator: true,
        stun: SignalingProcess.stunUrl(otherHome.router),
      }),
    ])
    return ends.find(({ type }) => type === 'failed') ?? ends[1]
  }
  const hosting = await start(host, {
    role: 'host',
    engine: hostEngine,
    signaling: SignalingProcess.url(home.router, servicePorts[natCase.turn ?? 'none']),
    ...iceOf(natCase, 0),
  })
  if (hosting.type === 'failed') throw new Error(`The host did not come up: ${hosting.message}`)
  return start(joiner, { role: 'join', engine, invite: hosting.invite, ...iceOf(natCase, 1) })
}

function iceOf({ turn, relayOnly }: NatCase, side: 0 | 1): IceTask {
  return {
    ...(turn === 'expired' && { iceServers: [TurnProcess.expired()] }),
    ...(relayOnly?.[side] === true && { relayOnly: true }),
  }
}

function judged(
  tookMs: number,
  byHost: PeerMeasures,
  byJoiner: PeerMeasures,
): Omit<NatResult, 'name' | 'engines' | 'expected' | 'outcome' | 'tookMs'> {
  const share = (received: number, sent: number): number => (sent === 0 ? 0 : (100 * received) / sent)
  const delivered = Math.min(share(byHost.received, byJoiner.sent), share(byJoiner.received, byHost.sent))
  const problems = [
    ...(tookMs > directWithinMs ? [`It took more than ${directWithinMs / 1_000} s.`] : []),
    ...(delivered < deliveredAtLeast
      ? [
          `Host and joiner received ${byHost.received} of ${byJoiner.sent} and ${byJoiner.received} of ${byHost.sent}.`,
        ]
      : []),
  ]
  return {
    passed: problems.length === 0,
    deliveredPercent: Math.round(10 * delivered) / 10,
    ...(byJoiner.rttMs === undefined ? {} : { rttMs: Math.round(10 * byJoiner.rttMs) / 10 }),
    candidates: [byHost.candidates, byJoiner.candidates],
    ...(problems.length === 0 ? {} : { detail: problems.join(' ') }),
  }
}
