import { createSystemClock, sleep, systemRandom } from '../../../lib/core/index.ts'
import type { Signal } from '../../../lib/protocol/index.ts'
import {
  createConnector,
  establishLink,
  loadEngine,
  type Connector,
  type Link,
} from '../../../lib/rtc/index.ts'
import { signalWay, type SignalWay } from '../../compliance/signalWay.ts'
import type { NodeEngine } from '../hostileCase.ts'

export const clock = createSystemClock()

/** Where an engine listens. */
export interface UdpAddress {
  address: string
  port: number
}

/** Two links of this process to each other, and what is known to who saw their signals. */
export interface LinkPair {
  initiator: Link
  responder: Link
  /** The UDP ports of both, from their candidates. */
  targets: UdpAddress[]
  close(): void
}

/** How signals are meddled with on their way; see {@link SignalWay}. */
export type Meddler = (
  signal: Signal,
  deliver: (signal: Signal) => void,
  targets: readonly UdpAddress[],
) => void

/** Connects two links over `engine`. */
export async function linkPair(engine: NodeEngine, meddle: Meddler = (signal, deliver) => deliver(signal)) {
  const targets: UdpAddress[] = []
  const way = signalWay()
  way.intercept = (signal, deliver) => {
    targets.push(...addressesIn(signal))
    meddle(signal, deliver, targets)
  }
  const connector = createConnector(await loadEngine(engine))
  const [initiator, responder] = await Promise.all([
    establishSide(connector, true, way),
    establishSide(connector, false, way),
  ])
  const close = (): void => {
    initiator.close()
    responder.close()
  }
  return { initiator, responder, targets, close } satisfies LinkPair
}

/** One side of `way`, on real time. */
export function establishSide(
  connector: Connector,
  initiator: boolean,
  way: SignalWay,
  signal?: AbortSignal,
): Promise<Link> {
  return establishLink({
    connector,
    initiator,
    signals: initiator ? way.initiator : way.responder,
    clock,
    random: systemRandom,
    ...(signal === undefined ? {} : { signal }),
  })
}

/** Addresses of IPv4 in a candidate or a description. */
export function addressesIn(signal: Signal): UdpAddress[] {
  const text = signal.type === 'candidate' ? signal.candidate : signal.sdp
  return [...text.matchAll(/candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/gi)].map(
    ([, address = '', port]) => ({ address, port: Number(port) }),
  )
}

/** Waits until `condition` holds. */
export async function until(what: string, condition: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = clock.now() + withinMs
  while (!condition()) {
    if (clock.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain for ${what}.`)
    await sleep(clock, 5)
  }
}

/** Makes sure that both channels still carry messages both ways. */
export async function expectUsable({ initiator, responder }: LinkPair): Promise<void> {
  for (const [from, to] of [[initiator, responder] as const, [responder, initiator] as const]) {
    let states = 0
    let controls = 0
    to.onState(() => states++)
    const unsubscribe = to.on('control', () => controls++)
    from.sendControl(Uint8Array.of(1))
    await until('state and control to arrive', () => {
      from.sendState(Uint8Array.of(1))
      return states >= 3 && controls >= 1
    })
    unsubscribe()
  }
}
