import {
  ConvoyError,
  createSystemClock,
  Emitter,
  equalBytes,
  isConvoyError,
  silentLogger,
  systemRandom,
  throwIfAborted,
  toHex,
  type Clock,
  type Logger,
  type RandomSource,
  type Unsubscribe,
} from '../../core/index.ts'
import { decodeInvite, domainHash, openAnnouncement, type Verify } from '../../identity/index.ts'
import type { Announcement, HostedSession, ReachedSession, Rendezvous } from '../rendezvous.ts'
import { decodeCall, decodeTurn, encodeCall, type CallBody, type TurnBody } from './codeBody.ts'
import { decodeCode, encodeCode } from './codeText.ts'
import {
  challengeBytes,
  codePatienceMs,
  endedRoutes,
  manualRoutes,
  routeNameBytes,
  sessionTagBytes,
  takenCalls,
} from './constants.ts'
import { HandedRoute, used } from './handedRoute.ts'
import { HandHosted } from './handHosted.ts'
import type { ManualCodes, ManualCodesEvents, ManualCodesOptions, TakenCode } from './types.ts'

/**
 * Makes the rendezvous that people are: the host posts a call, a joiner answers with an offer, the host with an answer, and
 * the joiner is in. The texts go through any chat, by mail or as files; nobody else can use or read what matters in them.
 * @throws ConvoyError `invalid-argument`.
 * @example
 * ```ts
 * // The host:
 * const codes = manualCodes()
 * const convoy = await hostConvoy({ name: 'Anna', rendezvous: codes })
 * show(await codes.call(convoy.invite))
 * const taken = await codes.take(pastedOffer)
 * if (taken.kind === 'offer') show(taken.answer)
 *
 * // The joiner:
 * const codes = manualCodes()
 * const call = await codes.take(pastedCall)
 * codes.on('code', ({ text }) => show(text))
 * if (call.kind === 'call') {
 *   const joining = joinConvoy(call.invite, { name: 'Ben', rendezvous: codes })
 *   await codes.take(pastedAnswer)
 *   const convoy = await joining
 * }
 * ```
 */
export function manualCodes(options: ManualCodesOptions = {}): ManualCodes {
  return new CodesByHand(options)
}

class CodesByHand implements ManualCodes {
  readonly hint = 'manual:'
  readonly byHand = true
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #logger: Logger
  readonly #verify: Verify | undefined
  readonly #patienceMs: number
  readonly #events: Emitter<ManualCodesEvents>
  readonly #hosted = new Map<string, HandHosted>()
  readonly #calls = new Map<string, CallBody>()
  /** By name: those that were opened here, and those to sessions that are hosted here. */
  readonly #opened = new Map<string, HandedRoute>()
  readonly #answered = new Map<string, HandedRoute>()
  /** What to say of a code for a route that is over. */
  readonly #ended = new Map<string, ConvoyError>()
  #closed = false

  constructor(options: ManualCodesOptions) {
    const { patienceMs = codePatienceMs } = options
    if (!(patienceMs >= 10_000 && patienceMs <= 3_600_000)) {
      throw new ConvoyError('invalid-argument', 'The option "patienceMs" is 10,000 to 3,600,000 ms.')
    }
    this.#clock = options.clock ?? createSystemClock()
    this.#random = options.random ?? systemRandom
    this.#logger = options.logger ?? silentLogger
    this.#verify = options.verify
    this.#patienceMs = patienceMs
    this.#events = new Emitter(this.#logger)
  }

  on<Name extends keyof ManualCodesEvents>(
    name: Name,
    listener: (event: ManualCodesEvents[Name]) => void,
  ): Unsubscribe {
    return this.#events.on(name, listener)
  }

