import { setTimeout as sleep } from 'node:timers/promises'
import { NetworkNamespaces } from '../nat/namespaces.ts'
import { disagreements } from './agreement.ts'
import { Decider } from './decider.ts'
import { aim, strike, type Blow } from './faults.ts'
import { leftRunning } from './leftRunning.ts'
import type { ChaosReport } from './report.ts'
import { faultKinds, networkKinds, scheduleOf, type FaultKind } from './schedule.ts'
import type { Seat } from './seat.ts'
import { Stage } from './stage.ts'
import { Watch } from './watch.ts'

/** What a run is asked to be. */
export interface ChaosOptions {
  readonly peers: number
  /** How long faults go on, ms. */
  readonly chaosMs: number
  readonly seed: number
  readonly engine: 'datachannel' | 'werift'
  /** Why members can't have a network of their own, in words; undefined when they can. */
  readonly withoutNetwork: string | undefined
  /** Told what goes on, for people. */
  readonly progress: (text: string) => void
}

/** How long all may take to meet, ms: a busy machine starts a process a second. */
const meetingMs = 90_000

/**
 * How long exact recovery may take, ms. The longest wait of the protocol is that before a broken link between two members is
 * dialled for the third time: 15 s and a quarter of it; after it, two attempts at a connection.
 */
export const recoveryLimitMs = 35_000

/** How long all have to agree without a break to count as recovered, ms. */
const steadyMs = 2_000

/** How often everybody is asked, ms: while faults go on, and after. */
const lookMs = 500
const closeLookMs = 250

/** How far from where it is a vehicle may be shown, cm: trucks at 25 m/s seen by a process that shares two cores with many. */
const vehicleErrorCm = 200

/** With fewer members a dead one leaves too few to vote. */
const leastForDead = 5

/** Runs a convoy, does to it what the seed says, and looks at what is left of it. Leaves nothing running, whatever happens. */
export async function runChaos(options: ChaosOptions, signal: AbortSignal): Promise<ChaosReport> {
  const namespaces = new NetworkNamespaces()
  let stage: Stage | undefined
  const endAll = (): void => {
    stage?.killAll()
    namespaces.removeAll()
  }
  // Also where a second Ctrl-C ends the process on the spot.
  process.once('exit', endAll)
  let watch: Watch | undefined
  try {
    const onEvent = (seat: Seat, event: Parameters<Watch['onEvent']>[1]): void => {
      if (event.type === 'ready' && stage?.invite === '') stage.invite = event.invite
      if (event.type === 'refused' && seat !== stage?.outcast && seat.lastRefusal !== event.message) {
        seat.lastRefusal = event.message
        options.progress(`${seat.name} was refused: ${event.message}`)
      }
      if (event.type === 'hostChanged')
        options.progress(`${seat.name} follows ${nameIn(stage)(event.hostId)} in epoch ${event.epoch}`)
      watch?.onEvent(seat, event)
    }
    const { peers, engine, seed, withoutNetwork } = options
    stage = await Stage.set(
      { peers, engine, seed, namespaces: withoutNetwork === undefined ? namespaces : undefined, onEvent },
      signal,
    )
    watch = new Watch(stage.outcast.memberId, nameIn(stage))
    const run = new Run(options, stage, watch)
    const report = await run.play(signal)
    const late = await stage.close()
    const left = await leftRunning(stage.pids)
    return {
      ...report,
      problems: [
        ...report.problems,
        ...late.map((name) => `${name} did not leave when told to.`),
        ...left.map((pid) => `Process ${pid} still runs.`),
      ],
    }
  } finally {
    endAll()
    process.off('exit', endAll)
  }
}

function nameIn(stage: Stage | undefined): (memberId: string) => string {
  return (id) =>
    [...(stage?.seats ?? []), stage?.outcast].find((seat) => seat?.memberId === id)?.name ?? 'nobody'
}

class Run {
  readonly #options: ChaosOptions
  readonly #stage: Stage
  readonly #watch: Watch
  readonly #decider = new Decider()
  readonly #counts: Partial<Record<FaultKind, number>> = {}
  #hostFaults = 0
  readonly #startedAt = performance.now()

  constructor(options: ChaosOptions, stage: Stage, watch: Watch) {
    this.#options = options
    this.#stage = stage
    this.#watch = watch
  }

  async play(signal: AbortSignal): Promise<ChaosReport> {
    const { peers, chaosMs, seed, engine, withoutNetwork } = this.#options
    const problems: string[] = []
    const skipped = withoutNetwork === undefined ? [] : networkKinds
    await this.#meet(signal)
    await this.#ban()
    await this.#disturb(
      faultKinds.filter(
        (kind) => !skipped.includes(kind) && (kind !== 'leave-dead' || peers >= leastForDead),
      ),
      signal,
    )
    const { recoveredMs, found } = await this.#recover(signal)
    problems.push(...found)
    return {
      peers,
      seconds: Math.round(chaosMs / 1_000),
      seed,
      engine,
      network: withoutNetwork === undefined ? 'namespaces' : 'loopback',
      faults: this.#counts,
      hostFaults: this.#hostFaults,
      skipped: withoutNetwork === undefined ? null : { kinds: networkKinds, reason: withoutNetwork },
      epoch: this.#watch.epoch,
      hostChanges: this.#watch.hostChanges,
      decisions: this.#decider.made,
      refusals: this.#watch.refusals,
      recoveredMs,
      survivors: this.#living.length,
      problems: [...problems, ...this.#watch.problems],
    }
  }

