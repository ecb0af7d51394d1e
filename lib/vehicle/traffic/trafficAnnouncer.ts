import { isConvoyError } from '../../core/index.ts'
import type { Session } from '../../session/index.ts'
import {
  encodeTraffic,
  inMessages,
  trafficChannel,
  type TrafficAssignment,
  type TrafficClaim,
  type TrafficMessage,
} from './trafficMessages.ts'
import type { TrafficTable } from './trafficTable.ts'
import type { TrafficVehicle } from './trafficVehicle.ts'

/**
 * Says to the others what becomes of this member's traffic. What the program does in one go is said in one message, and
 * before any update of a new vehicle is sent.
 */
export class TrafficAnnouncer {
  readonly #session: Session
  readonly #table: TrafficTable
  readonly #spawned = new Set<number>()
  readonly #removed = new Set<number>()
  readonly #missed = new Set<string>()
  #flushing = false

  constructor(session: Session, table: TrafficTable) {
    this.#session = session
    this.#table = table
  }

  /** Announces a vehicle of one's own. */
  spawned({ id }: TrafficVehicle): void {
    this.#spawned.add(id)
    this.#flushSoon()
  }

  /** Says that a vehicle of one's own is no more. */
  removed(id: number): void {
    this.#spawned.delete(id)
    this.#removed.add(id)
    this.#flushSoon()
  }

  /** Says everything to a member whose link is ready. */
  greet(memberId: string, own: readonly TrafficVehicle[], accepts: boolean): void {
    this.send(memberId, { type: 'list', accepts, vehicles: claimsOf(own) })
  }

  /** Says what the arbiter decided, to all or to one. */
  sendAssignments(assignments: readonly TrafficAssignment[], toId?: string): void {
    for (const vehicles of inMessages(assignments)) {
      if (toId === undefined) this.sendToAll({ type: 'assign', vehicles })
      else this.send(toId, { type: 'assign', vehicles })
    }
  }

  sendRemovals(all: readonly number[]): void {
    for (const ids of inMessages(all)) this.sendToAll({ type: 'remove', ids })
  }

  sendToAll(message: TrafficMessage): void {
    const body = encodeTraffic(message)
    for (const { member } of this.#session.peers()) this.#sendTo(member.id, body)
  }

  send(memberId: string | undefined, message: TrafficMessage): void {
    if (memberId !== undefined) this.#sendTo(memberId, encodeTraffic(message))
  }

  /** Members that missed something since the last call: they have to be greeted anew. */
  takeMissed(): string[] {
    const missed = [...this.#missed]
    this.#missed.clear()
    return missed
  }

  #sendTo(memberId: string, body: Uint8Array): void {
    try {
      this.#session.sendChannel([memberId], trafficChannel, body)
    } catch (error) {
      // The link takes no more for now.
      if (!isConvoyError(error)) throw error
      this.#missed.add(memberId)
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    this.sendRemovals([...this.#removed])
    const { id: selfId } = this.#session.self
    const own = [...this.#spawned].flatMap((id) => this.#table.owned(id, selfId) ?? [])
    for (const vehicles of inMessages(claimsOf(own))) this.sendToAll({ type: 'spawn', vehicles })
    this.#removed.clear()
    this.#spawned.clear()
  }
}

function claimsOf(own: readonly TrafficVehicle[]): TrafficClaim[] {
  return own.flatMap(({ id, index, number, model }) =>
    index === undefined ? [] : [{ id, index, number, model }],
  )
}
