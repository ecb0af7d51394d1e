import {
  ConvoyError,
  type Counters,
  isConvoyError,
  throwIfAborted,
  withDeadline,
  type Cancel,
  type Clock,
  type Logger,
} from '../core/index.ts'
import { listedSessions, type RendezvousTimings } from './constants.ts'
import {
  cutCodes,
  decodeServiceFrame,
  encodeClientFrame,
  frameVersion,
  type ClientFrame,
  type ServiceFrame,
} from './frames.ts'
import { deferred } from './deferred.ts'
import type { DialFrameSocket, FrameSocket } from './frameSocket.ts'

/** A frame of the service that answers a request. */
type Answer = Extract<ServiceFrame, { type: (typeof answerOf)[Request['type']] }>
type UnnumberedRequest<Type extends ClientFrame['type']> = Omit<
  Extract<ClientFrame, { type: Type }>,
  'request'
>
/** A request as its maker writes it; the connection numbers it. */
export type Request =
  | { type: 'announce'; envelope: Uint8Array; proof: Uint8Array[]; resume: Uint8Array | null }
  | { type: 'withdraw' | 'open'; session: Uint8Array }
  | { type: 'list' | 'turn' }
  | UnnumberedRequest<'witness'>
  | UnnumberedRequest<'grant'>
/** A frame of the service that nobody asked for. */
export type UnaskedFrame = Extract<ServiceFrame, { type: 'incoming' | 'relay' | 'closed' | 'dropped' }>

/** What a {@link ServiceConnection} is told to do things with. */
export interface ServiceConnectionOptions {
  /** For messages to people. */
  address: string
  dial: DialFrameSocket
  clock: Clock
  logger: Logger
  timings: RendezvousTimings
  counters: Counters
  /** Takes what the service sends unasked. */
  unasked: (frame: UnaskedFrame) => void
  /** The connection is over; exactly once and only after it was ready. */
  lost: (cause: ConvoyError) => void
}

interface PendingRequest {
  readonly expects: Answer['type']
  /** Pages of a list so far. */
  readonly envelopes: Uint8Array[]
  resolve(answer: Answer): void
  reject(error: ConvoyError): void
}

/** What may accompany a request. */
export interface RequestOptions<Answered> {
  signal?: AbortSignal | undefined
  /** Called as the answer arrives, before any frame that follows it in the same burst. */
  onAnswer?: (answer: Answered) => void
  /** Until the answer has to be there, ms. */
  deadlineMs?: number
}

type AnswerTo<Kind extends Request['type']> = Extract<Answer, { type: (typeof answerOf)[Kind] }>

const answerOf = {
  announce: 'announced',
  withdraw: 'withdrawn',
  open: 'opened',
  list: 'listed',
  witness: 'witnessing',
  grant: 'granted',
  turn: 'provided',
} as const

/** One connection to a service: greeting, numbered requests and their answers, and its signs of life. */
export class ServiceConnection {
  readonly #options: ServiceConnectionOptions
  readonly #socket: FrameSocket
  readonly #pending = new Map<number, PendingRequest>()
  readonly #ready = deferred<Extract<ServiceFrame, { type: 'welcome' }>>()
  #state: 'greeting' | 'ready' | 'over' = 'greeting'
  #nextRequest = 1
  #silenceMs: number
  #cancelSilence: Cancel

