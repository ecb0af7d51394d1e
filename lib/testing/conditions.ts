import { ConvoyError } from '../core/index.ts'
import { longestDelayMs } from './constants.ts'

/** What a simulated network does to what crosses it, one way. */
export interface NetworkConditions {
  /** Delay, ms. */
  delayMs: number
  /** Delays are spread evenly over `delayMs` ± this; the order stays unless {@link reorderPercent} asks for more. */
  jitterMs: number
  /** Share of packets that vanish, 0…100. At 100 nothing passes at all, as if cut. */
  lossPercent: number
  /** Share of datagrams that arrive twice, 0…100. */
  duplicatePercent: number
  /** Share of datagrams that are held back so that later ones overtake them, 0…100. */
  reorderPercent: number
  /** How long they are held back, ms, at most; at least half of it. */
  reorderMs: number
  /** Kilobits per second that pass, payload only; undefined for no limit. What is too much waits, then is lost. */
  bandwidthKbps: number | undefined
}

/** A network without faults or delay. */
export const perfectConditions: NetworkConditions = {
  delayMs: 0,
  jitterMs: 0,
  lossPercent: 0,
  duplicatePercent: 0,
  reorderPercent: 0,
  reorderMs: 40,
  bandwidthKbps: undefined,
}

/** The conditions between all peers: defaults, and what differs from one peer to another. */
export class ConditionsTable {
  #defaults: NetworkConditions
  readonly #changes = new Map<string, Map<string, Partial<NetworkConditions>>>()
  /** Looked up for every packet, so put together once. */
  readonly #ready = new Map<string, Map<string, NetworkConditions>>()

  /** @throws ConvoyError `invalid-argument` when a value is out of range; so do the others. */
  constructor(changes: Partial<NetworkConditions>) {
    this.#defaults = checked({ ...perfectConditions, ...changes })
  }

  between(from: string, to: string): NetworkConditions {
    const changes = this.#changes.get(from)?.get(to)
    if (changes === undefined) return this.#defaults
    const ready = this.#ready.get(from)?.get(to)
    if (ready !== undefined) return ready
    const conditions = { ...this.#defaults, ...changes }
    put(this.#ready, from, to, conditions)
    return conditions
  }

  setDefaults(changes: Partial<NetworkConditions>): void {
    this.#defaults = checked({ ...this.#defaults, ...changes })
    this.#ready.clear()
  }

  setFrom(from: string, to: string, changes: Partial<NetworkConditions>): void {
    const all = { ...this.#changes.get(from)?.get(to), ...changes }
    checked({ ...this.#defaults, ...all })
    put(this.#changes, from, to, all)
    this.#ready.clear()
  }
}

function put<Value>(table: Map<string, Map<string, Value>>, from: string, to: string, value: Value): void {
  const row = table.get(from) ?? new Map<string, Value>()
  table.set(from, row.set(to, value))
}

function checked(conditions: NetworkConditions): NetworkConditions {
  const { delayMs, jitterMs, reorderMs, bandwidthKbps } = conditions
  for (const [name, value] of Object.entries({ delayMs, jitterMs, reorderMs })) {
    requireRange(name, value, longestDelayMs, 'ms')
  }
  for (const name of ['lossPercent', 'duplicatePercent', 'reorderPercent'] as const) {
    requireRange(name, conditions[name], 100, '%')
  }
  if (bandwidthKbps !== undefined && !(bandwidthKbps > 0)) {
    throw new ConvoyError(
      'invalid-argument',
      'bandwidthKbps has to be more than 0; leave it out for no limit.',
    )
  }
  return conditions
}

function requireRange(name: string, value: number, most: number, unit: string): void {
  if (value >= 0 && value <= most) return
  throw new ConvoyError('invalid-argument', `${name} has to be 0 to ${most} ${unit}, not ${value}.`)
}
