import { fromHex, type Clock } from '../../lib/core/index.ts'
import type { HeldSession } from '../../lib/rendezvous/index.ts'
import { meshVersion } from './constants.ts'
import { encodeFeedFrame, type FeedFrame } from './frames.ts'
import type { MeshStream } from './meshNetwork.ts'

/** What a {@link FeedWriter} is made with. */
export interface FeedWriterOptions {
  clock: Clock
  /** A session that is held here, by its id in hexadecimal. */
  held: (key: string) => HeldSession | undefined
  /** All that are. */
  heldKeys: () => string[]
  beatMs: number
}

/**
 * Tells one other service of the sessions that are held here: all of them first, then what changes. What changes while the other
 * one is slow is told once, as it is then, so nothing piles up.
 */
export class FeedWriter {
  readonly #options: FeedWriterOptions
  readonly #stream: MeshStream
  readonly #pending: Set<string>
  #wake: () => void = () => {}
  #over = false

  constructor(stream: MeshStream, options: FeedWriterOptions) {
    this.#stream = stream
    this.#options = options
    this.#pending = new Set(options.heldKeys())
  }

  changed(key: string): void {
    // Behind what waits already: a session that changes all the time must not hold up the others.
    this.#pending.delete(key)
    this.#pending.add(key)
    this.#wake()
  }

  /** Resolves when it is over. */
  async run(): Promise<void> {
    this.#send({ type: 'feed', version: meshVersion })
    await this.#tell()
    this.#send({ type: 'synced' })
    const cancelBeat = this.#options.clock.every(this.#options.beatMs, () => this.#send({ type: 'beat' }))
    try {
      while (!this.#isOver()) {
        if (this.#pending.size === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
        await this.#tell()
      }
    } finally {
      cancelBeat()
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.#stream.close()
    this.#wake()
  }

  async #tell(): Promise<void> {
    for (const key of this.#pending) {
      if (this.#over) return
      this.#pending.delete(key)
      this.#send(this.#frameOf(key))
      await this.#stream.drained()
    }
  }

  #frameOf(key: string): FeedFrame {
    const held = this.#options.held(key)
    if (held === undefined) return { type: 'gone', session: fromHex(key) }
    if (held.away) return { type: 'away', session: held.sessionId }
    return { type: 'up', envelope: held.envelope, proof: [...held.proof] }
  }

  #send(frame: FeedFrame): void {
    if (!this.#over) this.#stream.send(encodeFeedFrame(frame))
  }

  #isOver(): boolean {
    return this.#over
  }
}
