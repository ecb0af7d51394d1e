import { ConvoyError, type Cancel, type Clock, type Logger } from '../../core/index.ts'
import { deferred, type Deferred } from '../deferred.ts'
import type { EarlyChallenge } from '../rendezvous.ts'
import { RouteEnd } from '../routeEnd.ts'
import { encodeTurn, type TurnBody } from './codeBody.ts'
import { encodeCode, type CodeKind } from './codeText.ts'
import { codesPerRoute, gatherCodeMs, messagesPerCode } from './constants.ts'

/** What a {@link HandedRoute} is made with. */
export interface HandedRouteOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly name: Uint8Array
  /** What codes of this side are. */
  readonly kind: Exclude<CodeKind, 'call'>
  /** Of a joiner: names the session in the first code. */
  readonly session: Uint8Array | null
  readonly challenge: EarlyChallenge
  readonly patienceMs: number
  /** A code of this side is there to be carried. */
  made(text: string): void
  /** The route is over. */
  over(route: HandedRoute): void
}

/** One end of a route whose messages people carry: what is said at one moment becomes one code ([MAN-6]). */
export class HandedRoute {
  readonly end: RouteEnd
  readonly #options: HandedRouteOptions
  readonly #unsent: Uint8Array[] = []
  #cancelGathering: Cancel | undefined
  #cancelPatience: Cancel | undefined
  #made = 0
  #taken = 0
  #newest: string | undefined
  #reply: Deferred<string> | undefined
  #refusal: ConvoyError | undefined
  #expired = false

  constructor(options: HandedRouteOptions) {
    this.#options = options
    const { challenge, patienceMs, logger } = options
    this.end = new RouteEnd({ send: (message) => this.#send(message), close: () => this.#close() }, logger, {
      byHand: { challenge, patienceMs, refused: (cause) => this.#refused(cause) },
    })
    this.#wait()
  }

  get name(): Uint8Array {
    return this.#options.name
  }

  /** The newest code of this side. */
  get newest(): string | undefined {
    return this.#newest
  }

  /** How many codes of the other side were taken. */
  get taken(): number {
    return this.#taken
  }

  /** Whether it ended because nobody carried anything in time. */
  get expired(): boolean {
    return this.#expired
  }

  /** The next code of this side: to be called before {@link HandedRoute.take}. Rejected where none comes. */
  reply(): Promise<string> {
    this.#reply ??= deferred<string>()
    // Whoever does not wait for it is not told.
    this.#reply.promise.catch(() => {})
    return this.#reply.promise
  }

  /**
   * Takes a code of the other side.
   * @throws ConvoyError `code-used` when it was taken before; `code-malformed` when one before it is missing.
   */
  take({ number, messages }: TurnBody): void {
    if (number < this.#taken) throw used()
    if (number > this.#taken) {
      throw new ConvoyError('code-malformed', 'The code before this one is missing: paste that first.')
    }
    this.#taken++
    this.#wait()
    for (const message of messages) this.end.receive(message)
  }

  #send(message: Uint8Array): void {
    if (this.#unsent.length >= messagesPerCode || this.#made > codesPerRoute) {
      throw new ConvoyError('rate-limited', 'That is more than people can be asked to carry.')
    }
    this.#unsent.push(message.slice())
    this.#cancelGathering ??= this.#options.clock.after(gatherCodeMs, () => this.#make())
  }

  #make(): void {
    this.#cancelGathering?.()
    this.#cancelGathering = undefined
    if (this.#unsent.length === 0) return
    const { name, kind, session } = this.#options
    const number = this.#made++
    const messages = this.#unsent.splice(0)
    const body = encodeTurn({ route: name, number, session: number === 0 ? session : null, messages })
    const text = encodeCode({ kind, body })
    this.#newest = text
    this.#wait()
    this.#reply?.resolve(text)
    this.#reply = undefined
    this.#options.made(text)
  }

  #wait(): void {
    const { clock, patienceMs } = this.#options
    this.#cancelPatience?.()
    // Whose conversation it is gives up first, and says why; this is for one that does not.
    this.#cancelPatience = clock.after(2 * patienceMs, () => this.#expire())
  }

  #expire(): void {
    this.#expired = true
    this.end.close()
  }

  #refused(cause: ConvoyError): void {
    this.#refusal = cause
  }

  #close(): void {
    // What was said before is carried still.
    this.#make()
    this.#cancelPatience?.()
    this.#expired ||= this.#taken === 0
    this.#reply?.reject(refusalOf(this.#refusal))
    this.#reply = undefined
    this.#options.over(this)
  }
}

/** The code is one that was taken before. */
export function used(answer?: string): ConvoyError {
  return new ConvoyError(
    'code-used',
    'This code was used before. Each is good for once: ask for a new one, unless its answer was given already.',
    answer === undefined ? {} : { details: { answer } },
  )
}

function refusalOf(cause: ConvoyError | undefined): ConvoyError {
  if (cause === undefined)
    return new ConvoyError('closed', 'The host gave no answer: it is busy, or no longer host. Try again.')
  switch (cause.code) {
    case 'message-expired':
      return new ConvoyError(
        'code-expired',
        'The code is too old, or a clock is wrong on one of the two machines. Exchange new codes at once.',
        { cause },
      )
    case 'message-unauthentic':
    case 'message-misaddressed':
      return new ConvoyError('code-foreign', 'The code is meant for somebody else, or was tampered with.', {
        cause,
      })
    case 'message-replayed':
      return used()
    default:
      return cause
  }
}