  async announce(announcement: Announcement, signal?: AbortSignal): Promise<HostedSession> {
    this.#throwIfClosed()
    throwIfAborted(signal)
    const key = toHex(announcement.sessionId)
    if (this.#hosted.has(key)) {
      throw new ConvoyError(
        'invalid-argument',
        'The session is announced here already: use update() of what announce() gave.',
      )
    }
    const check = async ({ sessionId, envelope, proof }: Announcement): Promise<void> => {
      await openAnnouncement(envelope, { clock: this.#clock, verify: this.#verify, proof, sessionId })
    }
    const hosted = new HandHosted(announcement, {
      nonce: this.#random.bytes(challengeBytes),
      logger: this.#logger,
      check,
      forget: () => this.#hosted.delete(key),
    })
    this.#hosted.set(key, hosted)
    try {
      await check(announcement)
      throwIfAborted(signal)
      return hosted
    } catch (error) {
      await hosted.close()
      throw error
    }
  }

  async call(invite: string): Promise<string> {
    const hosted = this.#hosted.get(toHex(decodeInvite(invite).sessionId))
    if (hosted === undefined) {
      throw new ConvoyError(
        'session-not-found',
        'This session is not announced by codes here: host it with this rendezvous first.',
      )
    }
    const { envelope, proof = [] } = hosted.announcement
    const body = await encodeCall({ invite, envelope, proof: [...proof], ...hosted.challenge })
    return encodeCode({ kind: 'call', body })
  }

  async take(text: string, signal?: AbortSignal): Promise<TakenCode> {
    this.#throwIfClosed()
    throwIfAborted(signal)
    const { kind, body } = decodeCode(text)
    switch (kind) {
      case 'call':
        return { kind, invite: await this.#takeCall(await decodeCall(body)) }
      case 'offer':
        return { kind, answer: await until(this.#takeOffer(decodeTurn(body)), signal) }
      case 'answer':
        this.#takeAnswer(decodeTurn(body))
        return { kind }
    }
  }

  /** Opens a route to the host whose call was taken; what is said on it comes as codes. */
  reach(sessionId: Uint8Array, signal?: AbortSignal): Promise<ReachedSession> {
    return new Promise((resolve) => {
      this.#throwIfClosed()
      throwIfAborted(signal)
      const call = this.#calls.get(toHex(sessionId))
      if (call === undefined) {
        throw new ConvoyError(
          'session-not-found',
          'No call for this session was pasted: ask the host for one.',
        )
      }
      const { nonce, password, envelope, proof } = call
      const route = this.#route({
        name: this.#random.bytes(routeNameBytes),
        kind: 'offer',
        session: tagOf(sessionId),
        challenge: { nonce, password },
        among: this.#opened,
      })
      resolve({ envelope, proof, route: route.end })
    })
  }

  /** Nobody is asked what there is: codes lead to one session each. */
  list(): Promise<Uint8Array[]> {
    return Promise.resolve([])
  }

  iceServers(): ReturnType<Rendezvous['iceServers']> {
    return []
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const route of [...this.#opened.values(), ...this.#answered.values()]) route.end.close()
    await Promise.all([...this.#hosted.values()].map((hosted) => hosted.close()))
    this.#calls.clear()
    this.#ended.clear()
    this.#events.clear()
  }

  async #takeCall(call: CallBody): Promise<string> {
    const { sessionId, hostFingerprint } = decodeInvite(call.invite)
    const { envelope, proof } = call
    try {
      await openAnnouncement(envelope, {
        clock: this.#clock,
        verify: this.#verify,
        proof,
        sessionId,
        hostFingerprint,
      })
    } catch (cause) {
      if (!isConvoyError(cause, 'message-expired')) throw cause
      const message =
        'The call is too old, or a clock is wrong on one of the two machines: ask for a new one.'
      throw new ConvoyError('code-expired', message, { cause })
    }
    const key = toHex(sessionId)
    this.#calls.delete(key)
    this.#calls.set(key, call)
    trim(this.#calls, takenCalls)
    return call.invite
  }

  #takeOffer(turn: TurnBody): Promise<string> {
    const name = toHex(turn.route)
    const known = this.#answered.get(name)
    // Who hosts a session may reach it as well.
    const isOwn = this.#opened.has(name) && known === undefined && this.#hostedBy(turn.session) === undefined
    if (isOwn) throw new ConvoyError('code-foreign', 'This is your own offer: it is for the host.')
    if (known !== undefined && turn.number < known.taken) throw used(known.newest)
    const route = known ?? this.#arrived(turn)
    const reply = route.reply()
    route.take(turn)
    if (known === undefined) this.#hostedBy(turn.session)?.arrived(route.end)
    return reply
  }

  /** The other end of a route that a joiner opened. */
  #arrived({ route, number, session }: TurnBody): HandedRoute {
    const ended = this.#ended.get(toHex(route))
    if (ended !== undefined) throw ended
    const hosted = this.#hostedBy(session)
    if (number > 0 || hosted === undefined) {
      throw new ConvoyError(
        'code-foreign',
        'This offer is for another convoy, or for a former start of this one: have the joiner take a new call.',
      )
    }
    const { challenge } = hosted
    return this.#route({
      name: route,
      kind: 'answer',
      session: null,
      challenge,
      among: this.#answered,
    })
  }

  #takeAnswer(turn: TurnBody): void {
    const name = toHex(turn.route)
    const route = this.#opened.get(name)
    if (route !== undefined) return route.take(turn)
    if (this.#answered.has(name)) {
      throw new ConvoyError('code-foreign', 'This is your own answer: it is for the one who joins.')
    }
    throw (
      this.#ended.get(name) ??
      new ConvoyError('code-foreign', 'This answer is for somebody else, or for an offer of a former start.')
    )
  }

  #hostedBy(tag: Uint8Array | null): HandHosted | undefined {
    if (tag === null) return undefined
    return [...this.#hosted.values()].find(({ announcement }) =>
      equalBytes(tagOf(announcement.sessionId), tag),
    )
  }

