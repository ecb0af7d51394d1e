import type { BotRequest } from '../../examples/bots/makeLocalBot.ts'
import type { NetworkNamespace } from '../nat/namespaces.ts'
import { MemberProcess, type MemberEvent } from './memberProcess.ts'
import type { MemberView, ToMember } from './memberMessages.ts'

/** A member through all its lives: its identity, its machine, and the process it has now. */
export class Seat {
  readonly number: number
  readonly name: string
  readonly memberId: string
  /** What is being done to it, from the beginning of the fault until it had time to recover; empty while it is well. */
  readonly ailments = new Set<string>()
  /** Nobody starts it again. */
  isDead = false
  /** Its process stands still. */
  isStopped = false
  /** Why it was last not let in, so that it is told to people once. */
  lastRefusal = ''
  /** What it last told of the convoy, in its present life. */
  view: MemberView | undefined
  readonly #machine: NetworkNamespace | undefined
  readonly #cast: Extract<ToMember, { type: 'start' }>['cast']
  readonly #onEvent: (seat: Seat, event: MemberEvent) => void
  #process: MemberProcess | undefined

  constructor(options: {
    number: number
    name: string
    memberId: string
    machine: NetworkNamespace | undefined
    cast: Extract<ToMember, { type: 'start' }>['cast']
    onEvent: (seat: Seat, event: MemberEvent) => void
  }) {
    this.number = options.number
    this.name = options.name
    this.memberId = options.memberId
    this.#machine = options.machine
    this.#cast = options.cast
    this.#onEvent = options.onEvent
  }

  get process(): MemberProcess | undefined {
    return this.#process
  }

  /** Begins a life. @returns its process. */
  live(request: BotRequest & { readonly identitySeed: string }): MemberProcess {
    const life = new MemberProcess(this.#machine, (event) => {
      if (life === this.#process) this.#onEvent(this, event)
    })
    this.#process = life
    this.view = undefined
    life.start({ type: 'start', request, cast: this.#cast })
    return life
  }

  /** Ends a life on the spot. */
  async die(): Promise<void> {
    const life = this.#process
    this.#process = undefined
    this.view = undefined
    await life?.kill()
  }

  /** Whether nothing is being done to it, nothing was a moment ago, and it is in a convoy that can decide. */
  get isWell(): boolean {
    return !this.isDead && this.ailments.size === 0 && this.view?.state === 'active'
  }

  /** Asks it for the convoy as it has it. */
  async look(): Promise<MemberView | undefined> {
    const life = this.#process
    const view = this.isStopped ? undefined : await life?.view()
    if (life === this.#process) this.view = view
    return this.view
  }
}
