import { abortError, ConvoyError, SerialQueue, sleep } from '../core/index.ts'
import { ableLookMs, askedPatienceMs } from './constants.ts'
import type { Session } from './session.ts'

/** What a host decides, one after the other: each decision holds the digest of the one before. */
export class DecisionQueue {
  readonly #session: Session
  readonly #closing: AbortSignal
  readonly #queue: SerialQueue

  /** @param closing - aborts when this host decides nothing more. */
  constructor(session: Session, closing: AbortSignal) {
    this.#session = session
    this.#closing = closing
    this.#queue = new SerialQueue((error) => {
      session.environment.logger.error('A decision of the host failed.', { error })
    })
  }

  /** Runs `task` after what was added before. */
  add(task: () => Promise<void>): void {
    this.#queue.add(task)
  }

  /**
   * Decides after what was added before.
   * @param signal - gives the decision up while it waits for others; once begun it is made.
   */
  decide<T>(decision: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#enqueue(() => Promise.resolve(), decision, signal)
  }

  /**
   * The same for who would not ask again by itself: it waits while nothing can be decided for the moment, at the head of the
   * queue, since nothing behind it could be decided either ([AUT-10]).
   * @param signal - gives the decision up until then.
   */
  decideOnceAble<T>(decision: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { authority, environment } = this.#session
    const until = environment.clock.now() + askedPatienceMs
    const decide = async (): Promise<T> => {
      if (this.#session.isClosed && !authority.canDecide) throw closed()
      return decision()
    }
    return this.#enqueue(() => this.#untilAble(until, signal), decide, signal)
  }

  /** Resolves once everything added so far is done. */
  idle(): Promise<void> {
    return this.#queue.idle()
  }

  #enqueue<T>(ready: () => Promise<void>, decision: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closing.aborted) return reject(closed())
      if (signal?.aborted === true) return reject(abortError(signal))
      const giveUp = (): void => reject(abortError(signal))
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#queue.add(async () => {
        await ready()
        signal?.removeEventListener('abort', giveUp)
        if (signal?.aborted !== true) await decision().then(resolve, reject)
      })
    })
  }

  /** Returns once this host can decide, or it is no use waiting: the decision itself says why then. */
  async #untilAble(until: number, signal?: AbortSignal): Promise<void> {
    const { authority, environment } = this.#session
    const { clock } = environment
    const isPointless = (): boolean =>
      this.#session.isClosed || this.#closing.aborted || signal?.aborted === true || clock.now() >= until
    while (!authority.canDecide && !isPointless()) await sleep(clock, ableLookMs)
  }
}

function closed(): ConvoyError {
  return new ConvoyError('closed', 'The convoy is closed.')
}
