type Listener = (...event: unknown[]) => void

/**
 * What simple-peer uses of `readable-stream`'s Duplex: events, and the few members its `destroy()` touches.
 * The real one brings Node's streams along, 20 kB gzipped of them. Its stream side (`write`, `pipe`, pausing) is
 * left out: links use `send()` and events only, since writing hangs on one of the engines anyway.
 */
export class Duplex {
  // simple-peer asks both whether `destroy()` has still to end that side.
  readonly _readableState = { ended: false }
  readonly _writableState = { finished: false }
  readonly #listeners = new Map<string, Listener[]>()

  on(name: string, listener: Listener): this {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
    return this
  }

  once(name: string, listener: Listener): this {
    const onceOnly: Listener = (...event) => {
      this.removeListener(name, onceOnly)
      listener.apply(this, event)
    }
    return this.on(name, onceOnly)
  }

  removeListener(name: string, listener: Listener): this {
    const remaining = (this.#listeners.get(name) ?? []).filter((candidate) => candidate !== listener)
    this.#listeners.set(name, remaining)
    return this
  }

  /** @returns whether anybody listened. An `error` nobody listens for is thrown, as by Node's emitters. */
  emit(name: string, ...event: unknown[]): boolean {
    const listeners = this.#listeners.get(name) ?? []
    if (listeners.length === 0 && name === 'error') throw event[0] as Error
    for (const listener of listeners) listener.apply(this, event)
    return listeners.length > 0
  }

  /** Hands `data` to whoever listens now, keeping nothing for later; null ends the readable side. */
  push(data: Uint8Array | string | null): boolean {
    if (data !== null) return this.emit('data', data)
    this._readableState.ended = true
    return this.emit('end')
  }

  /** Ends the writable side. */
  end(): this {
    this._writableState.finished = true
    this.emit('finish')
    return this
  }
}
