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
    for (const { member } of this.#session.peers()) this.#session.sendChannel(member.id, trafficChannel, body)
  }

  send(memberId: string | undefined, message: TrafficMessage): void {
    if (memberId !== undefined) this.#session.sendChannel(memberId, trafficChannel, encodeTraffic(message))
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
