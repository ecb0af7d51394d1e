import { seededRandom, toHex, utf8 } from '../../lib/core/index.ts'
import type { SessionEnvironment } from '../../lib/session/index.ts'
import type { Fault } from '../../lib/session/environment.ts'
import {
  SimulatedClock,
  SimulatedNetwork,
  SimulatedRendezvous,
  simulatedIdentity,
  simulatedVerify,
  synchronousIdentity,
  synchronousVerify,
  TraceHash,
} from '../../lib/testing/index.ts'
import type { PeerConvoy } from '../../lib/convoy/peerConvoy.ts'
import { canAgree } from './canAgree.ts'
import { Ledger, type Invariant, type Violation } from './ledger.ts'
import { Byzantine } from './mischief.ts'
import { Participant } from './participant.ts'
import { withNotedGrants } from './notedGrants.ts'
import type { Plan, ProcessRef, Step } from './plan.ts'
import { Trace } from './trace.ts'

/** What became of a plan. */
export interface Outcome {
  readonly seed: number
  /** 16 digits that stand for everything that was delivered, and for what all members came to. */
  readonly hash: string
  /** The first promise that was broken; none where all were kept. */
  readonly violations: readonly Violation[]
  /** What makes sure that a run tests something. */
  readonly counts: Readonly<Record<string, number>>
}

export interface SimulationOptions {
  /** Broken on purpose in every honest member. */
  readonly faults?: ReadonlySet<Fault>
  /** Told, line by line, of what happens to members and what each of them holds, whenever that changes. */
  readonly trace?: ((line: string) => void) | undefined
}

/** How far members' clocks go wrong: crystals, and people who set them. */
const worstDriftPpm = 100
const worstWallOffsetMs = 5_000
/** Within so long after the last fault all have to agree, ms. */
const agreeWithinMs = 10_000
/** How often it is looked whether they do, ms. */
const lookForAgreementMs = 100
/** How long after closing everything is over, ms: repeats of what nobody answers any more. */
const windDownMs = 70_000

/** Runs a plan to its end, or to the first broken promise. */
export async function simulate(plan: Plan, options: SimulationOptions = {}): Promise<Outcome> {
  return new Simulation(plan, options).run()
}

class Simulation {
  readonly #plan: Plan
  readonly #clock = new SimulatedClock()
  readonly #network: SimulatedNetwork
  readonly #signaling: SimulatedRendezvous
  readonly #ledger = new Ledger(() => this.#clock.now())
  readonly #participants: Participant[]
  readonly #byzantine: Byzantine
  readonly #counts: Record<string, number> = {}
  readonly #trace: Trace | undefined
  #decisions = 0

