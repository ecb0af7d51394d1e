import {
  createConnector,
  establishLink,
  loadEngine,
  type Connection,
  type Engine,
  type Link,
  type SignalPort,
} from '../../../lib/rtc/index.ts'
import { systemRandom } from '../../../lib/core/index.ts'
import { signalWay } from '../../compliance/signalWay.ts'
import type { NodeEngine } from '../hostileCase.ts'
import { clock } from './linkPair.ts'

/** A link of ours whose other side sends whatever it likes, and never reads unless told. */
export interface AttackedLink {
  victim: Link
  attacker: Connection
  close(): void
}

/** A heartbeat, as docs/protocol/03-link.md [LNK-10] has it: what makes our side call the link open. */
export function heartbeat(sequence = 0): Uint8Array {
  const bytes = new Uint8Array(19)
  bytes[0] = 0x10
  bytes[1] = sequence >> 8
  bytes[2] = sequence
  return bytes
}

/** Connects our link as responder with a bare connection of the same engine. */
export async function attackedLink(name: NodeEngine): Promise<AttackedLink> {
  const engine = await loadEngine(name)
  const way = signalWay()
  const victimSide = establishLink({
    connector: createConnector(engine),
    initiator: false,
    signals: way.responder,
    clock,
    random: systemRandom,
  })
  const attacker = await connectAttacker(engine, way.initiator)
  attacker.sendState(heartbeat())
  const repeat = clock.every(50, () => attacker.sendState(heartbeat()))
  const victim = await victimSide
  repeat()
  const close = (): void => {
    victim.close()
    attacker.close()
  }
  return { victim, attacker, close }
}

/**
 * Tries as often as a link does. node-datachannel needs that: where packets are faster than its answer is read, it may
 * find DTLS under way before it knows the other side's fingerprint, and fails.
 */
async function connectAttacker(engine: Engine, signals: SignalPort): Promise<Connection> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const connection = await new Promise<Connection | undefined>((resolve) => {
      const attacker = createConnector(engine).connect({
        initiator: true,
        attempt,
        iceServers: [],
        handlers: {
          signal: (signal) => signals.send(signal),
          open: () => resolve(attacker),
          control: () => undefined,
          state: () => undefined,
          closed: () => resolve(undefined),
        },
      })
      signals.onSignal((signal) => attacker.signal(signal))
    })
    if (connection !== undefined) return connection
  }
  throw new Error(`The attacker did not connect in ${attempts} attempts.`)
}

const attempts = 5
