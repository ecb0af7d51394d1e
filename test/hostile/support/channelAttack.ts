import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { systemRandom } from '../../../lib/core/index.ts'
import { createConnector, establishLink, loadEngine, type Link } from '../../../lib/rtc/index.ts'
import type { NodeEngine } from '../hostileCase.ts'
import type { FromAttacker, ToAttacker } from './attackerMessages.ts'
import { clock } from './linkPair.ts'
import { processSignals } from './processSignals.ts'

/** A link of ours, and a peer in another process that is about to open channels of its own on it. */
export interface ChannelAttack {
  readonly victim: Link
  /** Lets it. @returns how many it opened, once there are no more or it was hung up on. */
  attack(): Promise<number>
  close(): Promise<void>
}

/** Connects our link, as responder, with an attacker of the same engine that has `count` channels in store. */
export async function channelAttack(engine: NodeEngine, count: number): Promise<ChannelAttack> {
  // First: what the attacker sends before anybody listens would be lost.
  const connector = createConnector(await loadEngine(engine))
  const program = fileURLToPath(new URL('./attackerProcess.ts', import.meta.url))
  const child = fork(program, [engine, String(count)])
  const gone = once(child, 'exit')
  const attacked = new Promise<number>((resolve) => {
    child.on('message', (message: FromAttacker) => {
      if (message.type === 'attacked') resolve(message.opened)
    })
  })
  const victim = await establishLink({
    connector,
    initiator: false,
    signals: processSignals(child),
    clock,
    random: systemRandom,
    redials: true,
  })
  return {
    victim,
    attack() {
      child.send({ type: 'attack' } satisfies ToAttacker)
      return attacked
    },
    async close() {
      victim.close()
      child.disconnect()
      await gone
    },
  }
}
