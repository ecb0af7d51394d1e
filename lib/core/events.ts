import { silentLogger, type Logger } from './logger.ts'

/** Stops the listener it was handed out for. Calling it again does nothing. */
export type Unsubscribe = () => void

/** A map of event names to what listeners receive. */
export type EventMap = Record<string, unknown>

/** The listening side of an {@link Emitter}. */
export interface Listenable<Events extends EventMap> {
  /** Calls `listener` at each `name` event until the returned function is called. */
  on<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe
}

/**
 * Typed events. A listener that throws, at once or as a promise, is logged and does not disturb the others or the sender.
 * Listeners added or removed during an emit take effect at the next one.
 */
export class Emitter<Events extends EventMap> implements Listenable<Events> {
  readonly #listeners = new Map<string, readonly ((event: never) => void)[]>()
  readonly #logger: Logger

  constructor(logger: Logger = silentLogger) {
    this.#logger = logger
  }

  on<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe {
    // A wrapper of its own, so that the same function subscribed twice is unsubscribed once at a time.
    const entry = (event: Events[Name]): void => listener(event)
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), entry])
    return () => {
      const remaining = (this.#listeners.get(name) ?? []).filter((candidate) => candidate !== entry)
      if (remaining.length === 0) this.#listeners.delete(name)
      else this.#listeners.set(name, remaining)
    }
  }

  emit<Name extends keyof Events & string>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name) as readonly ((event: Events[Name]) => void)[] | undefined
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        const result: unknown = listener(event)
        // One that is asynchronous may fail later, which must not end the process.
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(name, error))
      } catch (error) {
        this.#failed(name, error)
      }
    }
  }

  #failed(name: string, error: unknown): void {
    this.#logger.error(`A listener of "${name}" threw.`, { error })
  }

  /** How many listeners `name` has, or all names together: for leak checks. */
  listenerCount(name?: keyof Events & string): number {
    if (name !== undefined) return this.#listeners.get(name)?.length ?? 0
    let count = 0
    for (const listeners of this.#listeners.values()) count += listeners.length
    return count
  }

  /** Drops every listener. */
  clear(): void {
    this.#listeners.clear()
  }
}
