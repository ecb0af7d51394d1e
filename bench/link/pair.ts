import { Child, forkProgram } from '../processes/child.ts'
import type { Contender, EndResult, FromEnd, Load, NodeEngine, ToEnd } from './messages.ts'

type End = Child<ToEnd, FromEnd>

/** Two processes with pipes of one kind between them. */
export class Pair {
  readonly #contender: Contender
  readonly #engine: NodeEngine
  readonly #ends: readonly [End, End]

  constructor(contender: Contender, engine: NodeEngine) {
    this.#contender = contender
    this.#engine = engine
    const first = newEnd()
    const second = newEnd()
    passSignals(first, second)
    passSignals(second, first)
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

function newEnd(): End {
  return new Child('One end of a pair', forkProgram(new URL('./end.ts', import.meta.url)))
}

function passSignals(from: End, to: End): void {
  from.onMessage = (message) => {
    if (message.type !== 'signal') return false
    to.tell(message)
    return true
  }
}
