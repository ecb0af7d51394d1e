import type { Cancel, Clock } from '../core/index.ts'
import type { Signal } from '../protocol/index.ts'
import type { Connection, ConnectionOptions, Connector } from './connection.ts'
import { gatherMs, stayAwakeMs, wholeCandidates } from './constants.ts'
import { checkCandidate } from './sdp.ts'

/**
 * `connector` with connections that give out one signal each, a description with the candidates in it: for signals that people
 * carry ([LNK-10]).
 */
export function gathering(connector: Connector, clock: Clock): Connector {
  return { name: connector.name, connect: (options) => new GatheringConnection(connector, clock, options) }
}

type Description = Extract<Signal, { type: 'offer' | 'answer' }>

/** Holds the description back until every candidate is known, or has had its time. */
class GatheringConnection implements Connection {
  readonly #options: ConnectionOptions
  readonly #clock: Clock
  readonly #inner: Connection
  readonly #candidates: string[] = []
  #description: Description | undefined
  #gathered = false
  #told = false
  #nowhere = 0
  #cancel: Cancel | undefined
  #cancelAwake: Cancel | undefined

  constructor(connector: Connector, clock: Clock, options: ConnectionOptions) {
    const { handlers } = options
    this.#options = options
    this.#clock = clock
    this.#inner = connector.connect({
      ...options,
      handlers: {
        signal: (signal) => this.#collect(signal),
        gathered: () => {
          this.#gathered = true
          this.#tell()
        },
        open: () => {
          this.#cancelAwake?.()
          handlers.open()
        },
        control: (bytes) => handlers.control(bytes),
        state: (bytes) => handlers.state(bytes),
        refused: (reason) => handlers.refused?.(reason),
        closed: (reason, cause) => {
          this.#cancel?.()
          this.#cancelAwake?.()
          this.#told = true
          handlers.closed(reason, cause)
        },
      },
    })
  }

  get controlBufferedAmount(): number {
    return this.#inner.controlBufferedAmount
  }

  get stateBufferedAmount(): number {
    return this.#inner.stateBufferedAmount
  }

  signal(signal: Signal): void {
    if (this.#options.initiator || signal.type !== 'offer') return this.#inner.signal(signal)
    this.#inner.signal(withActiveOffer(signal))
    if (!this.#told)
      this.#cancelAwake ??= this.#clock.every(stayAwakeMs, () => this.#stayAwake(signal.attempt))
  }

  sendControl(bytes: Uint8Array): void {
    this.#inner.sendControl(bytes)
  }

  sendState(bytes: Uint8Array): void {
    this.#inner.sendState(bytes)
  }

  close(): void {
    this.#inner.close()
  }

  #collect(signal: Signal): void {
    if (this.#told) return
    if (signal.type === 'candidate') {
      this.#candidates.push(signal.candidate.replace(/^a=/, ''))
      return
    }
    this.#description = signal
    if (this.#gathered) return this.#tell()
    // A server that does not answer is given up by engines after up to 10 s, and a person waits.
    this.#cancel = this.#clock.after(gatherMs, () => {
      this.#gathered = true
      this.#tell()
    })
  }

  /** One more address to ask, at which nobody ever answers: an engine that has asked all it knows in vain gives up. */
  #stayAwake(attempt: number): void {
    const number = ++this.#nowhere
    const candidate = `candidate:nowhere${number} 1 UDP ${number} 203.0.113.1 ${9_000 + number} typ host`
    this.#inner.signal({ type: 'candidate', attempt, candidate, sdpMid: null, sdpMLineIndex: 0 })
  }

  #tell(): void {
    if (this.#told || !this.#gathered || this.#description === undefined) return
    this.#told = true
    this.#cancel?.()
    this.#options.handlers.signal({
      ...this.#description,
      sdp: withCandidates(this.#description.sdp, this.#candidates),
    })
  }
}

/**
 * The side that answers waits, for as long as a person takes, while its connectivity may be there already. It is no client then, or
 * its hello would be lost, and repeated after ever longer pauses.
 */
function withActiveOffer(signal: Description): Description {
  return { ...signal, sdp: signal.sdp.replace('a=setup:actpass', 'a=setup:active') }
}

/** `sdp` with the best of its own and of further candidates, and what engines say besides to nobody left out. */
function withCandidates(sdp: string, further: readonly string[]): string {
  const lines = sdp.split(/\r?\n/).filter((line) => line !== '')
  const isCandidate = (line: string): boolean => line.startsWith('a=candidate:')
  const own = lines.filter(isCandidate).map((line) => line.slice(2))
  const usable = [...new Set([...own, ...further])].filter((line) => checkCandidate(line, true) === undefined)
  const described = lines.filter((line) => !isCandidate(line) && line !== 'a=end-of-candidates')
  return [...described, ...best(usable).map((line) => `a=${line}`), ''].join('\r\n')
}

/** Of every kind some: relayed and reflexive ones are what strangers' networks connect by, local ones what a home does. */
function best(candidates: readonly string[]): string[] {
  const priority = (line: string): number => Number(line.split(' ')[3])
  const sorted = [...candidates].sort((a, b) => priority(b) - priority(a))
  const isLocal = (line: string): boolean => / typ host\b/.test(line)
  const far = sorted.filter((line) => !isLocal(line)).slice(0, wholeCandidates / 2)
  const near = sorted.filter(isLocal).slice(0, wholeCandidates - far.length)
  return [...near, ...far]
}
