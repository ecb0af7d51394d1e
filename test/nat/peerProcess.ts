import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createSystemClock, withDeadline } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import type { NetworkNamespace } from './namespaces.ts'
import type { FromPeer, PeerMeasures, PeerTask, ToPeer } from './peerMessages.ts'
import { sendMs } from './peerRole.ts'

/** How long a peer may take to send what it should and say so, ms: a busy machine is slow. */
const sendDeadlineMs = sendMs + 10_000

/** How long it may take to answer, and to leave before it is ended, ms. */
const answerDeadlineMs = 5_000

const clock = createSystemClock()

type Answer = Exclude<FromPeer, { type: 'signal' }>

/** A peer on a machine of its own, as far as the network goes. */
export class PeerProcess {
  /** Takes signals of a bare link, for the other end. */
  onSignal: ((signal: Signal) => void) | undefined
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  readonly #arrived: Answer[] = []
  #waiting: ((answer: Answer) => void) | undefined
  #complaints = ''

  constructor(machine: NetworkNamespace) {
    const program = fileURLToPath(new URL('./peer.ts', import.meta.url))
    // `ip netns exec` becomes the program: the process and the channel to it are the peer's own.
    this.#child = spawn(
      'ip',
      machine.execution(process.execPath, '--conditions=openconvoy-source', program),
      {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    )
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#complaints += chunk.toString()))
    this.#child.on('message', (message: FromPeer) => {
      if (message.type === 'signal') this.onSignal?.(message.signal)
      else this.#take(message)
    })
    this.#gone = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#complaints += error.message
        resolve()
      })
      this.#child.once('exit', (code, signalName) => {
        const message = `The process ended (${signalName ?? code}). ${this.#complaints}`.trim()
        this.#take({ type: 'failed', tookMs: 0, code: 'internal', message })
        resolve()
      })
    })
  }

  /** Hosts, joins or links up; how that went. */
  async start(
    task: PeerTask,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<Extract<FromPeer, { type: 'ready' | 'failed' }>> {
    this.tell({ type: 'start', task })
    const late = `The peer neither connected nor gave up within ${deadlineMs / 1_000} s.`
    const answer = await withDeadline(clock, deadlineMs, late, this.#answer(), signal)
    if (answer.type !== 'ready' && answer.type !== 'failed') throw new Error('The peer answered out of turn.')
    return answer
  }

  /** Lets it send for a while. */
  async send(signal: AbortSignal): Promise<void> {
    this.tell({ type: 'send' })
    const answer = await withDeadline(
      clock,
      sendDeadlineMs,
      'The peer did not send in time.',
      this.#answer(),
      signal,
    )
    if (answer.type === 'failed') throw new Error(answer.message)
  }

  async measure(signal: AbortSignal): Promise<PeerMeasures> {
    this.tell({ type: 'measure' })
    const answer = await withDeadline(
      clock,
      answerDeadlineMs,
      'The peer did not answer.',
      this.#answer(),
      signal,
    )
    if (answer.type !== 'measured') throw new Error('The peer answered out of turn.')
    return answer.measures
  }

  tell(message: ToPeer): void {
    if (this.#child.connected) this.#child.send(message)
  }

  async close(): Promise<void> {
    this.tell({ type: 'close' })
    await withDeadline(clock, answerDeadlineMs, 'The peer does not end.', this.#gone).catch(() => {
      this.#child.kill('SIGKILL')
    })
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#arrived.push(answer)
    else waiting(answer)
  }

  #answer(): Promise<Answer> {
    const answer = this.#arrived.shift()
    if (answer !== undefined) return Promise.resolve(answer)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}