  constructor(plan: Plan, { faults = new Set(), trace }: SimulationOptions) {
    this.#plan = plan
    this.#trace = trace === undefined ? undefined : new Trace(trace, () => this.#clock.now())
    const { seed, conditions, signatures, byzantine, snapshotBytes } = plan
    const snapshots = snapshotBytes === null ? {} : { snapshotBytes }
    const verify = signatures === 'ed25519' ? synchronousVerify : simulatedVerify
    this.#network = new SimulatedNetwork({ clock: this.#clock, seed, ...conditions })
    this.#signaling = new SimulatedRendezvous({ network: this.#network, verify })
    this.#byzantine = new Byzantine(this.#ledger)
    const random = seededRandom(seed * 104_729 + 3)
    const spread = (most: number): number => most * (2 * random.next() - 1)
    this.#participants = Array.from({ length: plan.processes }, (_, number) => {
      const identity = (signatures === 'ed25519' ? synchronousIdentity : simulatedIdentity)(random)
      const isHonest = number !== byzantine
      const skew = {
        offsetMs: random.next() * 1e6,
        driftPpm: spread(worstDriftPpm),
        wallOffsetMs: spread(worstWallOffsetMs),
      }
      const around = {
        network: this.#network,
        signaling: this.#signaling,
        ledger: this.#ledger,
        verify,
        updateRate: plan.updateRate,
        invite: () => this.#invite,
        alterEnvironment: (environment: SessionEnvironment): SessionEnvironment => {
          const altered = { ...environment, ...snapshots }
          if (!isHonest) return this.#byzantine.alter(altered)
          return withNotedGrants({ ...altered, faults }, this.#ledger)
        },
        entered: (convoy: PeerConvoy): void => {
          if (!isHonest) this.#byzantine.entered(convoy.session)
        },
      }
      return new Participant(number, identity, around, { skew, isHonest })
    })
  }

  #invite: string | undefined

  async run(): Promise<Outcome> {
    const { steps, faultsEndAtMs, durationMs } = this.#plan
    const [founder] = this.#participants
    await this.#clock.complete((founder as Participant).found())
    this.#invite = founder?.convoy?.invite
    for (const step of steps) this.#clock.at(step.at, () => this.#do(step))
    this.#clock.at(faultsEndAtMs, () => this.#endFaults())
    await this.#runTo(faultsEndAtMs)
    await this.#requireAgreement(faultsEndAtMs + agreeWithinMs)
    await this.#runTo(faultsEndAtMs + agreeWithinMs)
    await this.#requireAgreement(durationMs)
    await this.#runTo(durationMs)
    this.#countOutcome()
    const hash = this.#hash()
    if (!this.#isBroken) await this.#close()
    return {
      seed: this.#plan.seed,
      hash,
      violations: this.#ledger.violations.slice(0, 1),
      counts: this.#counts,
    }
  }

  get #isBroken(): boolean {
    return this.#ledger.violations.length > 0
  }

  /** Runs to `time`, with all watches looking after every event; stops early at a broken promise. */
  async #runTo(time: number): Promise<void> {
    if (this.#isBroken || this.#clock.now() >= time) return
    let over = false
    this.#clock.at(time, () => (over = true))
    await this.#clock.runUntil(
      () => {
        const now = this.#clock.now()
        for (const participant of this.#participants) {
          if (participant.isRunning) participant.watch?.look(now)
          this.#trace?.look(participant)
        }
        return over || this.#isBroken
      },
      time - this.#clock.now() + 1,
    )
  }

  #do(step: Step): void {
    this.#count(step.do)
    this.#trace?.step(step)
    switch (step.do) {
      case 'join':
        return this.#participants[step.who]?.join()
      case 'leave':
        return void this.#participant(step.who)?.leave()
      case 'crash':
        return this.#crash(this.#participant(step.who), step.backAfterMs)
      case 'freeze':
        return this.#freeze(this.#participant(step.who), step.forMs)
      case 'partition':
        return this.#forWhile(
          this.#network.partition(...step.groups.map((group) => this.#names(group))),
          step.forMs,
        )
      case 'deafen':
        return this.#deafen(this.#names(step.from), this.#names(step.to), step.forMs)
      case 'isolate':
        for (const name of this.#names([step.who])) this.#forWhile(this.#network.isolate(name), step.forMs)
        return
      case 'outage':
        this.#signaling.goDown()
        return this.#forWhile(() => this.#signaling.comeBack(), step.forMs)
      case 'weather': {
        const { at: _, do: __, forMs, ...conditions } = step
        this.#network.setConditions(conditions)
        return this.#forWhile(() => this.#network.setConditions(this.#plan.conditions), forMs)
      }
      case 'network-change':
        return this.#participant(step.who)?.convoy?.networkChanged()
      case 'chat':
        return this.#attempt(this.#participant(step.who), (convoy) => convoy.sendChat('on my way'))
      case 'traffic':
        return this.#attempt(this.#participant(step.who), (convoy, self) => self.spawnTraffic(convoy))
      case 'rules': {
        // Another value each time: what changes nothing is not decided.
        const speedLimit = 30 + (++this.#decisions % 100)
        return this.#byHosts('rules', (convoy) => convoy.setRules({ speedLimit }))
      }
      case 'kick':
      case 'ban':
      case 'transfer': {
        const id = this.#participants[step.who]?.identity.fingerprint ?? ''
        return this.#byHosts(step.do, async (convoy) => {
          if (convoy.self.id === id) return
          if (step.do === 'kick') await convoy.kick(id)
          else if (step.do === 'ban') await convoy.ban(id)
          else await convoy.transferHost(id)
        })
      }
      case 'mischief':
        return void this.#byzantine.commit(step.what).catch(() => this.#count('mischief-failed'))
    }
  }

  /** Everyone who takes itself for the host does as its program is told. */
  #byHosts(what: string, decide: (convoy: NonNullable<Participant['convoy']>) => Promise<void>): void {
    for (const { convoy, isRunning } of this.#participants) {
      if (!isRunning || convoy?.isHost !== true) continue
      decide(convoy).then(
        () => this.#count(`${what}-decided`),
        () => this.#count(`${what}-refused`),
      )
    }
  }

  #attempt(
    participant: Participant | undefined,
    action: (convoy: NonNullable<Participant['convoy']>, participant: Participant) => void,
  ): void {
    const convoy = participant?.convoy
    if (participant?.isRunning !== true || convoy === undefined) return
    try {
      action(convoy, participant)
    } catch {
      this.#count('refused')
    }
  }

  #crash(participant: Participant | undefined, backAfterMs: number | null): void {
    participant?.crash()
    if (backAfterMs !== null) this.#clock.after(backAfterMs, () => participant?.join())
  }

  #freeze(participant: Participant | undefined, forMs: number): void {
    const process = participant?.process
    process?.freeze()
    this.#forWhile(() => process?.thaw(), forMs)
  }

  #deafen(from: readonly string[], to: readonly string[], forMs: number): void {
    for (const sender of from) {
      for (const receiver of to) {
        if (sender !== receiver) this.#forWhile(this.#network.cutOneWay(sender, receiver), forMs)
      }
    }
  }

  #forWhile(end: () => void, forMs: number): void {
    this.#clock.after(Math.min(forMs, Math.max(0, this.#plan.faultsEndAtMs - this.#clock.now())), end)
  }

  #endFaults(): void {
    this.#network.heal()
    this.#network.setConditions(this.#plan.conditions)
    this.#signaling.comeBack()
    for (const { process } of this.#participants) process?.thaw()
  }

  #participant(ref: ProcessRef): Participant | undefined {
    if (ref !== 'host') return this.#participants[ref]
    const hosts = this.#participants.filter(({ convoy, isRunning }) => isRunning && convoy?.isHost === true)
    return hosts.sort((a, b) => epochOf(b) - epochOf(a))[0]
  }

  #names(refs: readonly ProcessRef[]): string[] {
    return refs.flatMap((ref) => {
      const participant = this.#participant(ref)
      return participant?.process === undefined ? [] : [participant.name]
    })
  }

  /** Honest members that are in the session, as far as they know. */
  #present(): Participant[] {
    return this.#participants.filter(({ number, isIn }) => isIn && number !== this.#plan.byzantine)
  }

  #canAgree(present: readonly Participant[]): boolean {
    return canAgree(present, this.#ledger, this.#counts.outage === undefined)
  }

  /** Goes on until all agree, at the latest until `time`; a decision may be on its way at any single moment. */
  async #requireAgreement(time: number): Promise<void> {
    let disagreement = this.#disagreement()
    while (disagreement !== undefined && this.#clock.now() < time && !this.#isBroken) {
      await this.#runTo(Math.min(time, this.#clock.now() + lookForAgreementMs))
      disagreement = this.#disagreement()
    }
    if (this.#isBroken) return
    if (disagreement !== undefined) this.#ledger.violated(...disagreement)
    else this.#count(this.#canAgree(this.#present()) ? 'agreed' : 'frozen')
  }

  /** What keeps those who can agree from doing so; undefined where they do. */
  #disagreement(): [Invariant, string, string] | undefined {
    const present = this.#present()
    const [first] = present
    const convoy = first?.convoy
    if (first === undefined || convoy === undefined || !this.#canAgree(present)) return undefined
    const view = viewOf(first)
    for (const other of present) {
      if (viewOf(other) !== view)
        return ['INV-9', other.name, `sees ${viewOf(other)}; ${first.name} sees ${view}`]
    }
    const { record } = convoy.session
    const decides = present.some((other) => other.convoy?.isHost === true)
    if (!decides && convoy.host.id !== this.#byzantineId) return ['INV-9', first.name, 'sees nobody decide']
    for (let number = 0; number < this.#ledger.length; number++) {
      // Of what a snapshot stands for, the last entry proves all before it.
      if (number < record.first - 1) continue
      const digest = record.digestAt(number + 1)
      if (number < record.committed && digest !== undefined && toHex(digest) === this.#ledger.digest(number))
        continue
      return ['INV-2', first.name, `does not have entry ${number}, which was committed`]
    }
    const cheat = record.state.members.find(({ id }) => id === this.#byzantineId)
    if (this.#ledger.conflictAt === undefined || cheat === undefined) return undefined
    return ['INV-1', first.name, `still has ${cheat.name}, which voted twice`]
  }

  get #byzantineId(): string | undefined {
    const { byzantine } = this.#plan
    return byzantine === null ? undefined : this.#participants[byzantine]?.identity.fingerprint
  }

  async #close(): Promise<void> {
    const closing = this.#participants.map((participant) => participant.leave())
    await this.#clock.complete(Promise.all(closing))
    await this.#clock.complete(this.#signaling.close())
    await this.#clock.run(windDownMs)
    const { openConnections } = this.#network
    const { pendingTimers } = this.#clock
    if (openConnections + pendingTimers === 0) return
    const blamed = this.#participants.flatMap(({ name, process }) => {
      const timers = process?.clock.pendingTimers ?? 0
      return timers === 0 ? [] : [`${timers} of ${name}`]
    })
    const timers = `${pendingTimers} timers (${blamed.join(', ')})`
    this.#ledger.violated('INV-10', 'all', `leave ${openConnections} connections and ${timers} behind`)
  }

  #countOutcome(): void {
    const epochs = this.#participants.map((participant) => epochOf(participant))
    this.#counts.epochs = Math.max(0, ...epochs)
    this.#counts.entries = this.#ledger.length
    this.#counts.present = this.#present().length
    const records = this.#present().flatMap(({ convoy }) => convoy?.session.record ?? [])
    this.#counts.snapshots = records.filter(({ snapshot }) => snapshot !== undefined).length
    this.#counts.trimmed = records.filter(({ first }) => first > 0).length
    if (this.#ledger.conflictAt !== undefined) this.#count('conflicts')
  }

  #hash(): string {
    const hash = new TraceHash()
    hash.addBytes(utf8(this.#network.traceHash()))
    for (const participant of this.#participants) hash.addBytes(utf8(viewOf(participant)))
    for (const { invariant, at, detail } of this.#ledger.violations)
      hash.addBytes(utf8(`${invariant} ${at} ${detail}`))
    return hash.toString()
  }

  #count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1
  }
}

function epochOf({ convoy }: Participant): number {
  return convoy?.session.record.epoch ?? 0
}

/** Everything that members have to agree on. */
function viewOf({ convoy }: Participant): string {
  if (convoy === undefined) return 'nothing'
  const { record } = convoy.session
  const digest = toHex(record.digestAt(record.committed) ?? new Uint8Array()).slice(0, 8)
  const members = convoy.members.map(({ name, slot }) => `${name}:${slot}`)
  const state = `${record.committed} entries (${digest}) of epoch ${record.epoch}`
  return `host ${convoy.host.name}, ${state}, members ${members.join(' ')}`
}
