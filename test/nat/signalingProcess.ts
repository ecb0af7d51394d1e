import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createSystemClock, withDeadline } from '../../lib/core/index.ts'
import { Internet, type RouterKind } from './internet.ts'

const port = 7_100

/** How long the service may take to listen, and to stop before it is ended, ms. */
const startDeadlineMs = 20_000
const stopDeadlineMs = 5_000

const clock = createSystemClock()

/** `openconvoy signal` on the internet: all that peers have, and the only STUN server there is. */
export class SignalingProcess {
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  #output = ''

  private constructor(internet: Internet) {
    const program = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
    const node = [process.execPath, '--conditions=openconvoy-source', program] as const
    this.#child = spawn(
      'ip',
      internet.namespace.execution(...node, 'signal', '--port', `${port}`, '--json'),
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    this.#gone = new Promise((resolve) => this.#child.once('close', () => resolve()))
  }

  /** @throws Error with what it said, when it does not come to listen. */
  static async start(internet: Internet, signal: AbortSignal): Promise<SignalingProcess> {
    const service = new SignalingProcess(internet)
    try {
      await withDeadline(clock, startDeadlineMs, 'The service does not start.', service.#listening(), signal)
      return service
    } catch (error) {
      await service.close()
      throw error
    }
  }

  /** Its URL for peers behind a router of that kind. */
  static url(router: RouterKind): string {
    return `ws://${Internet.serviceHost(router)}:${port}`
  }

  static stunUrl(router: RouterKind): string {
    return `stun:${Internet.serviceHost(router)}:${port}`
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
