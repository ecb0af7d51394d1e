import type { Stream } from '@libp2p/interface'
import type { Clock } from '../../../lib/core/index.ts'
import { PrefixedFrames, prefixed } from '../../../lib/rendezvous/index.ts'
import type { MeshStream } from '../meshNetwork.ts'
import { closeGraceMs, readAheadFrames } from './constants.ts'

/** What a {@link Libp2pMeshStream} is made with. */
export interface Libp2pMeshStreamOptions {
  clock: Clock
  /** Bytes that may wait for the other end to read, above which the stream is cut. */
  bufferedBytes: number
  /** What came is no frame. */
  malformed: () => void
}

/** Whole frames over a stream of libp2p; who sends faster than they are asked for is held back. */
export class Libp2pMeshStream implements MeshStream {
  readonly #stream: Stream
  readonly #options: Libp2pMeshStreamOptions
  readonly #frames: Uint8Array[] = []
  #reader: ((frame: Uint8Array | undefined) => void) | undefined
  readonly #incoming = new PrefixedFrames((frame) => {
    if (!this.#closed) this.#deliver(frame)
  })
  #ended = false
  #closed = false
  #paused = false

  constructor(stream: Stream, options: Libp2pMeshStreamOptions) {
    this.#stream = stream
    this.#options = options
    // Whole frames beyond what is read ahead, and what yamux has under way.
    stream.addEventListener('message', ({ data }) => this.#receive(data.subarray()))
    stream.addEventListener('remoteCloseWrite', () => this.#end())
    stream.addEventListener('close', () => this.#end())
  }

  next(): Promise<Uint8Array | undefined> {
    const frame = this.#frames.shift()
    if (frame !== undefined) {
      if (this.#paused && this.#frames.length < readAheadFrames / 2) this.#resume()
      return Promise.resolve(frame)
    }
    if (this.#ended) return Promise.resolve(undefined)
    return new Promise((resolve) => (this.#reader = resolve))
  }

  send(frame: Uint8Array): void {
    if (this.#closed || this.#stream.writeStatus !== 'writable') return
    try {
      this.#stream.send(prefixed(frame))
    } catch {
      // It broke just now: its end is told by its events.
      return
    }
    if (this.#stream.writeBufferLength > this.#options.bufferedBytes) this.abort()
  }

  async drained(): Promise<void> {
    // Where the stream breaks there is nothing to wait for.
    await this.#stream.onDrain().catch(() => {})
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    const abort = (): void => this.#stream.abort(new Error('The other end did not close the stream.'))
    const cancel = this.#options.clock.after(closeGraceMs, abort)
    this.#stream.addEventListener('close', cancel)
    this.#stream.close().catch(abort)
    if (this.#stream.status !== 'open' && this.#stream.status !== 'closing') cancel()
    // Nobody reads on, and an end that waits to be read would keep it open.
    this.#discard()
  }

  abort(): void {
    this.#closed = true
    this.#stream.abort(new Error('The stream was given up.'))
    this.#discard()
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return
    if (this.#incoming.push(bytes)) return
    this.#options.malformed()
    this.abort()
  }

  #deliver(frame: Uint8Array): void {
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) return reader(frame)
    this.#frames.push(frame)
    if (this.#frames.length >= readAheadFrames && !this.#paused && this.#stream.readStatus === 'readable') {
      this.#paused = true
      this.#stream.pause()
    }
  }

  #resume(): void {
    this.#paused = false
    if (this.#stream.readStatus === 'paused') this.#stream.resume()
  }

  #discard(): void {
    this.#frames.length = 0
    if (this.#paused) this.#resume()
    this.#end()
  }

  #end(): void {
    this.#ended = true
    this.#reader?.(undefined)
    this.#reader = undefined
  }
}
