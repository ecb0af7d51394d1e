import { fork, type ChildProcess } from 'node:child_process'
import { createSystemClock, withDeadline } from '../../lib/core/index.ts'

/** Longest that anything asked of a child may take beyond the time it is to measure, ms. */
const answerDeadlineMs = 30_000

const clock = createSystemClock()

/** What every child may answer instead. */
export interface Failed {
  type: 'failed'
  message: string
}

/** A process of a benchmark, as the one that started it sees it: it is told things, or asked and answers one at a time. */
export class Child<To extends { type: string }, From extends { type: string } = never> {
  /** Takes what the child says without being asked; true for what it took. */
  onMessage: ((message: From) => boolean) | undefined
  readonly #name: string
  readonly #process: ChildProcess
  #waiting: ((answer: From | Failed) => void) | undefined
  #failed: Failed | undefined

  /** @param name - for messages: what it is part of. */
  constructor(name: string, process: ChildProcess) {
    this.#name = name
    this.#process = process
    process.on('message', (message: From) => {
      if (this.onMessage?.(message) !== true) this.#waiting?.(message)
    })
    process.on('error', (error) => this.#fail(`${name} did not start: ${error.message}`))
    process.once('exit', (code, signalName) => this.#fail(`${name} ended (${signalName ?? code}).`))
  }

  tell(message: To): void {
    // That it is gone by now is told by its exit.
    if (this.#process.connected) this.#process.send(message, () => undefined)
  }

  /**
   * Sends `message` and waits for the answer of type `expected`.
   * @param takesMs - for how long the child is busy with it anyway.
   */
  async ask<Type extends From['type']>(
    message: To,
    expected: Type,
    takesMs = 0,
  ): Promise<Extract<From, { type: Type }>> {
    const arrival = new Promise<From | Failed>((resolve) => {
      this.#waiting = resolve
      if (this.#failed !== undefined) resolve(this.#failed)
    })
    this.tell(message)
    const late = `${this.#name} did not answer to "${message.type}".`
    return this.#expected(arrival, expected, late, takesMs + answerDeadlineMs)
  }

  /** Waits for what the child says by itself, once. */
  async hear<Type extends From['type']>(expected: Type): Promise<Extract<From, { type: Type }>> {
    const arrival = new Promise<From | Failed>((resolve) => {
      this.#waiting = resolve
      if (this.#failed !== undefined) resolve(this.#failed)
    })
    return this.#expected(arrival, expected, `${this.#name} did not say "${expected}".`, answerDeadlineMs)
  }

  /** The child notices and exits. */
  end(): void {
    if (this.#process.connected) this.#process.disconnect()
  }

  async #expected<Type extends From['type']>(
    arrival: Promise<From | Failed>,
    expected: Type,
    late: string,
    deadlineMs: number,
  ): Promise<Extract<From, { type: Type }>> {
    const answer = await withDeadline(clock, deadlineMs, late, arrival)
    if (answer.type === expected) return answer as Extract<From, { type: Type }>
    throw new Error(answer.type === 'failed' && 'message' in answer ? answer.message : late)
  }

  #fail(message: string): void {
    this.#failed ??= { type: 'failed', message }
    this.#waiting?.(this.#failed)
  }
}

/** Starts the program at `url`. Node's own flags are handed on, among them the condition that finds the sources. */
export function forkProgram(url: URL): ChildProcess {
  return fork(url)
}
