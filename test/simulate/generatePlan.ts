import { seededRandom, type RandomSource } from '../../lib/core/index.ts'
import { usualMischiefs, type Mischief, type Plan, type ProcessRef, type Step } from './plan.ts'

/** How many processes the sessions of a run have, at least and at most. */
export interface PeerRange {
  readonly least: number
  readonly most: number
}

/** Faults end this long before the session does: ten seconds to agree, two to see that it lasts. */
const quietMs = 12_000
/** Shortest and longest time in which faults happen, ms: with the quiet at the end, more than 30 s in all. */
const troubleMs = [19_000, 24_000] as const
/** Within this time everybody who is there from the beginning has knocked, ms. */
const arrivalMs = 2_500
/** One session in so many signs with real Ed25519, which costs a hundred times as much, and only small ones do. */
const realSignaturesEvery = 50
const realSignaturesAtMost = 3

/** Sizes of sessions, each as often as its weight says: bugs of agreement show in small ones, and those are cheap. */
const sizes = [
  { least: 2, most: 3, weight: 22 },
  { least: 4, most: 5, weight: 52 },
  { least: 6, most: 8, weight: 20 },
  { least: 9, most: 12, weight: 4.5 },
  { least: 13, most: 24, weight: 1.5 },
] as const

/** Bytes of entries between two snapshots, of two or three decisions, or of a dozen: by the seed, every other time. */
const snapshotBytes = [3_000, null, 800, null] as const

/** Those that show on links which are made afterwards. */
const ticketMischiefs = ['show-former-ticket', 'show-forged-ticket', 'speak-unticketed'] as const

/** The plan of a seed: always the same for the same seed and range. */
export function generatePlan(seed: number, range: PeerRange): Plan {
  const random = seededRandom(seed * 7919 + 17)
  const processes = sizeOf(random, range)
  const signatures =
    seed % realSignaturesEvery === 0 && processes <= realSignaturesAtMost ? 'ed25519' : 'simulated'
  const faultsEndAtMs = Math.round(between(random, ...troubleMs))
  const byzantine = processes > 2 && chance(random, 0.5) ? 1 + below(random, processes - 1) : null
  const writer = new PlanWriter(random, processes, faultsEndAtMs, byzantine)
  writer.write()
  const snapshotBytes = snapshotBytesOf(seed)
  if (snapshotBytes !== null && byzantine !== null) writer.forgeSnapshots()
  return {
    seed,
    processes,
    signatures,
    conditions: conditionsOf(random),
    updateRate: processes > 8 ? 1 : 3,
    snapshotBytes,
    byzantine,
    faultsEndAtMs,
    durationMs: faultsEndAtMs + quietMs,
    steps: writer.steps,
  }
}

/** Puts the steps of a plan together: arrivals, then storms, each with a few steps that belong together. */
class PlanWriter {
  readonly #random: RandomSource
  readonly #processes: number
  readonly #end: number
  readonly #byzantine: number | null
  readonly #steps: Step[] = []

  constructor(random: RandomSource, processes: number, end: number, byzantine: number | null) {
    this.#random = random
    this.#processes = processes
    this.#end = end
    this.#byzantine = byzantine
  }

  /** In the order of their times. */
  get steps(): Step[] {
    return this.#steps.sort((a, b) => a.at - b.at)
  }

  write(): void {
    const random = this.#random
    this.#arrivals()
    const storms = [
      () => this.#muteHost(),
      () => this.#sleepyHost(),
      () => this.#partition(),
      () => this.#churn(),
      () => this.#decisions(),
      () => this.#handOver(),
      () => this.#weather(),
      () => this.#removal(),
      () => this.#deadHost(),
    ]
    const count = 2 + below(random, 4)
    for (let storm = 0; storm < count; storm++) pick(random, storms)()
    if (this.#byzantine !== null) this.#mischief(this.#byzantine)
    if (chance(random, 0.6)) this.#decisions()
    if (chance(random, 0.3)) this.#add(this.#moment(), { do: 'traffic', who: this.#someone() })
    if (chance(random, 0.3)) this.#add(this.#moment(), { do: 'chat', who: this.#someone() })
  }

  #arrivals(): void {
    const random = this.#random
    for (let who = 1; who < this.#processes; who++) {
      const late = who > 2 && chance(random, 0.15)
      this.#add(late ? this.#moment() : 200 + random.next() * arrivalMs, { do: 'join', who })
    }
  }