  constructor(options: ServiceConnectionOptions) {
    this.#options = options
    // Whoever awaits it sees the rejection; it must not count as unhandled before.
    this.#ready.promise.catch(() => {})
    this.#silenceMs = options.timings.connectMs
    this.#cancelSilence = options.clock.after(this.#silenceMs, () =>
      this.#over(this.#unreachable('does not answer')),
    )
    this.#socket = options.dial({
      open: () => this.send({ type: 'hello', version: frameVersion }),
      message: (bytes) => this.#receive(bytes),
      closed: (code, cause) => this.#over(this.#closedError(code, cause)),
    })
  }

  isOpen(): boolean {
    return this.#state === 'ready'
  }

  /**
   * The greeting of the service, once it came.
   * @throws ConvoyError `rendezvous-unreachable` or `protocol-version`.
   */
  get ready(): Promise<Extract<ServiceFrame, { type: 'welcome' }>> {
    return this.#ready.promise
  }

  send(frame: ClientFrame): void {
    if (this.#state === 'over') return
    this.#socket.send(encodeClientFrame(frame))
  }

  /**
   * Sends a request and resolves to its answer; of a list, to a last page that holds every page.
   * @throws ConvoyError with the code of the refusal, `rendezvous-unreachable`, or `aborted`.
   */
  async request<Kind extends Request['type']>(
    request: Request & { type: Kind },
    { signal, onAnswer, deadlineMs = this.#options.timings.requestMs }: RequestOptions<AnswerTo<Kind>> = {},
  ): Promise<AnswerTo<Kind>> {
    throwIfAborted(signal)
    if (this.#state !== 'ready') throw this.#unreachable('is not connected')
    const number = this.#nextRequest++
    const answered = deferred<AnswerTo<Kind>>()
    this.#pending.set(number, {
      expects: answerOf[request.type],
      envelopes: [],
      resolve(answer) {
        onAnswer?.(answer as AnswerTo<Kind>)
        answered.resolve(answer as AnswerTo<Kind>)
      },
      reject: answered.reject,
    })
    try {
      this.send({ ...request, request: number })
      return await withDeadline(this.#options.clock, deadlineMs, 'no answer', answered.promise, signal)
    } catch (error) {
      if (isConvoyError(error, 'timeout')) throw this.#unreachable('did not answer a request in time')
      throw error
    } finally {
      this.#pending.delete(number)
    }
  }

  /** Ends it without a word to the owner. Idempotent. */
  close(): void {
    this.#finish(new ConvoyError('closed', 'The rendezvous was closed.'))
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state === 'over') return
    let frame: ServiceFrame
    try {
      frame = decodeServiceFrame(bytes)
    } catch {
      this.#options.counters.add('rendezvous-malformed')
      return
    }
    if (frame.type === 'welcome') return this.#welcome(frame)
    if (this.#state === 'greeting' && frame.type !== 'refused') {
      // No sign of life yet: a service that says anything but welcome must not keep a client waiting.
      return this.#options.counters.add('rendezvous-unexpected')
    }
    this.#heard()
    this.#take(frame)
  }

  #take(frame: Exclude<ServiceFrame, { type: 'welcome' }>): void {
    switch (frame.type) {
      case 'ping':
        return this.send({ type: 'pong' })
      case 'incoming':
      case 'relay':
      case 'closed':
      case 'dropped':
        return this.#options.unasked(frame)
      case 'refused':
        return this.#refused(frame)
      case 'announced':
      case 'withdrawn':
      case 'opened':
      case 'listed':
      case 'witnessing':
      case 'granted':
      case 'provided':
        return this.#answered(frame)
    }
  }

  #welcome(frame: Extract<ServiceFrame, { type: 'welcome' }>): void {
    if (this.#state !== 'greeting') return this.#options.counters.add('rendezvous-unexpected')
    if (frame.version !== frameVersion) return this.#over(this.#wrongVersion())
    this.#state = 'ready'
    this.#silenceMs = frame.pingMs * this.#options.timings.missedPings
    this.#heard()
    this.#ready.resolve(frame)
  }

  #answered(frame: Answer): void {
    const pending = this.#pending.get(frame.request)
    if (pending?.expects !== frame.type) {
      this.#options.counters.add('rendezvous-unexpected')
      // Nobody waits for this route any more.
      if (frame.type === 'opened') this.send({ type: 'close', route: frame.route })
      return
    }
    if (frame.type !== 'listed') return pending.resolve(frame)
    pending.envelopes.push(...frame.envelopes)
    if (!frame.more || pending.envelopes.length >= listedSessions) {
      pending.resolve({ ...frame, envelopes: pending.envelopes.slice(0, listedSessions) })
    }
  }

  #refused(frame: Extract<ServiceFrame, { type: 'refused' }>): void {
    const error = new ConvoyError(frame.code, `${this.#options.address} refused: ${frame.reason}`)
    if (this.#state === 'greeting') return this.#over(error)
    const pending = frame.request === null ? undefined : this.#pending.get(frame.request)
    if (pending !== undefined) return pending.reject(error)
    this.#options.counters.add('rendezvous-refused')
    this.#options.logger.warn('The rendezvous refused a message.', { code: frame.code })
  }

  /** Any frame is a sign of life; without one for long enough the connection is dead. */
  #heard(): void {
    this.#cancelSilence()
    this.#cancelSilence = this.#options.clock.after(this.#silenceMs, () =>
      this.#over(this.#unreachable('stopped answering')),
    )
  }

  #over(cause: ConvoyError): void {
    const wasReady = this.#state === 'ready'
    if (!this.#finish(cause)) return
    if (wasReady) this.#options.lost(cause)
  }

  #finish(cause: ConvoyError): boolean {
    if (this.#state === 'over') return false
    this.#state = 'over'
    this.#cancelSilence()
    this.#socket.close()
    this.#ready.reject(cause)
    for (const pending of this.#pending.values()) pending.reject(cause)
    this.#pending.clear()
    return true
  }

  #closedError(code: number, cause: unknown): ConvoyError {
    if (code === cutCodes.version) return this.#wrongVersion()
    if (code === cutCodes.flood) {
      return new ConvoyError(
        'rate-limited',
        `${this.#options.address} cut the connection: too much was sent.`,
      )
    }
    return this.#unreachable(this.#state === 'greeting' ? 'does not answer' : 'closed the connection', cause)
  }

  #unreachable(what: string, cause?: unknown): ConvoyError {
    return new ConvoyError(
      'rendezvous-unreachable',
      `The signaling service at ${this.#options.address} ${what}. It may be down, or a firewall may be in the way: ` +
        'check the address, or start a service with "openconvoy signal".',
      { cause },
    )
  }

  #wrongVersion(): ConvoyError {
    return new ConvoyError(
      'protocol-version',
      `The signaling service at ${this.#options.address} runs another version of OpenConvoy; use the same one on both sides.`,
    )
  }
}
