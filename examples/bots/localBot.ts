import { emptyVehicleState, type Clock, type Convoy } from 'openconvoy'
import { linkedTo, type Bot, type BotSnapshot } from './bot.ts'
import { ErrorHistogram } from './errorHistogram.ts'
import type { Script } from './script.ts'

/** What games draw at. */
const framesPerSecond = 60

/** How fast {@link LocalBot.recentErrorOf} forgets: e^-1 per second. */
const recentShare = 1 / framesPerSecond

/** What a {@link LocalBot} is made of. */
export interface LocalBotOptions {
  readonly convoy: Convoy
  /** Its number in the script. */
  readonly index: number
  readonly script: Script
  readonly clock: Clock
  readonly joinMs: number | undefined
  /** Ends what was opened for the convoy, after it. */
  readonly release?: () => Promise<void>
}

/** A bot in this process: at each frame it drives on, looks at the others and compares them with the script. */
export class LocalBot implements Bot {
  readonly convoy: Convoy
  readonly index: number
  readonly joinMs: number | undefined
  readonly script: Script
  readonly #clock: Clock
  readonly #release: () => Promise<void>
  readonly #own = emptyVehicleState()
  readonly #truth = emptyVehicleState()
  readonly #errors = new ErrorHistogram()
  readonly #recent = new Map<number, number>()
  readonly #problems: string[] = []
  readonly #stops: (() => void)[] = []
  #cast: ReadonlyMap<string, number> | undefined
  #atStart = { updatesSent: 0, updatesReceived: 0, bytesSent: 0, time: 0 }
  #drawsExpected = 0
  #draws = 0

  constructor(options: LocalBotOptions) {
    this.convoy = options.convoy
    this.index = options.index
    this.joinMs = options.joinMs
    this.script = options.script
    this.#clock = options.clock
    this.#release = options.release ?? (() => Promise.resolve())
    this.#watch()
    this.#frame()
    this.#stops.push(this.#clock.every(1_000 / framesPerSecond, () => this.#frame()))
  }

  get memberId(): string {
    return this.convoy.self.id
  }

  get name(): string {
    return this.convoy.self.name
  }

  get invite(): string {
    return this.convoy.invite
  }

  startMeasuring(cast: ReadonlyMap<string, number>): void {
    const { updatesSent, updatesReceived, bytesSent } = this.convoy.stats()
    this.#atStart = { updatesSent, updatesReceived, bytesSent, time: this.#clock.now() }
    this.#errors.clear()
    this.#drawsExpected = 0
    this.#draws = 0
    this.#cast = cast
  }

  snapshot(): Promise<BotSnapshot> {
    return Promise.resolve(this.measured())
  }

  /** {@link LocalBot.snapshot} at once. */
  measured(): BotSnapshot {
    const stats = this.convoy.stats()
    return {
      memberId: this.memberId,
      linkedTo: linkedTo(this.convoy),
      updatesSent: stats.updatesSent - this.#atStart.updatesSent,
      updatesReceived: stats.updatesReceived - this.#atStart.updatesReceived,
      bytesSent: stats.bytesSent - this.#atStart.bytesSent,
      positionErrors: this.#errors.toPairs(),
      drawsExpected: this.#drawsExpected,
      draws: this.#draws,
      measuredMs: this.#clock.now() - this.#atStart.time,
      problems: [...this.#problems],
    }
  }

  /** How far it saw bot `index` from the truth over the last second or so, cm; undefined when it saw none of it. */
  recentErrorOf(index: number): number | undefined {
    return this.#recent.get(index)
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop()
    await this.convoy.close()
    await this.#release()
  }

  #frame(): void {
    const now = this.#clock.now()
    const time = this.script.timeAt(now)
    const driver = this.script.drivers[this.index]
    if (driver === undefined) return
    this.convoy.setVehicle(driver.stateAt(time, this.#own))
    if (this.#cast === undefined) return
    this.#drawsExpected += this.#cast.size - 1
    for (const { memberId, state } of this.convoy.vehicles.sample(now)) {
      const index = this.#cast.get(memberId)
      const other = index === undefined ? undefined : this.script.drivers[index]
      if (index === undefined || other === undefined) continue
      const truth = other.stateAt(time, this.#truth)
      const errorCm = 100 * Math.hypot(state.x - truth.x, state.y - truth.y, state.z - truth.z)
      this.#errors.add(errorCm)
      const recent = this.#recent.get(index) ?? errorCm
      this.#recent.set(index, recent + (errorCm - recent) * recentShare)
      this.#draws++
    }
  }

  /** Nobody leaves while bots drive: whatever ends early is a problem. */
  #watch(): void {
    const note = (problem: string): void => void this.#problems.push(`${this.name}: ${problem}`)
    this.#stops.push(
      this.convoy.on('memberLeft', ({ member, reason }) => {
        if (this.#cast?.has(member.id) === true) note(`${member.name} is gone (${reason})`)
      }),
      this.convoy.on('hostGone', ({ reason }) => note(`the host is gone (${reason})`)),
      this.convoy.on('hostBack', () => note('the host is back')),
      this.convoy.on('removed', ({ reason, detail }) => note(`was removed (${reason}) ${detail}`.trim())),
      this.convoy.on('closed', () => note('the convoy closed')),
    )
  }
}