  /** The host is not heard, but hears: its word waits, and comes when others were elected or about to be. */
  #muteHost(): void {
    const at = this.#moment()
    const forMs = this.#around(1_700)
    const to = chance(this.#random, 0.5) ? this.#all() : this.#some()
    this.#add(at, { do: 'deafen', from: ['host'], to, forMs })
    this.#rulesBetween(at, forMs)
    if (chance(this.#random, 0.4)) {
      this.#add(at + 1_400, { do: 'deafen', from: [this.#someone()], to: this.#some(), forMs: 900 })
    }
  }

  /** The host stands still for about as long as it takes to elect another. */
  #sleepyHost(): void {
    const at = this.#moment()
    const forMs = this.#around(chance(this.#random, 0.7) ? 1_800 : 5_000)
    this.#rulesBetween(at - 200, 400)
    this.#add(at, { do: 'freeze', who: 'host', forMs })
    this.#rulesBetween(at + forMs, 600)
  }

  #deadHost(): void {
    const at = this.#moment()
    const random = this.#random
    this.#rulesBetween(at - 300, 300)
    if (chance(random, 0.7)) this.#crash(at, 'host')
    else this.#add(at, { do: 'leave', who: 'host' })
    if (chance(random, 0.5))
      this.#add(at + random.next() * 2_000, { do: 'freeze', who: 'host', forMs: 1_500 })
  }

  #partition(): void {
    const random = this.#random
    const at = this.#moment()
    const forMs = this.#around(chance(random, 0.5) ? 2_500 : 6_000)
    const groups: ProcessRef[][] = [[], []]
    for (let who = 0; who < this.#processes; who++) groups[below(random, 2)]?.push(who)
    if (chance(random, 0.3)) this.#add(at, { do: 'isolate', who: 'host', forMs })
    else this.#add(at, { do: 'partition', groups, forMs })
    if (chance(random, 0.3)) {
      this.#add(at + forMs / 2, { do: 'deafen', from: this.#some(), to: this.#some(), forMs: forMs / 2 })
    }
    this.#rulesBetween(at, forMs)
  }

  #churn(): void {
    const random = this.#random
    const at = this.#moment()
    for (let times = 1 + below(random, 3); times > 0; times--) {
      const who = below(random, this.#processes)
      const when = at + random.next() * 3_000
      if (chance(random, 0.7)) this.#crash(when, who)
      else {
        this.#add(when, { do: 'leave', who })
        if (chance(random, 0.7)) this.#add(when + 200 + random.next() * 3_000, { do: 'join', who })
      }
    }
  }

  #handOver(): void {
    const random = this.#random
    const at = this.#moment()
    this.#rulesBetween(at - 100, 300)
    this.#add(at, { do: 'transfer', who: below(random, this.#processes) })
    const roll = random.next()
    if (roll < 0.4) this.#crash(at + random.next() * 300, this.#someone())
    else if (roll < 0.65) {
      this.#add(at + random.next() * 200, { do: 'isolate', who: this.#someone(), forMs: this.#around(1_500) })
    }
  }

  #weather(): void {
    const random = this.#random
    const worse = { ...conditionsOf(random), lossPercent: random.next() * 35, delayMs: random.next() * 250 }
    this.#add(this.#moment(), { do: 'weather', ...rounded(worse), forMs: this.#around(4_000) })
    if (chance(random, 0.5)) this.#add(this.#moment(), { do: 'outage', forMs: this.#around(5_000) })
    if (chance(random, 0.3)) this.#add(this.#moment(), { do: 'network-change', who: this.#someone() })
  }

  #removal(): void {
    const random = this.#random
    const at = this.#moment()
    const who = 1 + below(random, this.#processes - 1)
    this.#add(at, { do: pick(random, ['kick', 'ban', 'ban'] as const), who })
    this.#add(at + 300 + random.next() * 2_500, { do: 'join', who })
    if (chance(random, 0.4)) this.#crash(at + random.next() * 300, 'host')
    this.#add(at + 3_000 + random.next() * 3_000, { do: 'join', who })
  }

  #decisions(): void {
    const at = this.#moment()
    this.#rulesBetween(at, 1_500)
  }

  #mischief(byzantine: number): void {
    const random = this.#random
    const kinds = new Set<Mischief>()
    while (kinds.size < 6) kinds.add(pick(random, usualMischiefs))
    for (const what of kinds) {
      for (let times = 1 + below(random, 2); times > 0; times--)
        this.#add(this.#moment(), { do: 'mischief', what })
    }
    if (kinds.has('vote-twice')) this.#splitVote(byzantine)
    if (kinds.has('change-two-voters')) {
      const at = this.#moment()
      this.#add(at, { do: 'transfer', who: byzantine })
      this.#add(at + 1_500, { do: 'mischief', what: 'change-two-voters' })
    }
    const ticket = ticketMischiefs.find((kind) => kinds.has(kind))
    if (ticket !== undefined) {
      const at = this.#moment()
      this.#add(at, { do: 'mischief', what: ticket })
      this.#add(at + 100, { do: 'crash', who: byzantine, backAfterMs: 500 })
    }
  }

  /** Snapshots that nobody may believe, while it is host and while it is not. */
  forgeSnapshots(): void {
    for (const what of ['forge-snapshot', 'tamper-snapshot', 'forge-snapshot'] as const)
      this.#add(this.#moment(), { do: 'mischief', what })
  }

  /** A process that dies and mostly is started again: of a session whose processes stay dead not much can be learnt. */
  #crash(at: number, who: ProcessRef): void {
    const backAfterMs = chance(this.#random, 0.8) ? Math.round(200 + this.#random.next() * 4_000) : null
    this.#add(at, { do: 'crash', who, backAfterMs })
  }

  /** The host falls silent, and two halves elect one each, with the vote of the one whom both reach. */
  #splitVote(byzantine: number): void {
    const at = Math.max(7_000, this.#moment() - 4_000)
    const sides: ProcessRef[][] = [[], []]
    let side = 0
    for (let who = 0; who < this.#processes; who++) {
      if (who !== byzantine) sides[side++ % 2]?.push(who)
    }
    this.#add(at - 300, { do: 'mischief', what: 'vote-twice' })
    this.#add(at, { do: 'isolate', who: 'host', forMs: 5_000 })
    this.#add(at, { do: 'partition', groups: sides, forMs: 4_000 })
  }

  /** A few decisions within `forMs`, by whoever takes itself for the host. */
  #rulesBetween(at: number, forMs: number): void {
    for (let times = 1 + below(this.#random, 3); times > 0; times--) {
      this.#add(at + this.#random.next() * forMs, { do: 'rules' })
    }
  }

  #add(at: number, action: DistributiveOmit<Step, 'at'>): void {
    const within = Math.min(this.#end - 500, Math.max(200, at))
    this.#steps.push({ at: Math.round(within), ...action })
  }

  /** After everybody came, while there is time for what follows. */
  #moment(): number {
    return between(this.#random, arrivalMs + 1_500, this.#end - 3_000)
  }

  #around(ms: number): number {
    return Math.round(ms * (0.6 + 0.9 * this.#random.next()))
  }

  #someone(): ProcessRef {
    return chance(this.#random, 0.3) ? 'host' : below(this.#random, this.#processes)
  }

  #some(): ProcessRef[] {
    return this.#all().filter(() => chance(this.#random, 0.5))
  }

  #all(): ProcessRef[] {
    return Array.from({ length: this.#processes }, (_, who) => who)
  }
}

