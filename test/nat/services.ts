import type { TurnKind } from './cases.ts'
import type { NetworkNamespace } from './namespaces.ts'
import { SignalingProcess } from './signalingProcess.ts'
import { TurnProcess } from './turnProcess.ts'

/** Where the signaling services listen: one without TURN, one that shares coturn's secret, one that has another. */
export const servicePorts: Readonly<Record<TurnKind | 'none', number>> = {
  none: 7_100,
  expired: 7_100,
  offered: 7_101,
  foreign: 7_102,
}

/** The signaling services of the internet, and coturn where it is installed. */
export class Services {
  readonly #running: readonly { close(): Promise<unknown> }[]
  readonly #plain: SignalingProcess

  private constructor(plain: SignalingProcess, others: readonly { close(): Promise<unknown> }[]) {
    this.#plain = plain
    this.#running = [plain, ...others]
  }

  static async start(machine: NetworkNamespace, withTurn: boolean, signal: AbortSignal): Promise<Services> {
    const plain = await SignalingProcess.start({ machine }, signal)
    const others: { close(): Promise<unknown> }[] = []
    try {
      if (withTurn) {
        const urls = [TurnProcess.url(), TurnProcess.url('tcp')]
        others.push(await TurnProcess.start(machine, signal))
        for (const [kind, secret] of [
          ['offered', TurnProcess.secret],
          ['foreign', 'the secret of another server'],
        ] as const) {
          const place = { machine, port: servicePorts[kind], turn: { urls, secret } }
          others.push(await SignalingProcess.start(place, signal))
        }
      }
      return new Services(plain, others)
    } catch (error) {
      await Promise.all([plain, ...others].map((each) => each.close()))
      throw error
    }
  }

  /** Idempotent. @returns how many STUN requests the service without TURN has answered. */
  async close(): Promise<number | undefined> {
    const [answered] = await Promise.all([this.#plain.close(), ...this.#running.map((each) => each.close())])
    return answered
  }
}
