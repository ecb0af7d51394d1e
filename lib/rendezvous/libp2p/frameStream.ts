import type { Connection, Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { ConvoyError, type Cancel, type Clock } from '../../core/index.ts'
import { PrefixedFrames, prefixed } from '../prefixedFrames.ts'
import { closeGraceMs, framingBytes } from './constants.ts'

/** What a {@link FrameStream} tells its owner. After `closed`, which comes exactly once, nothing follows. */
export interface FrameStreamHandlers {
  frame(bytes: Uint8Array): void
  closed(cause?: ConvoyError): void
}

/**
 * Whole frames over a stream of libp2p ([P2P-5]). Nothing of what is received is kept beyond one frame, and where a relay lets
 * only so many bytes pass they are counted, since it ends what is beyond without saying so.
 */
export class FrameStream {
  readonly #stream: Stream
  readonly #connection: Connection
  readonly #handlers: FrameStreamHandlers
  readonly #clock: Clock
  readonly #incoming = new PrefixedFrames((frame) => {
    if (!this.#over) this.#handlers.frame(frame)
  })
  #over = false
  #cancelGrace: Cancel | undefined

  constructor(stream: Stream, connection: Connection, clock: Clock, handlers: FrameStreamHandlers) {
    this.#stream = stream
    this.#connection = connection
    this.#clock = clock
    this.#handlers = handlers
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('close', this.#onClose)
    stream.addEventListener('remoteCloseWrite', this.#onEnd)
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.#stream.writeBufferLength
  }

  send(frame: Uint8Array): void {
    if (this.#over) return
    const bytes = prefixed(frame)
    const left = this.#connection.limits?.bytes
    if (left !== undefined && left < BigInt(bytes.length + framingBytes)) {
      this.#finish(
        new ConvoyError(
          'rate-limited',
          'The relay carries no more over this connection: reach the session again, for a new one.',
        ),
      )
      // The connection is of no use to anybody; the next one gets a fresh allowance.
      void this.#connection.close().catch(() => undefined)
      return
    }
    try {
      this.#stream.send(bytes)
    } catch (cause) {
      this.#finish(ended(cause))
    }
  }

  /** Lets go of it without a word to the owner; what was sent goes out first. Idempotent. */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.#leave()
    this.#cancelGrace = this.#clock.after(closeGraceMs, () => this.#stream.abort(new Error('Closed.')))
    this.#stream
      .close()
      .catch((error: unknown) =>
        this.#stream.abort(error instanceof Error ? error : new Error(String(error))),
      )
      .finally(() => this.#cancelGrace?.())
  }

  /** Ends it at once, with whatever waits: the other end reads too slowly, or sends what is no frame. */
  reset(): void {
    if (this.#over) return
    this.#over = true
    this.#leave()
    this.#stream.abort(new Error('Reset.'))
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    const bytes = event.data instanceof Uint8Array ? event.data : event.data.subarray()
    if (!this.#incoming.push(bytes))
      this.#finish(new ConvoyError('message-malformed', 'The other end sends no frames.'))
  }

  readonly #onEnd = (): void => this.#finish(ended(undefined))

  readonly #onClose = (event: StreamCloseEvent): void => this.#finish(ended(event.error))

  #finish(cause: ConvoyError): void {
    if (this.#over) return
    this.reset()
    this.#handlers.closed(cause)
  }

  #leave(): void {
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onEnd)
  }
}

function ended(cause: unknown): ConvoyError {
  return new ConvoyError('rendezvous-unreachable', 'The stream of the other peer ended.', { cause })
}
