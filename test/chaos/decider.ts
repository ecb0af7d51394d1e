import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from './stage.ts'

/** Pause between two decisions, ms. */
const pauseMs = 1_500

/** Has the host decide something now and then, so that there is something to lose. */
export class Decider {
  /** The newest decision that a host said was made; 0 before the first. */
  confirmed = 0
  /** How many were. */
  made = 0
  #asked = 0

  /** Goes on until `signal` aborts. */
  async run(stage: Stage, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.decide(stage)
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Asks whoever is taken for the host. One that can't decide says so, or is not heard: nothing is known of it then. */
  async decide(stage: Stage): Promise<void> {
    const host = stage.host()
    if (host === undefined || host.isStopped) return
    const decision = ++this.#asked
    const life = host.process
    if (life === undefined || (await life.decide({ type: 'decide', decision })) !== null) return
    this.confirmed = decision
    this.made++
  }
}
