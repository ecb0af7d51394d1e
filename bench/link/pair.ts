import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createSystemClock, withDeadline } from '../../lib/core/index.ts'
import type { Contender, EndResult, FromEnd, Load, NodeEngine, ToEnd } from './messages.ts'

/** Longest that anything asked of an end may take beyond the time it is to measure, ms. */
const answerDeadlineMs = 30_000

const clock = createSystemClock()

type Answer = Exclude<FromEnd, { type: 'signal' }>

/** Two processes with pipes of one kind between them. */
export class Pair {
  readonly #contender: Contender
  readonly #engine: NodeEngine
  readonly #ends: readonly [End, End]

  constructor(contender: Contender, engine: NodeEngine) {
    this.#contender = contender
    this.#engine = engine
    const first = new End()
    const second = new End()
    first.onSignal = (signal) => second.tell(signal)
    second.onSignal = (signal) => first.tell(signal)
    this.#ends = [first, second]
  }

  /** Opens `pipes` more. */
  async open(pipes: number): Promise<void> {
    const request = { type: 'open', contender: this.#contender, engine: this.#engine, pipes } as const
    await this.#both((end, index) => end.ask({ ...request, initiator: index === 0 }, 'opened'))
  }

  /** Sends both ways at once. @returns what each end did. */
  async load(load: Load): Promise<EndResult[]> {
    const answers = await this.#both((end) =>
      end.ask({ type: 'load', load }, 'loaded', load.warmUpMs + load.measureMs + load.settleMs),
    )
    return answers.map(({ result }) => result)
  }

  /** Ends both processes. */
  end(): void {
    for (const end of this.#ends) end.end()
  }

  #both<T>(action: (end: End, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#ends.map(action))
  }
}

class End {
  onSignal: ((signal: Extract<FromEnd, { type: 'signal' }>) => void) | undefined
  // Node's own flags are handed on, among them the condition that finds the sources.
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('./end.ts', import.meta.url)))
  #waiting: ((answer: Answer) => void) | undefined

  constructor() {
    this.#child.on('message', (message: FromEnd) => {
      if (message.type === 'signal') this.onSignal?.(message)
      else this.#waiting?.(message)
    })
    this.#child.once('exit', (code, signalName) =>
      this.#waiting?.({ type: 'failed', message: `One end of a pair ended (${signalName ?? code}).` }),
    )
  }

  tell(message: ToEnd): void {
    if (this.#child.connected) this.#child.send(message)
  }

  async ask<Type extends Answer['type']>(
    message: ToEnd,
    expected: Type,
    takesMs = 0,
  ): Promise<Extract<Answer, { type: Type }>> {
    const arrival = new Promise<Answer>((resolve) => {
      this.#waiting = resolve
    })
    this.tell(message)
    const late = `One end of a pair did not answer to "${message.type}".`
    const answer = await withDeadline(clock, takesMs + answerDeadlineMs, late, arrival)
    if (answer.type === expected) return answer as Extract<Answer, { type: Type }>
    throw new Error(answer.type === 'failed' ? answer.message : late)
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}
