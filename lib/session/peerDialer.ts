import * as v from 'valibot'
import {
  ConvoyError,
  equalBytes,
  isConvoyError,
  SerialQueue,
  TokenBucket,
  type Cancel,
} from '../core/index.ts'
import {
  openEnvelope,
  ReplayGuard,
  sealMessage,
  signEnvelope,
  type VerificationBudget,
} from '../identity/index.ts'
import {
  count,
  decodeMessage,
  encodeMessage,
  incarnation,
  limits,
  signalSchema,
  type Signal,
} from '../protocol/index.ts'
import type { Link } from '../rtc/index.ts'
import { memberBudgetsOf } from './budgets.ts'
import {
  adoptedDial,
  memberLinkTimings,
  redialBackoffMs,
  signalLifetimeMs,
  urgentBackoffs,
} from './constants.ts'
import { opening, type SessionEnvironment } from './environment.ts'
import type { LinkSignals } from './linkSignals.ts'
import type { RecordMember } from './recordState.ts'

const peerSignalSchema = v.strictObject({
  /** Counts the dials between two incarnations, from 1; the initiator raises it. 0 for a link that came about over a route. */
  dial: count,
  from: incarnation,
  to: incarnation,
  signal: signalSchema,
})

/** What a dialer needs of the session it serves. */
export interface DialerContext {
  readonly environment: SessionEnvironment
  /** What each member may make this one check. */
  readonly verifications: VerificationBudget
  self(): RecordMember | undefined
  member(signKey: Uint8Array): RecordMember | undefined
  /** Brings a sealed signal to `peer` through the host. */
  relay(peer: RecordMember, sealed: Uint8Array): void
  /** A link to `peer` is open. */
  connected(peer: RecordMember, link: Link): void
  /** Whether `peer` decides: a rendezvous brings the signals of a link to it. */
  isHost(peer: RecordMember): boolean
  /** Whether members that are out of reach keep the others from agreeing. */
  isUrgent(): boolean
}

interface Dial {
  readonly peer: RecordMember
  readonly number: number
  readonly abort: AbortController
  handler: ((signal: Signal) => void) | undefined
  readonly early: Signal[]
}

/** A link that came about over a route, and how it is dialled again through neighbours. */
interface AdoptedLink {
  readonly link: Link
  readonly dial: Dial
  redial(): void
}

interface PeerState {
  dial: Dial | undefined
  /** The dial whose link is open: it may be dialled again ([LNK-70]). */
  connected: Dial | undefined
  adopted: AdoptedLink | undefined
  lastDial: number
  failures: number
  cancelRedial: Cancel | undefined
  /** Dials accepted from the other side: each takes a connection of the engine. */
  readonly dials: TokenBucket
  readonly outgoing: SerialQueue
  readonly incoming: SerialQueue
}

/**
 * Makes the links between members, whose signals travel sealed and signed through the host ([LNK-20]). Who
 * joined later dials; a dial that failed or a link that broke is dialled again with back-off.
 */
export class PeerDialer {
  readonly #context: DialerContext
  readonly #replays: ReplayGuard
  readonly #peers = new Map<string, PeerState>()
  #closed = false

  constructor(context: DialerContext) {
    this.#context = context
    this.#replays = new ReplayGuard()
  }