  get #living(): Seat[] {
    return this.#stage.seats.filter(({ isDead }) => !isDead)
  }

  /** All come, the one to be banned as well. */
  async #meet(signal: AbortSignal): Promise<void> {
    const { seats, outcast } = this.#stage
    const [founder, ...others] = seats
    if (founder === undefined) throw new Error('There is nobody.')
    this.#say('the founder hosts')
    this.#stage.bring(founder)
    const deadline = performance.now() + meetingMs
    while (this.#stage.invite === '') await this.#wait(deadline, 'The founder can’t host.', signal)
    for (const seat of [...others, outcast]) this.#stage.bring(seat)
    const everybody = [...seats, outcast]
    for (;;) {
      const found = await this.#compare(everybody)
      if (found.length === 0) break
      await this.#wait(deadline, `They don’t meet: ${found.join('; ')}`, signal)
    }
    this.#say(`all ${everybody.length} have met`)
  }

  async #ban(): Promise<void> {
    const { outcast } = this.#stage
    const host = this.#stage.host()
    const life = host?.process
    const refusal = await life?.decide({ type: 'ban', memberId: outcast.memberId })
    if (life === undefined || refusal !== null) throw new Error(`The host could not ban anybody: ${refusal}`)
    this.#watch.isBanned = true
    this.#say(`${host?.name} banned ${outcast.name}`)
  }

  /** Does what the schedule says until the time is over, and undoes all of it. */
  async #disturb(kinds: readonly FaultKind[], signal: AbortSignal): Promise<void> {
    const { chaosMs, seed } = this.#options
    const failed = new AbortController()
    const over = AbortSignal.any([signal, failed.signal, AbortSignal.timeout(chaosMs)])
    const background = [this.#decider.run(this.#stage, over), this.#look(over)]
    const blows: Promise<void>[] = []
    try {
      for (const fault of scheduleOf(seed, kinds)) {
        await sleep(fault.afterMs, undefined, { signal: over })
        const blow = await aim(this.#stage, fault, over)
        this.#tell(blow)
        blows.push(strike(this.#stage, blow, over).catch((error: unknown) => failed.abort(error)))
      }
    } catch (error) {
      if (!over.aborted) throw error
    } finally {
      await Promise.all([...blows, ...background])
    }
    signal.throwIfAborted()
    failed.signal.throwIfAborted()
    this.#say('all faults are over')
  }

  #tell({ fault, victims, hitsHost }: Blow): void {
    this.#counts[fault.kind] = (this.#counts[fault.kind] ?? 0) + 1
    if (hitsHost) this.#hostFaults++
    const names = victims.map((seat) => (seat === this.#stage.host() ? `${seat.name} (host)` : seat.name))
    this.#say(`${fault.kind} ${names.join(', ')} for ${(fault.lastsMs / 1_000).toFixed(1)} s`)
  }

  /** Looks for what must never happen. */
  async #look(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#viewsOf(this.#living)
      await sleep(lookMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #recover(signal: AbortSignal): Promise<{ recoveredMs: number | null; found: string[] }> {
    const endedAt = performance.now()
    let agreedAt: number | undefined
    for (;;) {
      const askedAt = performance.now()
      const found = await this.#compare(this.#living)
      if (found.length > 0) agreedAt = undefined
      else agreedAt ??= askedAt
      const now = performance.now()
      if (agreedAt !== undefined && now - agreedAt >= steadyMs) {
        const recoveredMs = Math.round(agreedAt - endedAt)
        this.#say(`all agreed after ${recoveredMs} ms`)
        return { recoveredMs, found: [] }
      }
      if (agreedAt === undefined && now - endedAt > recoveryLimitMs) return { recoveredMs: null, found }
      await sleep(closeLookMs, undefined, { signal })
    }
  }

  async #compare(seats: readonly Seat[]): Promise<string[]> {
    const { outcast } = this.#stage
    return disagreements(await this.#viewsOf(seats), {
      living: seats.map(({ memberId }) => memberId),
      banned: this.#watch.isBanned ? outcast.memberId : undefined,
      decision: this.#decider.confirmed,
      vehicleErrorCm,
      nameOf: nameIn(this.#stage),
    })
  }

  async #viewsOf(seats: readonly Seat[]): Promise<(Seat['view'] | undefined)[]> {
    return Promise.all(
      seats.map(async (seat) => {
        const view = await seat.look()
        if (view !== undefined) this.#watch.onView(seat, view)
        return view
      }),
    )
  }

  async #wait(deadline: number, complaint: string, signal: AbortSignal): Promise<void> {
    if (performance.now() > deadline) throw new Error(complaint)
    await sleep(closeLookMs, undefined, { signal })
  }

  #say(text: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1_000).toFixed(1)
    this.#options.progress(`${seconds.padStart(6)} s  ${text}`)
  }
}
