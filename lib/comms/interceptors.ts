import type { Counters, Logger, Unsubscribe } from '../core/index.ts'
import type { Member } from './member.ts'

/** Something that arrived and that interceptors judge before the program hears of it. */
export type Interception =
  | { readonly type: 'chat'; readonly from: Member; readonly text: string; readonly direct: boolean }
  | { readonly type: 'channel'; readonly channel: string; readonly from: Member; readonly message: unknown }

/** Let it through, drop it, or put this text or message in its place. */
export type InterceptionVerdict = 'pass' | 'drop' | { readonly replace: unknown }

/** Judges what arrives; see {@link Convoy.intercept}. */
export type Interceptor = (event: Interception) => InterceptionVerdict

/** Asks the interceptors of a program, in the order in which they were added ([CHN-30]). */
export class Interceptors {
  readonly #logger: Logger
  readonly #dropped: Counters
  #interceptors: readonly Interceptor[] = []

  constructor(logger: Logger, dropped: Counters) {
    this.#logger = logger
    this.#dropped = dropped
  }

  add(interceptor: Interceptor): Unsubscribe {
    const entry: Interceptor = (event) => interceptor(event)
    this.#interceptors = [...this.#interceptors, entry]
    return () => {
      this.#interceptors = this.#interceptors.filter((each) => each !== entry)
    }
  }

  /**
   * What all of them let through, in the event's own place; undefined when it is dropped.
   * @param check - gives a replacement its final form, and throws where it fits no schema.
   */
  judge<Event extends Interception>(
    event: Event,
    check: (event: Event, replacement: unknown) => Event,
  ): Event | undefined {
    let current = event
    for (const interceptor of this.#interceptors) {
      try {
        const verdict = interceptor(current)
        if (verdict === 'pass') continue
        if (verdict === 'drop') return this.#drop('intercepted')
        current = check(current, verdict.replace)
      } catch (error) {
        // A filter that fails must not let through what it was there to stop.
        this.#logger.error('An interceptor failed; what it judged was dropped.', { error })
        return this.#drop('intercept-failed')
      }
    }
    return current
  }

  #drop(reason: string): undefined {
    this.#dropped.add(reason)
    return undefined
  }
}