  #route(options: {
    name: Uint8Array
    kind: 'offer' | 'answer'
    session: Uint8Array | null
    challenge: CallBody | HandHosted['challenge']
    among: Map<string, HandedRoute>
  }): HandedRoute {
    const { name, kind, session, among } = options
    if (among.size >= manualRoutes)
      throw new ConvoyError(
        'rate-limited',
        'Too many codes wait for their answers: try again in some minutes.',
      )
    const { nonce, password } = options.challenge
    const key = toHex(name)
    const route: HandedRoute = new HandedRoute({
      clock: this.#clock,
      logger: this.#logger,
      name,
      kind,
      session,
      challenge: { nonce, password },
      patienceMs: this.#patienceMs,
      made: (text) => this.#events.emit('code', { kind, text }),
      over: (over) => {
        among.delete(key)
        this.#ended.set(key, endOf(over, kind))
        trim(this.#ended, endedRoutes)
        if (over.newest !== undefined) this.#events.emit('over', { kind, text: over.newest })
      },
    })
    among.set(key, route)
    return route
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new ConvoyError('closed', 'The rendezvous was closed.')
  }
}

/** What to say of a further code for a route that is over. */
function endOf(route: HandedRoute, kind: 'offer' | 'answer'): ConvoyError {
  if (kind === 'answer') return used(route.newest)
  if (!route.expired) return used()
  return new ConvoyError(
    'code-expired',
    'The offer that this answers was given up: no answer came in time, or another way was faster. Make a new one.',
  )
}

/** Names a session in an offer to those who know it, and to nobody else. */
function tagOf(sessionId: Uint8Array): Uint8Array {
  return domainHash('openconvoy code session 1', sessionTagBytes, sessionId)
}

function trim(map: Map<string, unknown>, most: number): void {
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}

/** What `work` resolves to, unless `signal` is aborted first. */
function until<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      try {
        throwIfAborted(signal)
      } catch (error) {
        reject(error)
      }
    }
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
