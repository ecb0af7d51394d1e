import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createSystemClock, withDeadline } from '../../lib/core/index.ts'
import { Internet, type RouterKind } from './internet.ts'
import type { NetworkNamespace } from './namespaces.ts'

const defaultPort = 7_100

/** How long the service may take to listen, and to stop before it is ended, ms. */
const startDeadlineMs = 20_000
const stopDeadlineMs = 5_000

const clock = createSystemClock()

/** Where a {@link SignalingProcess} listens. */
export interface SignalingPlace {
  /** The machine it runs on, as far as the network goes; this one, for programs on it only, where left out. */
  readonly machine?: NetworkNamespace
  /** 0 picks a free one. */
  readonly port?: number
  /** Addresses of TURN servers that it hands out credentials for, and the secret that it makes them with. */
  readonly turn?: { readonly urls: readonly string[]; readonly secret: string }
}

/** `openconvoy signal`: all that peers have, and the only STUN server there is. */
export class SignalingProcess {
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  #output = ''

  private constructor({ machine, port = defaultPort, turn }: SignalingPlace) {
    const program = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
    const node = [
      '--conditions=openconvoy-source',
      program,
      'signal',
      '--port',
      `${port}`,
      '--json',
    ] as string[]
    if (turn !== undefined) node.push('--turn', turn.urls.join())
    const env = { ...process.env, ...(turn && { OPENCONVOY_TURN_SECRET: turn.secret }) }
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    this.#child =
      machine === undefined
        ? spawn(process.execPath, [...node, '--host', '127.0.0.1'], { env, stdio: [...stdio] })
        : spawn('ip', machine.execution(process.execPath, ...node), { env, stdio: [...stdio] })
    this.#gone = new Promise((resolve) => this.#child.once('close', () => resolve()))
  }

  /** @throws Error with what it said, when it does not come to listen. */
  static async start(place: SignalingPlace, signal: AbortSignal): Promise<SignalingProcess> {
    const service = new SignalingProcess(place)
    try {
      await withDeadline(clock, startDeadlineMs, 'The service does not start.', service.#listening(), signal)
      return service
    } catch (error) {
      await service.close()
      throw error
    }
  }

  /** Its URL for peers behind a router of that kind. */
  static url(router: RouterKind, port = defaultPort): string {
    return `ws://${Internet.serviceHost(router)}:${port}`
  }

  static stunUrl(router: RouterKind): string {
    return `stun:${Internet.serviceHost(router)}:${defaultPort}`
  }

  /** Undefined where it did not start. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The port it listens on. */
  get port(): number {
    return Number(/"port":(\d+)/.exec(this.#output)?.[1])
  }

  /** Ends it on the spot, as a crash would. */
  async kill(): Promise<void> {
    this.killNow()
    await this.#gone
  }

  /** {@link SignalingProcess.kill} without waiting for anything: for the last moment of this process. */
  killNow(): void {
    this.#child.kill('SIGKILL')
  }

  /** Stops it as Ctrl-C would. Idempotent. @returns how many STUN requests it has answered, as far as it told. */
  async close(): Promise<number | undefined> {
    this.#child.kill('SIGTERM')
    await withDeadline(clock, stopDeadlineMs, 'The service does not stop.', this.#gone).catch(() => {
      this.#child.kill('SIGKILL')
    })
    const answered = /"stunAnswered":(\d+)/.exec(this.#output)?.[1]
    return answered === undefined ? undefined : Number(answered)
  }

  #listening(): Promise<void> {
    return new Promise((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        this.#output += chunk.toString()
        if (this.#output.includes('"listening"')) resolve()
      }
      this.#child.stdout?.on('data', read)
      this.#child.stderr?.on('data', read)
      this.#child.once('error', reject)
      this.#child.once('exit', () => reject(new Error(`The signaling service ended: ${this.#output.trim()}`)))
    })
  }
}