function snapshotBytesOf(seed: number): number | null {
  return snapshotBytes[seed % snapshotBytes.length] ?? null
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

function conditionsOf(random: RandomSource): Plan['conditions'] {
  const bad = random.next() ** 2
  return rounded({
    delayMs: 5 + 115 * random.next() ** 2,
    jitterMs: 30 * bad,
    lossPercent: 12 * random.next() ** 3,
    duplicatePercent: 4 * bad,
    reorderPercent: 8 * bad,
  })
}

function rounded(conditions: Plan['conditions']): Plan['conditions'] {
  const round = (value: number): number => Math.round(value * 10) / 10
  const { delayMs, jitterMs, lossPercent, duplicatePercent, reorderPercent } = conditions
  return {
    delayMs: round(delayMs),
    jitterMs: round(Math.min(jitterMs, delayMs)),
    lossPercent: round(lossPercent),
    duplicatePercent: round(duplicatePercent),
    reorderPercent: round(reorderPercent),
  }
}

function sizeOf(random: RandomSource, { least, most }: PeerRange): number {
  const fitting = sizes.filter((size) => size.most >= least && size.least <= most)
  let at = random.next() * fitting.reduce((sum, { weight }) => sum + weight, 0)
  for (const size of fitting) {
    at -= size.weight
    if (at > 0) continue
    const [low, high] = [Math.max(least, size.least), Math.min(most, size.most)]
    return low + below(random, high - low + 1)
  }
  return least
}

function between(random: RandomSource, low: number, high: number): number {
  return low + random.next() * (high - low)
}

function below(random: RandomSource, count: number): number {
  return Math.floor(random.next() * count)
}

function chance(random: RandomSource, share: number): boolean {
  return random.next() < share
}

function pick<T>(random: RandomSource, values: readonly T[]): T {
  return values[below(random, values.length)] as T
}
