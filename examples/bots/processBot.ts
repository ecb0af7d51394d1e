import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Clock } from 'openconvoy'
import { withDeadline } from '../../lib/core/index.ts'
import type { Bot, BotSnapshot } from './bot.ts'
import type { BotRequest } from './makeLocalBot.ts'
import type { FromBotProcess, ToBotProcess } from './processMessages.ts'

/** Longest a bot's process may take to start and join: joining has deadlines of its own, which come first. */
const readyDeadlineMs = 60_000

/** Longest it may take to answer, and to leave before it is ended. */
const answerDeadlineMs = 5_000

/** A bot in an operating system process of its own. */
export class ProcessBot implements Bot {
  readonly index: number
  readonly name: string
  memberId = ''
  invite = ''
  joinMs: number | undefined
  readonly #child: ChildProcess
  readonly #clock: Clock
  readonly #gone: Promise<void>
  #waiting: ((message: FromBotProcess) => void) | undefined

  private constructor(request: BotRequest, clock: Clock) {
    this.index = request.index
    this.name = request.name
    this.#clock = clock
    // Node's own flags are handed on, among them the condition that finds the sources.
    this.#child = fork(fileURLToPath(new URL('./botProcess.ts', import.meta.url)))
    this.#child.on('message', (message: FromBotProcess) => this.#waiting?.(message))
    this.#gone = new Promise((resolve) => {
      this.#child.once('exit', (code, signalName) => {
        this.#waiting?.({
          type: 'failed',
          message: `the process of ${this.name} ended (${signalName ?? code})`,
        })
        resolve()
      })
    })
  }

  /** Starts the process and lets its bot host or join. */
  static async start(request: BotRequest, clock: Clock, signal: AbortSignal): Promise<ProcessBot> {
    const bot = new ProcessBot(request, clock)
    try {
      const answer = await bot.#ask({ type: 'start', request }, readyDeadlineMs, signal)
      if (answer.type !== 'ready') throw new Error(`${request.name} answered out of turn.`)
      bot.memberId = answer.memberId
      bot.invite = answer.invite
      bot.joinMs = answer.joinMs
      return bot
    } catch (error) {
      await bot.close()
      throw error
    }
  }

  startMeasuring(cast: ReadonlyMap<string, number>): void {
    this.#tell({ type: 'measure', cast: [...cast] })
  }

  async snapshot(): Promise<BotSnapshot> {
    const answer = await this.#ask({ type: 'snapshot' }, answerDeadlineMs)
    if (answer.type !== 'snapshot') throw new Error(`${this.name} answered out of turn.`)
    return answer.snapshot
  }

  async close(): Promise<void> {
    this.#tell({ type: 'close' })
    await withDeadline(this.#clock, answerDeadlineMs, `${this.name} does not end.`, this.#gone).catch(() => {
      this.#child.kill('SIGKILL')
    })
  }

  #tell(message: ToBotProcess): void {
    if (this.#child.connected) this.#child.send(message)
  }

  async #ask(message: ToBotProcess, deadlineMs: number, signal?: AbortSignal): Promise<FromBotProcess> {
    const answer = new Promise<FromBotProcess>((resolve) => {
      this.#waiting = resolve
    })
    this.#tell(message)
    const late = `${this.name} did not answer within ${deadlineMs / 1_000} s.`
    const received = await withDeadline(this.#clock, deadlineMs, late, answer, signal)
    if (received.type === 'failed') throw new Error(received.message)
    return received
  }
}
