import { setTimeout as sleep } from 'node:timers/promises'
import { Capture, sentSince, type Sent } from './capture.ts'
import { Internet, type Home } from './internet.ts'
import type { NodeEngine } from './peerMessages.ts'
import { PeerProcess } from './peerProcess.ts'
import type { NatResult } from './runCase.ts'
import { servicePorts } from './services.ts'
import { SignalingProcess } from './signalingProcess.ts'

/** Names the case for `--only`. */
export const groupCase = 'TURN per pair: cone, cone, symmetric; then cone'

const connectDeadlineMs = 75_000
/** How long all three may take until every pair is linked, and a pair to find its new way, ms: six processes on a busy machine. */
const meshedWithinMs = 20_000
/** Packets of the two seconds of driving that show the way a pair takes: it is 50 updates, and some answers. */
const drivenPackets = 30
/** Packets that are none of it: ICE goes on trying ways that it has found. */
const strayPackets = 12

/**
 * Three members, one of them behind a symmetric router, for whom alone the relay is; once its router is another one and it has
 * noticed, it goes directly too. Never throws.
 */
export async function runGroup(
  engine: NodeEngine,
  internet: Internet,
  signal: AbortSignal,
): Promise<NatResult> {
  const shared = { name: groupCase, engines: [engine, engine], expected: 'each its own way' } as const
  const startedAt = performance.now()
  const peers: PeerProcess[] = []
  try {
    const homes = [
      await internet.addHome({ router: 'cone' }),
      await internet.addHome({ router: 'cone', firstMachine: 20 }),
      await internet.addHome({ router: 'symmetric', firstMachine: 30 }),
    ] as const
    const machines = await Promise.all(homes.map((home) => home.addMachine()))
    const captures = await Promise.all(machines.map((machine) => Capture.start(machine)))
    peers.push(...machines.map((machine) => new PeerProcess(machine)))
    await joinAll(peers, engine, signal)
    const tookMs = Math.round(performance.now() - startedAt)
    const relayed = await drive(peers, captures, homes, signal)
    await homes[2].replaceRouter('cone')
    peers[2]?.tell({ type: 'moved' })
    let direct = relayed
    for (const until = performance.now() + meshedWithinMs; performance.now() < until;) {
      direct = await drive(peers, captures, homes, signal)
      if (direct === 'direct, direct, direct') break
    }
    const outcome = `${relayed}; then ${direct}`
    const passed = outcome === 'direct, relayed, relayed; then direct, direct, direct'
    return { ...shared, outcome: passed ? 'each its own way' : 'otherwise', passed, tookMs, detail: outcome }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { ...shared, outcome: 'error', passed: false, tookMs: undefined, detail }
  } finally {
    await Promise.all(peers.map((peer) => peer.close()))
  }
}

async function joinAll(
  peers: readonly PeerProcess[],
  engine: NodeEngine,
  signal: AbortSignal,
): Promise<void> {
  const [host, ...joiners] = peers
  const signaling = SignalingProcess.url('cone', servicePorts.offered)
  const hosting = await host?.start({ role: 'host', engine, signaling }, connectDeadlineMs, signal)
  if (hosting?.type !== 'ready') throw new Error(`The host did not come up: ${hosting?.message}`)
  for (const joiner of joiners) {
    const joined = await joiner.start(
      { role: 'join', engine, invite: hosting.invite },
      connectDeadlineMs,
      signal,
    )
    if (joined.type === 'failed') throw new Error(joined.message)
  }
  const until = performance.now() + meshedWithinMs
  for (;;) {
    const measures = await Promise.all(peers.map((peer) => peer.measure(signal)))
    if (measures.every(({ links }) => links === peers.length - 1)) return
    if (performance.now() > until) throw new Error(`Links: ${measures.map(({ links }) => links).join(', ')}.`)
    await sleep(200, undefined, { signal })
  }
}

/** Lets all drive, and tells which way the first two take to each other, then each of them to the third. */
async function drive(
  peers: readonly PeerProcess[],
  captures: readonly Capture[],
  homes: readonly Home[],
  signal: AbortSignal,
): Promise<string> {
  const look = (): Promise<Sent[][]> => Promise.all(captures.map((capture) => capture.sent()))
  const before = await look()
  await Promise.all(peers.map((peer) => peer.send(signal)))
  const after = await look()
  const way = (from: number, to: number): string => {
    const sent = sentSince(before[from] ?? [], after[from] ?? [])
    const packets = (address: string | undefined): number =>
      sent
        .filter((each) => each.address === address && each.protocol === 'udp')
        .reduce((sum, each) => sum + each.packets, 0)
    if (packets(homes[to]?.address) >= drivenPackets) return 'direct'
    const isRelayed =
      packets(Internet.turnHost) >= drivenPackets && packets(homes[to]?.address) <= strayPackets
    return isRelayed ? 'relayed' : 'unclear'
  }
  return [way(0, 1), way(0, 2), way(1, 2)].join(', ')
}
