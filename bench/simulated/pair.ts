import type { Signal } from '../../lib/protocol/index.ts'
import { establishLink, type Link, type LinkTimings, type SignalPort } from '../../lib/rtc/index.ts'
import {
  SimulatedClock,
  SimulatedNetwork,
  type NetworkConditions,
  type SimulatedPeer,
  type Skew,
} from '../../lib/testing/index.ts'

/** One of two linked peers. */
export interface LinkedPeer {
  readonly peer: SimulatedPeer
  readonly link: Link
}

/** Two peers on a simulated network with a link between them. */
export interface SimulatedPair {
  readonly clock: SimulatedClock
  /** Its peers are called `left` and `right`. */
  readonly network: SimulatedNetwork
  readonly left: LinkedPeer
  readonly right: LinkedPeer
}

/** How a pair is made. */
export interface PairOptions {
  seed: number
  conditions: Partial<NetworkConditions>
  /** How the clocks of both differ from the simulation's. */
  leftSkew: Skew
  rightSkew: Skew
  /** Where they differ from a link's own. */
  timings?: Partial<LinkTimings>
}

/** Links two peers; time stands where both are open. */
export async function simulatedPair(options: PairOptions): Promise<SimulatedPair> {
  const clock = new SimulatedClock()
  const network = new SimulatedNetwork({ clock, seed: options.seed, ...options.conditions })
  const peers = [network.peer('left', options.leftSkew), network.peer('right', options.rightSkew)] as const
  const [leftPort, rightPort] = crossedPorts()
  const dial = (peer: SimulatedPeer, initiator: boolean, signals: SignalPort): Promise<Link> =>
    establishLink({
      connector: peer.connector,
      initiator,
      signals,
      clock: peer.clock,
      random: peer.random,
      timings: options.timings ?? {},
    })
  const [left, right] = await clock.complete(
    Promise.all([dial(peers[0], true, leftPort), dial(peers[1], false, rightPort)]),
  )
  return { clock, network, left: { peer: peers[0], link: left }, right: { peer: peers[1], link: right } }
}

/** Two ends of a way for signals. */
function crossedPorts(): [SignalPort, SignalPort] {
  const inboxes = [new Inbox(), new Inbox()] as const
  const port = (own: Inbox, other: Inbox): SignalPort => ({
    // Later, as anything that crosses a network: nobody has to cope with answers inside of send().
    send: (signal) => queueMicrotask(() => other.put(signal)),
    onSignal: (handler) => own.open(handler),
  })
  return [port(inboxes[0], inboxes[1]), port(inboxes[1], inboxes[0])]
}

/** Keeps signals until somebody takes them. */
class Inbox {
  readonly #waiting: Signal[] = []
  #handler: ((signal: Signal) => void) | undefined

  put(signal: Signal): void {
    if (this.#handler === undefined) this.#waiting.push(signal)
    else this.#handler(signal)
  }

  open(handler: (signal: Signal) => void): void {
    this.#handler = handler
    for (const signal of this.#waiting.splice(0)) handler(signal)
  }
}