  /** Sees to a link with `peer`: dials when that is this side's part, else waits to be dialled. */
  connect(peer: RecordMember): void {
    if (this.#closed || !this.#dials(peer)) return
    const state = this.#state(peer.id)
    state.cancelRedial?.()
    state.cancelRedial = undefined
    this.#start(peer, state.lastDial + 1)
  }

  /** A link to `peer` broke: dials again after a while, when that is this side's part. */
  reconnect(peer: RecordMember): void {
    if (this.#closed || !this.#dials(peer)) return
    const { clock, random } = this.#context.environment
    const state = this.#state(peer.id)
    const longest = this.#context.isUrgent() ? urgentBackoffs : redialBackoffMs.length
    const backoff = redialBackoffMs[Math.min(state.failures, longest - 1)] ?? 0
    state.failures++
    state.cancelRedial?.()
    state.cancelRedial = clock.after(backoff * (0.75 + random.next() / 2), () => {
      const current = this.#context.member(peer.signKey)
      if (current !== undefined && equalBytes(current.incarnation, peer.incarnation)) this.connect(current)
    })
  }

  /**
   * A link to `peer` came about over a route. Once that one is no host any more its signals go through neighbours as those of
   * any link, with {@link adoptedDial} for the number of its dial ([LNK-22]).
   */
  adopt(peer: RecordMember, link: Link, signals: LinkSignals): void {
    if (this.#closed) return
    const dial: Dial = {
      peer,
      number: adoptedDial,
      abort: new AbortController(),
      handler: undefined,
      early: [],
    }
    const port = { send: (signal: Signal) => this.#send(dial, signal), onSignal: () => undefined }
    dial.handler = (signal) => {
      // Answers go the same way.
      signals.use(port)
      signals.deliver(signal)
    }
    const redial = (): void => {
      if (this.#context.isHost(peer)) return
      signals.use(port)
      link.redial()
    }
    this.#state(peer.id).adopted = { link, dial, redial }
    link.on('suspect', redial)
    link.on('unheard', redial)
  }

  /** Dials the link with `peer` again, whichever way it came about. */
  redial({ id }: RecordMember, link: Link): void {
    const { adopted } = this.#state(id)
    if (adopted?.link === link) adopted.redial()
    else link.redial()
  }

  /** Another one decides: nobody else sees any more to links with the former host that are broken. */
  hostChanged(): void {
    for (const { adopted } of this.#peers.values()) if (adopted?.link.state === 'suspect') adopted.redial()
  }

  /** Gives up on a peer that left. */
  forget(id: string): void {
    const state = this.#peers.get(id)
    if (state === undefined) return
    this.#peers.delete(id)
    state.cancelRedial?.()
    const { dial } = state
    // First, so that the end of the dial finds nobody to dial again.
    state.dial = undefined
    dial?.abort.abort()
  }

  /** Takes a sealed signal that came from `peer` through the host. */
  receive(peer: RecordMember, sealed: Uint8Array): void {
    if (this.#closed) return
    const state = this.#state(peer.id)
    if (state.incoming.length > limits.candidatesPerConnection) {
      return this.#context.environment.dropped.addFrom(peer.id, 'signal-flood')
    }
    state.incoming.add(() => this.#open(peer, sealed))
  }

  /** Stops every dial. Idempotent. */
  close(): void {
    this.#closed = true
    for (const id of [...this.#peers.keys()]) this.forget(id)
  }

  #dials(peer: RecordMember): boolean {
    const self = this.#context.self()
    return self !== undefined && self.joinedAt > peer.joinedAt
  }

  #state(id: string): PeerState {
    const known = this.#peers.get(id)
    if (known !== undefined) return known
    const { environment } = this.#context
    const { dialsPerSecond, dialsAtOnce } = memberBudgetsOf(environment)
    const refused = (error: unknown): void => {
      const reason = isConvoyError(error) ? error.code : 'internal'
      environment.dropped.addFrom(id, `signal-${reason}`)
      environment.logger.debug('A signal was refused.', { reason })
    }
    const state: PeerState = {
      dial: undefined,
      connected: undefined,
      adopted: undefined,
      lastDial: 0,
      failures: 0,
      cancelRedial: undefined,
      dials: new TokenBucket(environment.clock, dialsPerSecond, dialsAtOnce),
      outgoing: new SerialQueue(refused),
      incoming: new SerialQueue(refused),
    }
    this.#peers.set(id, state)
    return state
  }

  #start(peer: RecordMember, number: number): Dial {
    const { environment } = this.#context
    const state = this.#state(peer.id)
    state.dial?.abort.abort()
    const dial: Dial = { peer, number, abort: new AbortController(), handler: undefined, early: [] }
    state.dial = dial
    state.lastDial = number
    const connecting = environment.connect({
      initiator: this.#dials(peer),
      timings: memberLinkTimings,
      redials: true,
      signal: dial.abort.signal,
      signals: {
        send: (signal) => this.#send(dial, signal),
        onSignal: (handler) => {
          dial.handler = handler
          for (const signal of dial.early.splice(0)) handler(signal)
        },
      },
    })
    connecting.then(
      (link) => {
        if (state.dial !== dial) return link.close()
        state.dial = undefined
        state.connected = dial
        state.failures = 0
        link.on('suspect', () => link.redial())
        link.on('unheard', () => link.redial())
        this.#context.connected(peer, link)
      },
      (error: unknown) => {
        if (state.dial !== dial) return
        state.dial = undefined
        environment.logger.info('No link to a member came about.', { peer: peer.id, error })
        this.reconnect(peer)
      },
    )
    return dial
  }

  #send(dial: Dial, signal: Signal): void {
    const { identity, clock, random } = this.#context.environment
    const self = this.#context.self()
    if (self === undefined) return
    const { peer, number } = dial
    const body = encodeMessage(
      peerSignalSchema,
      { dial: number, from: self.incarnation, to: peer.incarnation, signal },
      limits.rendezvousMessageBytes,
    )
    this.#state(peer.id).outgoing.add(async () => {
      const envelope = await signEnvelope(
        identity,
        { purpose: 'signal', body, audience: peer.signKey, lifetimeMs: signalLifetimeMs },
        { clock, random },
      )
      this.#context.relay(peer, sealMessage(peer.boxKey, envelope, random))
    })
  }

  async #open(peer: RecordMember, sealed: Uint8Array): Promise<void> {
    if (!this.#context.verifications.tryTake(peer.id))
      throw new ConvoyError('rate-limited', 'The member sends too many signals.')
    const { identity } = this.#context.environment
    const envelope = identity.unseal(sealed)
    if (envelope === undefined) throw new ConvoyError('message-unauthentic', 'The seal does not open.')
    const opened = await openEnvelope(envelope, {
      ...opening(this.#context.environment),
      purpose: 'signal',
      audience: identity.signKey,
      requireAudience: true,
      signer: peer.signKey,
      maxBytes: limits.rendezvousMessageBytes,
      replays: this.#replays,
    })
    const body = decodeMessage(peerSignalSchema, opened.body, limits.rendezvousMessageBytes)
    const self = this.#context.self()
    const current = this.#context.member(peer.signKey)
    const fits =
      self !== undefined &&
      current !== undefined &&
      equalBytes(body.from, current.incarnation) &&
      equalBytes(body.to, self.incarnation)
    if (this.#closed || !fits)
      throw new ConvoyError('message-misaddressed', 'The signal is for another incarnation.')
    this.#deliver(current, body.dial, body.signal)
  }

  #deliver(peer: RecordMember, number: number, signal: Signal): void {
    const state = this.#state(peer.id)
    if (number === adoptedDial) return state.adopted?.dial.handler?.(signal)
    let dial = state.dial
    if (number > state.lastDial && !this.#dials(peer)) {
      if (!state.dials.tryTake()) throw new ConvoyError('rate-limited', 'The member dials too often.')
      dial = this.#start(peer, number)
    }
    // Candidates go on arriving after the link is open.
    if (dial === undefined && number === state.lastDial) return state.connected?.handler?.(signal)
    if (dial?.number !== number)
      throw new ConvoyError('message-replayed', 'The signal belongs to a former dial.')
    if (dial.handler !== undefined) dial.handler(signal)
    else if (dial.early.length < limits.candidatesPerConnection) dial.early.push(signal)
  }
}
