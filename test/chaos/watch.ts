import type { MemberEvent } from './memberProcess.ts'
import type { MemberView } from './memberMessages.ts'
import type { Seat } from './seat.ts'

/** Looks for what must never happen, whatever is done to the convoy. */
export class Watch {
  /** What did, in words. */
  readonly problems: string[] = []
  /** Set once the ban is known to be committed: the outcast must not get in from then on. */
  isBanned = false
  /** Times that the outcast was turned away. */
  refusals = 0
  readonly #outcastId: string
  readonly #nameOf: (memberId: string) => string
  readonly #hosts = new Map<number, string>()
  readonly #epochs = new WeakMap<object, number>()

  constructor(outcastId: string, nameOf: (memberId: string) => string) {
    this.#outcastId = outcastId
    this.#nameOf = nameOf
  }

  /** The highest epoch that anybody told of. */
  get epoch(): number {
    return Math.max(0, ...this.#hosts.keys())
  }

  /** How often authority moved, as far as anybody told. */
  get hostChanges(): number {
    return [...this.#hosts.keys()].filter((epoch) => epoch > 0).length
  }

  onEvent(seat: Seat, event: MemberEvent): void {
    const isOutcast = seat.memberId === this.#outcastId
    switch (event.type) {
      case 'ready':
        if (isOutcast && this.isBanned) this.problems.push('The banned one was let in.')
        return
      case 'refused':
        if (isOutcast && event.code === 'banned') this.refusals++
        return
      case 'removed':
        // Whoever was away for long is taken back by itself; nobody kicks.
        if (!isOutcast)
          this.problems.push(
            `${seat.name} was removed (${event.reason}, ${event.code ?? ''}) ${event.detail}`.trim(),
          )
        return
      case 'hostChanged':
        return this.#noteHost(event.epoch, event.hostId)
      case 'ended':
        this.problems.push(`${seat.name} ended by itself: ${event.message}`)
    }
  }

  /** Takes what a member says in one of its lives. */
  onView({ process: life, name }: Seat, view: MemberView): void {
    if (view.isHost) this.#noteHost(view.epoch, view.memberId)
    if (life === undefined) return
    const before = this.#epochs.get(life) ?? 0
    if (view.epoch < before) this.problems.push(`${name} went back from epoch ${before} to ${view.epoch}.`)
    this.#epochs.set(life, view.epoch)
  }

  #noteHost(epoch: number, hostId: string): void {
    const known = this.#hosts.get(epoch)
    if (known === undefined) this.#hosts.set(epoch, hostId)
    else if (known !== hostId) {
      const names = [known, hostId].map(this.#nameOf).join(' and ')
      this.problems.push(`Epoch ${epoch} has two hosts: ${names}.`)
    }
  }
}
