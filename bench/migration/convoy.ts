import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import { Child, forkProgram } from '../processes/child.ts'
import type { FromMember, Look, MemberTask, ToMember, WatchReport } from './messages.ts'

/** How long all may take to meet, and to become one again after a kill, ms. */
const settleLimitMs = 60_000

/** How long nothing may be decided any more before the next kill, ms: voters are replaced one after the other. */
const quietMs = 1_500

const lookMs = 100

/** One member's process. */
interface Life {
  readonly child: Child<ToMember, FromMember>
  readonly process: ChildProcess
  readonly memberId: string
}

/** A convoy on this machine, a process for each member, whose hosts die and come back. */
export class MortalConvoy {
  readonly #signaling: string
  readonly #seeds: readonly string[]
  readonly #lives: (Life | undefined)[]
  #invite = ''

  private constructor(signaling: string, members: number) {
    this.#signaling = signaling
    this.#seeds = Array.from({ length: members }, () => randomBytes(32).toString('hex'))
    this.#lives = this.#seeds.map(() => undefined)
  }

  /** Founds it with so many members, and waits until they are one. */
  static async found(signaling: string, members: number): Promise<MortalConvoy> {
    const convoy = new MortalConvoy(signaling, members)
    try {
      for (const number of convoy.#seeds.keys()) await convoy.#bring(number)
      await convoy.settled()
      return convoy
    } catch (error) {
      convoy.end()
      throw error
    }
  }

  /** Waits until all have links to all, see all, follow one host, and nothing more is decided. @returns who is host. */
  async settled(): Promise<Look> {
    const deadline = performance.now() + settleLimitMs
    let quietSince = performance.now()
    let digest = ''
    for (;;) {
      const looks = await Promise.all(
        this.#living.map(async ({ child }) => (await child.ask({ type: 'look' }, 'looked')).look),
      )
      const [first] = looks
      if (first === undefined) throw new Error('There is nobody.')
      const others = this.#living.length - 1
      const areOne = looks.every(
        (look) =>
          look.active &&
          look.hostId === first.hostId &&
          look.epoch === first.epoch &&
          look.digest === first.digest &&
          look.linked === others &&
          look.seen === others,
      )
      const now = performance.now()
      if (!areOne || first.digest !== digest) quietSince = now
      digest = first.digest
      if (now - quietSince >= quietMs) return first
      if (now > deadline) throw new Error(`The convoy does not become one: ${JSON.stringify(looks)}`)
      await sleep(lookMs)
    }
  }

  /** Has all but `absent` watch while `meanwhile` goes on. */
  async watch(absent: string | undefined, meanwhile: () => Promise<void>): Promise<WatchReport[]> {
    const watching = this.#living.filter(({ memberId }) => memberId !== absent)
    await Promise.all(watching.map(({ child }) => child.ask({ type: 'watch', absent }, 'watching')))
    await meanwhile()
    return Promise.all(
      watching.map(async ({ child }) => (await child.ask({ type: 'report' }, 'reported')).report),
    )
  }

  /** Kills a member. */
  kill(memberId: string): void {
    const number = this.#lives.findIndex((life) => life?.memberId === memberId)
    this.#lives[number]?.process.kill('SIGKILL')
    this.#lives[number] = undefined
  }

  /** Starts again whoever is dead; they come back with their identity, by the invite they had. */
  async revive(): Promise<void> {
    for (const [number, life] of this.#lives.entries()) if (life === undefined) await this.#bring(number)
  }

  end(): void {
    for (const { process: life } of this.#living) life.kill('SIGKILL')
  }

  get #living(): Life[] {
    return this.#lives.filter((life) => life !== undefined)
  }

  async #bring(number: number): Promise<void> {
    const process = forkProgram(new URL('./member.ts', import.meta.url))
    const child = new Child<ToMember, FromMember>(`Member ${number}`, process)
    const role =
      this.#invite === ''
        ? { role: 'host' as const, signaling: this.#signaling, maxPlayers: this.#seeds.length }
        : { role: 'join' as const, invite: this.#invite }
    const task: MemberTask = {
      name: `Member ${number}`,
      number,
      seed: this.#seeds[number] ?? '',
      ...role,
    }
    try {
      const { memberId, invite } = await child.ask({ type: 'start', task }, 'started')
      this.#invite = invite
      this.#lives[number] = { child, process, memberId }
    } catch (error) {
      process.kill('SIGKILL')
      throw error
    }
  }
}
