import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { systemRandom } from '../../../lib/core/index.ts'
import type { Signal } from '../../../lib/protocol/index.ts'
import { createConnector, establishLink, loadEngine, type Link } from '../../../lib/rtc/index.ts'
import type { NodeEngine } from '../hostileCase.ts'
import type { FromAttacker, ToAttacker } from './attackerMessages.ts'
import { clock } from './linkPair.ts'

/** A link of ours, and a peer in another process that is about to open channels of its own on it. */
export interface ChannelAttack {
  readonly victim: Link
  /** Lets it. @returns how many channels it made, once it has no more to make or was hung up on. */
  attack(): Promise<number>
  close(): Promise<void>
}

/** Connects our link, as responder, with an attacker that has `count` channels in store. */
export async function channelAttack(
  victimEngine: NodeEngine,
  attackerEngine: NodeEngine,
  count: number,
): Promise<ChannelAttack> {
  const child = fork(fileURLToPath(new URL('./attackerProcess.ts', import.meta.url)), [
    attackerEngine,
    String(count),
  ])
  const gone = once(child, 'exit')
  const made = new Promise<number>((resolve) => {
    child.on('message', (message: FromAttacker) => {
      if (message.type === 'done') resolve(message.made)
    })
  })
  const victim = await establishLink({
    connector: createConnector(await loadEngine(victimEngine)),
    initiator: false,
    signals: signalsOf(child),
    clock,
    random: systemRandom,
    redials: true,
  })
  return {
    victim,
    attack() {
      tell(child, { type: 'attack' })
      return made
    },
    async close() {
      victim.close()
      child.disconnect()
      await gone
    },
  }
}

function signalsOf(child: ChildProcess) {
  return {
    send: (signal: Signal) => tell(child, { type: 'signal', signal }),
    onSignal: (handler: (signal: Signal) => void) =>
      void child.on('message', (message: FromAttacker) => {
        if (message.type === 'signal') handler(message.signal)
      }),
  }
}

function tell(child: ChildProcess, message: ToAttacker): void {
  if (child.connected) child.send(message)
}
