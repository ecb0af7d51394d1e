import { toHex } from '../../lib/core/index.ts'

/** The promises of docs/protocol/11-simulation.md. */
export type Invariant =
  | 'INV-1'
  | 'INV-2'
  | 'INV-3'
  | 'INV-4'
  | 'INV-5'
  | 'INV-6'
  | 'INV-7'
  | 'INV-8'
  | 'INV-9'
  | 'INV-10'
  | 'INV-11'

/** A promise that was broken. */
export interface Violation {
  readonly invariant: Invariant
  /** Simulated time, ms. */
  readonly at: number
  /** Name of the process that noticed. */
  readonly who: string
  readonly detail: string
}

interface Known {
  readonly value: string
  readonly who: string
  readonly epoch: number
}

/** What all honest members together have seen, which none of them may contradict; and what was broken. */
export class Ledger {
  readonly violations: Violation[] = []
  /** Epochs in which the byzantine member may have voted twice: they can be void ([AUT-14]). */
  readonly doubtful = new Set<number>()
  readonly #now: () => number
  readonly #hosts = new Map<number, Known>()
  readonly #committed: (Known | undefined)[] = []
  #conflictAt: number | undefined
  /** Whom the witness of each configuration of voters was asked to vote for, and whom it did. */
  readonly #asked = new Map<string, Uint8Array[]>()
  readonly #granted = new Map<string, Uint8Array>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** The highest epoch that any honest member had a host in. */
  get highestEpoch(): number {
    return Math.max(...this.#hosts.keys())
  }

  /** How many entries anybody ever took for committed. */
  get length(): number {
    return this.#committed.length
  }

  /** When two honest members first obeyed different hosts of one epoch; undefined where they never did. */
  get conflictAt(): number | undefined {
    return this.#conflictAt
  }

  /** The witness of the voters that the entry with this digest named was asked to vote for `candidate`. */
  asked(config: string, candidate: Uint8Array): void {
    const asked = this.#asked.get(config)
    if (asked === undefined) this.#asked.set(config, [candidate])
    else asked.push(candidate)
  }

  /** That witness voted for `candidate`. */
  granted(config: string, candidate: Uint8Array): void {
    this.#granted.set(config, candidate)
  }

  /** For whom that witness voted or, where nobody heard of it, may have. */
  grantedTo(config: string): readonly Uint8Array[] {
    const granted = this.#granted.get(config)
    return granted === undefined ? (this.#asked.get(config) ?? []) : [granted]
  }

  /** Digest of the committed entry with `number`, in hexadecimal. */
  digest(number: number): string | undefined {
    return this.#committed[number]?.value
  }

  violated(invariant: Invariant, who: string, detail: string): void {
    this.violations.push({ invariant, at: this.#now(), who, detail })
  }

  /** `who` follows the host with `signKey` in `epoch`. */
  obeyed(who: string, epoch: number, signKey: Uint8Array): void {
    const value = toHex(signKey)
    const known = this.#hosts.get(epoch)
    if (known === undefined) return void this.#hosts.set(epoch, { value, who, epoch })
    if (known.value === value) return
    this.#conflictAt ??= this.#now()
    if (!this.doubtful.has(epoch)) {
      this.violated('INV-1', who, `follows another host of epoch ${epoch} than ${known.who} does`)
    }
  }

  /** `who` holds a snapshot for committed that follows the entry with `number`. */
  snapshotted(who: string, number: number, digest: Uint8Array): void {
    const known = this.#committed[number]
    if (known === undefined || known.value === toHex(digest) || this.doubtful.has(known.epoch)) return
    this.violated('INV-3', who, `has a snapshot after another entry ${number} than ${known.who} has`)
  }

  /** `who` holds the entry with `number` for committed. */
  committed(who: string, number: number, epoch: number, digest: Uint8Array): void {
    const value = toHex(digest)
    const known = this.#committed[number]
    if (known?.value === value) return
    const isVoid = known !== undefined && (this.doubtful.has(known.epoch) || this.doubtful.has(epoch))
    if (known !== undefined && !isVoid) {
      this.violated('INV-3', who, `has another committed entry ${number} than ${known.who} has`)
    }
    // What was void is decided anew.
    if (known === undefined || this.doubtful.has(known.epoch)) {
      if (known !== undefined) this.#committed.length = number
      this.#committed[number] = { value, who, epoch }
    }
  }
}
