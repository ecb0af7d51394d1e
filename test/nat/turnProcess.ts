import { spawn, type ChildProcess } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { createSystemClock, withDeadline } from '../../lib/core/index.ts'
import { command } from './command.ts'
import { Internet } from './internet.ts'
import type { NetworkNamespace } from './namespaces.ts'

/** How long coturn may take to listen, and to stop before it is ended, ms. */
const startDeadlineMs = 10_000
const stopDeadlineMs = 5_000

const privateRanges = ['10.0.0.0-10.255.255.255', '172.16.0.0-172.31.255.255', '192.168.0.0-192.168.255.255']

const clock = createSystemClock()

/** coturn, as an operator would run it beside the service. */
export class TurnProcess {
  static readonly port = 3_478
  /** What it shares with the service, and nobody else. */
  static readonly secret = 'a secret between the service and coturn'
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  #output = ''

  private constructor(machine: NetworkNamespace) {
    const address = Internet.turnHost
    const args = [
      '-n',
      '--no-cli',
      '--no-tls',
      '--no-dtls',
      '--use-auth-secret',
      `--static-auth-secret=${TurnProcess.secret}`,
      '--realm=openconvoy.test',
      `--listening-ip=${address}`,
      `--relay-ip=${address}`,
      `--listening-port=${TurnProcess.port}`,
      '--min-port=50000',
      '--max-port=51999',
      '--pidfile=/dev/null',
      '--log-file=stdout',
      '--simple-log',
      // As docs/operations.md advises: a relay is no way into the operator's own network.
      ...privateRanges.map((range) => `--denied-peer-ip=${range}`),
    ]
    this.#child = spawn('ip', machine.execution('turnserver', ...args), { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#gone = new Promise((resolve) => this.#child.once('close', () => resolve()))
  }

  /** Why cases with a relay can't run here, in words; undefined when they can. */
  static async whyNot(): Promise<string | undefined> {
    return command('sh', ['-c', 'command -v turnserver']).then(
      () => undefined,
      () => 'coturn is missing: on Debian, apt-get install coturn',
    )
  }

  /** @throws Error with what it said, when it does not come to listen. */
  static async start(machine: NetworkNamespace, signal: AbortSignal): Promise<TurnProcess> {
    const turn = new TurnProcess(machine)
    try {
      await withDeadline(clock, startDeadlineMs, 'coturn does not start.', turn.#listening(), signal)
      return turn
    } catch (error) {
      await turn.close()
      throw error
    }
  }

  static url(transport: 'udp' | 'tcp' = 'udp'): string {
    return `turn:${Internet.turnHost}:${TurnProcess.port}?transport=${transport}`
  }

  /** Credentials that were good until a minute ago. */
  static expired(): { urls: string; username: string; credential: string } {
    const username = `${Math.floor(clock.wallTime() / 1_000) - 60}:expired`
    const credential = createHmac('sha1', TurnProcess.secret).update(username).digest('base64')
    return { urls: TurnProcess.url(), username, credential }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#child.kill('SIGTERM')
    await withDeadline(clock, stopDeadlineMs, 'coturn does not stop.', this.#gone).catch(() => {
      this.#child.kill('SIGKILL')
    })
  }

  #listening(): Promise<void> {
    return new Promise((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        this.#output += chunk.toString()
        if (this.#output.includes('admin thread')) resolve()
      }
      this.#child.stdout?.on('data', read)
      this.#child.stderr?.on('data', read)
      this.#child.once('error', reject)
      this.#child.once('exit', () => reject(new Error(`coturn ended: ${this.#output.trim().slice(-500)}`)))
    })
  }
}
