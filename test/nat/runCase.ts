import { setTimeout as sleep } from 'node:timers/promises'
import type { NatCase } from './cases.ts'
import type { Internet } from './internet.ts'
import type { NetworkNamespace } from './namespaces.ts'
import type { FromPeer, PeerMeasures, PeerTask } from './peerMessages.ts'
import { PeerProcess } from './peerProcess.ts'
import { SignalingProcess } from './signalingProcess.ts'

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
  const { name, engines, expected } = natCase
  const peers: PeerProcess[] = []
  try {
    signal.throwIfAborted()
    const machines = await machinesOf(natCase, internet)
    peers.push(...machines.map((machine) => new PeerProcess(machine)))
    const [host, joiner] = peers
    if (host === undefined || joiner === undefined) throw new Error('There are no two machines.')
    const joined = await connect(natCase, host, joiner, signal)
    const outcome = joined.type === 'ready' ? 'direct' : joined.code
    const result = { name, engines, expected, outcome, tookMs: joined.tookMs }
    if (joined.type === 'failed') return { ...result, passed: outcome === expected, detail: joined.message }
    if (outcome !== expected) return { ...result, passed: false, detail: 'A link came about all the same.' }
    await Promise.all([host.send(signal), joiner.send(signal)])
    await sleep(settleMs, undefined, { signal })
    const [byHost, byJoiner] = await Promise.all([host.measure(signal), joiner.measure(signal)])
    return { ...result, ...judged(joined.tookMs, byHost, byJoiner) }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { name, engines, expected, outcome: 'error', passed: false, tookMs: undefined, detail }
  } finally {
    await Promise.all(peers.map((peer) => peer.close()))
  }
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
    signaling: SignalingProcess.url(home.router),
  })
  if (hosting.type === 'failed') throw new Error(`The host did not come up: ${hosting.message}`)
  return start(joiner, { role: 'join', engine, invite: hosting.invite })
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
