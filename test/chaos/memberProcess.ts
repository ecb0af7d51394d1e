import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createSystemClock, withDeadline } from '../../lib/core/index.ts'
import type { NetworkNamespace } from '../nat/namespaces.ts'
import type { Answer, FromMember, MemberView, Question, ToMember } from './memberMessages.ts'

/** How long a member may take to answer, ms: a decision that finds no majority takes the longest. */
const answerDeadlineMs = 8_000

/** How long it may take to leave before it is ended, ms: good-byes take more than a second. */
const leaveDeadlineMs = 8_000

/** Characters of what it complained about that are kept, from the end. */
const complaintLength = 2_000

const clock = createSystemClock()

/** What a member tells without being asked; `ended` when its process did so by itself. */
export type MemberEvent =
  Exclude<FromMember, { type: 'answer' }> | { readonly type: 'ended'; readonly message: string }

/** One life of a member, in an operating system process that faults are done to. */
export class MemberProcess {
  readonly gone: Promise<void>
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>()
  #questions = 0
  #complaints = ''
  #isToEnd = false
  #isGone = false

  /** @param machine - where it runs, as far as the network goes; this one where undefined. */
  constructor(machine: NetworkNamespace | undefined, onEvent: (event: MemberEvent) => void) {
    const program = fileURLToPath(new URL('./member.ts', import.meta.url))
    // The last argument is for whoever looks for processes that a run left behind.
    const node = [process.execPath, '--conditions=openconvoy-source', program, `of-${process.pid}`] as const
    // `ip netns exec` becomes the program: signals and the channel go to the member itself.
    const [command = '', ...args] = machine === undefined ? node : ['ip', ...machine.execution(...node)]
    this.#child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-complaintLength)
    })
    this.#child.on('message', (message: FromMember) => {
      if (message.type !== 'answer') return onEvent(message)
      this.#waiting.get(message.id)?.(message.answer)
      this.#waiting.delete(message.id)
    })
    this.gone = new Promise((resolve) => {
      const end = (reason: string): void => {
        if (this.#isGone) return
        this.#isGone = true
        for (const giveUp of this.#waiting.values()) giveUp(undefined)
        if (!this.#isToEnd) onEvent({ type: 'ended', message: `${reason} ${this.#complaints}`.trim() })
        resolve()
      }
      this.#child.once('error', (error) => end(error.message))
      this.#child.once('exit', (code, signalName) => end(`The process ended (${signalName ?? code}).`))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  start(message: Extract<ToMember, { type: 'start' }>): void {
    this.#tell(message)
  }

  /** The convoy as it has it; undefined while it is in none, or does not answer. */
  async view(): Promise<MemberView | undefined> {
    const answer = await this.#ask({ type: 'view' })
    return answer !== undefined && 'view' in answer ? (answer.view ?? undefined) : undefined
  }

  /** Has it decide, as host. @returns why it did not, in a word; null once it is done. */
  async decide(question: Exclude<Question, { type: 'view' }>): Promise<string | null> {
    const answer = await this.#ask(question)
    return answer === undefined || !('code' in answer) ? 'no-answer' : answer.code
  }

  /** Ends it on the spot, as a crash would. */
  async kill(): Promise<void> {
    this.killNow()
    await this.gone
  }

  /** {@link MemberProcess.kill} without waiting for anything: for the last moment of this process. */
  killNow(): void {
    this.#isToEnd = true
    this.#child.kill('SIGKILL')
  }

  /** Freezes it, as a suspended laptop or a program that hangs. */
  stop(): void {
    this.#child.kill('SIGSTOP')
  }

  continue(): void {
    this.#child.kill('SIGCONT')
  }

  /** Lets it leave. Idempotent. @returns whether it ended by itself, in time. */
  async close(): Promise<boolean> {
    this.#isToEnd = true
    this.#tell({ type: 'close' })
    try {
      await withDeadline(clock, leaveDeadlineMs, 'The member does not end.', this.gone)
      return true
    } catch {
      await this.kill()
      return false
    }
  }

  async #ask(question: Question): Promise<Answer | undefined> {
    if (this.#isGone) return undefined
    const id = ++this.#questions
    const answer = new Promise<Answer | undefined>((resolve) => this.#waiting.set(id, resolve))
    this.#tell({ type: 'ask', id, question })
    return withDeadline(clock, answerDeadlineMs, 'No answer.', answer).catch(() => {
      this.#waiting.delete(id)
      return undefined
    })
  }

  #tell(message: ToMember): void {
    // That it is gone by now is told by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }
}
