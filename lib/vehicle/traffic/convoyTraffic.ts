import * as v from 'valibot'
import { ConvoyError, Emitter, isConvoyError, type Cancel, type Unsubscribe } from '../../core/index.ts'
import { emptyVehicleState, type VehicleState } from '../../protocol/index.ts'
import type { RecordMember, Session } from '../../session/index.ts'
import { copyVehicleState } from '../copyVehicleState.ts'
import type { VehiclePublisher } from '../publisher.ts'
import type { VehicleReceiver } from '../vehicleReceiver.ts'
import type { Place } from './candidates.ts'
import { lookEveryMs, modelLength, trafficMessagesAtOnce, trafficMessagesPerSecond } from './constants.ts'
import { IndexPool } from './indexPool.ts'
import { Successors } from './successors.ts'
import { TrafficAllowance } from './trafficAllowance.ts'
import { TrafficAnnouncer } from './trafficAnnouncer.ts'
import { TrafficArbiter } from './trafficArbiter.ts'
import { trafficId } from './trafficId.ts'
import {
  decodeTraffic,
  trafficChannel,
  trafficModel,
  type TrafficAssignment,
  type TrafficMessage,
} from './trafficMessages.ts'
import { TrafficTable } from './trafficTable.ts'
import { TrafficVehicle } from './trafficVehicle.ts'
import type { RemoteTrafficVehicle, SpawnOptions, Traffic, TrafficEnd, TrafficEvents } from './types.ts'

/** What {@link ConvoyTraffic} stands on. */
export interface TrafficSurroundings {
  readonly session: Session
  readonly publisher: VehiclePublisher
  readonly vehicles: VehicleReceiver
  /** Whether this member takes vehicles over; undefined for: while somebody listens for `adopted`. */
  readonly accepts: boolean | undefined
  /** Where this member's truck is; undefined while it is not placed. */
  readonly ownPlace: () => Place | undefined
  /** @throws ConvoyError `closed`. */
  readonly requireOpen: () => void
}

/** {@link Traffic} over a session. docs/protocol/07-traffic.md. */
export class ConvoyTraffic implements Traffic {
  readonly #around: TrafficSurroundings
  readonly #session: Session
  readonly #events: Emitter<TrafficEvents>
  readonly #table: TrafficTable
  readonly #allowance: TrafficAllowance
  readonly #successors: Successors
  readonly #arbiter: TrafficArbiter
  readonly #announcer: TrafficAnnouncer
  readonly #indices: IndexPool
  readonly #stopLooking: Cancel
  #spawned = 0
  #saidToAccept = false

  constructor(around: TrafficSurroundings) {
    const { session, vehicles } = around
    const { clock, logger, dropped } = session.environment
    this.#around = around
    this.#session = session
    this.#events = new Emitter(logger)
    this.#table = new TrafficTable(clock, dropped, ({ id }, reason) =>
      this.#events.emit('removed', { id, reason }),
    )
    this.#allowance = new TrafficAllowance(session, this.#table)
    this.#indices = new IndexPool(clock)
    this.#announcer = new TrafficAnnouncer(session, this.#table)
    this.#successors = new Successors({ ...around, table: this.#table, selfAccepts: () => this.#accepts })
    this.#arbiter = new TrafficArbiter({
      session,
      table: this.#table,
      candidates: () => this.#successors.candidates(),
      bringUpToDate: (vehicle) => this.#bringUpToDate(vehicle),
      apply: (assignment) => this.#apply(assignment),
      sendAssignments: (assignments) => this.#announcer.sendAssignments(assignments),
      sendRemovals: (ids) => this.#announcer.sendRemovals(ids),
    })
    // Not with a rest parameter, which makes an array of each update.
    vehicles.trafficHandler = (memberId, index, update, times, receivedAt, clockOffset) =>
      this.#table.receive(memberId, index, update, times, receivedAt, clockOffset)
    this.#stopLooking = clock.every(lookEveryMs, () => this.#look())
    this.#follow()
  }

  on<Name extends keyof TrafficEvents>(
    name: Name,
    listener: (event: TrafficEvents[Name]) => void,
  ): Unsubscribe {
    const unsubscribe = this.#events.on(name, listener)
    this.#sayWhetherToAccept()
    return () => {
      unsubscribe()
      this.#sayWhetherToAccept()
    }
  }

  spawn(state: Readonly<VehicleState>, { model = '', sampledAt }: SpawnOptions = {}): number {
    this.#around.requireOpen()
    if (!v.is(trafficModel, model)) {
      throw new ConvoyError(
        'invalid-argument',
        `The model of a vehicle has at most ${modelLength} characters, none of them control characters.`,
      )
    }
    const { clock } = this.#session.environment
    const { self } = this.#session
    const id = trafficId(self.joinedAt, this.#spawned + 1)
    const vehicle = new TrafficVehicle(id, model, self.id, 0, clock.now())
    this.#allowance.check(vehicle)
    const index = this.#indices.take()
    if (index === undefined) {
      throw new ConvoyError(
        'traffic-limit',
        'Vehicles are spawned and removed too fast. Wait some seconds, or remove fewer.',
      )
    }
    try {
      this.#around.publisher.setTraffic(index, state, sampledAt)
    } catch (error) {
      this.#indices.putBack(index)
      throw error
    }
    this.#spawned++
    copyVehicleState(state, vehicle.state)
    vehicle.index = index
    this.#table.add(vehicle)
    this.#announcer.spawned(vehicle)
    this.#allowance.recount()
    return id
  }

  set(id: number, state: Readonly<VehicleState>, sampledAt?: number): boolean {
    const vehicle = this.#table.owned(id, this.#session.self.id)
    if (vehicle?.index === undefined) return false
    this.#around.publisher.setTraffic(vehicle.index, state, sampledAt)
    copyVehicleState(state, vehicle.state)
    return true
  }

  remove(id: number): boolean {
    const vehicle = this.#table.owned(id, this.#session.self.id)
    if (vehicle === undefined) return false
    this.#removeOwn(vehicle)
    this.#allowance.recount()
    return true
  }

  owned(): number[] {
    return this.#table.ownedBy(this.#session.self.id).map(({ id }) => id)
  }

  sample(now: number = this.#session.environment.clock.now()): readonly RemoteTrafficVehicle[] {
    return this.#table.sample(this.#session.self.id, now)
  }

  /** Stops. Idempotent. */
  close(): void {
    this.#stopLooking()
    this.#events.clear()
  }

  get #accepts(): boolean {
    if (this.#session.self.vehicleClass === null) return false
    return this.#around.accepts ?? this.#events.listenerCount('adopted') > 0
  }

  #follow(): void {
    const { events } = this.#session
    this.#session.onChannel(trafficChannel, (from, body) => this.#receive(from, body), {
      perSecond: trafficMessagesPerSecond,
      atOnce: trafficMessagesAtOnce,
    })
    events.on('linkReady', ({ member }) => this.#greet(member.id))
    events.on('linkGone', ({ member }) => this.#table.unlink(member.id))
    events.on('memberJoined', () => this.#allowance.recount())
    events.on('memberLeft', ({ member }) => {
      this.#table.forget(member.id)
      this.#arbiter.look()
      this.#allowance.recount()
    })
    events.on('rulesChanged', ({ rules }) => {
      if (rules.traffic) return this.#look()
      this.#removeAll('rule')
    })
    // Whatever this member owned is somebody else's by now, and who that is it hears from the host.
    events.on('reentered', () => this.#removeAll('abandoned'))
    for (const { member, admitted } of this.#session.peers()) if (admitted) this.#greet(member.id)
  }

  #greet(memberId: string): void {
    this.#announcer.greet(memberId, this.#ownVehicles(), this.#accepts)
    if (this.#arbiter.isSelf) this.#announcer.sendAssignments(this.#arbiter.word(), memberId)
  }

  #sayWhetherToAccept(): void {
    if (this.#accepts === this.#saidToAccept || this.#session.isClosed) return
    this.#saidToAccept = this.#accepts
    this.#announcer.sendToAll({ type: 'accepts', accepts: this.#accepts })
  }

  #receive(from: RecordMember, body: Uint8Array): void {
    const { dropped } = this.#session.environment
    // What waited for this program may be from somebody who is gone by now.
    if (this.#session.peer(from.id) === undefined) return dropped.add('traffic-gone')
    try {
      this.#act(from, decodeTraffic(body))
      this.#allowance.recount()
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(from.id, `traffic-${error.code}`)
    }
  }

  #act(from: RecordMember, message: TrafficMessage): void {
    const { dropped } = this.#session.environment
    // A spectator has no vehicles of any kind.
    const mayOwn = from.vehicleClass !== null
    const isArbiter = from.id === this.#arbiter.id
    switch (message.type) {
      case 'list':
        return this.#table.list(from, message.accepts && mayOwn, mayOwn ? message.vehicles : [])
      case 'accepts':
        return this.#table.setAccepts(from.id, message.accepts && mayOwn)
      case 'spawn':
        if (!mayOwn) return dropped.addFrom(from.id, 'traffic-foreign')
        for (const claim of message.vehicles) this.#table.claim(from, claim)
        return
      case 'remove':
        for (const id of message.ids) this.#removeFor(from, id, isArbiter)
        return
      case 'offer':
        if (!this.#arbiter.isSelf) return dropped.addFrom(from.id, 'traffic-not-arbiter')
        if (!this.#arbiter.offered(from.id, message.id, message.to))
          dropped.addFrom(from.id, 'traffic-foreign')
        return
      case 'assign':
        if (!isArbiter) return dropped.addFrom(from.id, 'traffic-not-arbiter')
        for (const assignment of message.vehicles) this.#apply(assignment)
    }
  }

  #removeFor(from: RecordMember, id: number, isArbiter: boolean): void {
    const own = isArbiter ? this.#table.owned(id, this.#session.self.id) : undefined
    if (own === undefined) this.#table.remove(from.id, id, isArbiter)
    else this.#removeOwn(own, 'abandoned')
  }

  /** Acts on the arbiter's word. */
  #apply(assignment: TrafficAssignment): void {
    const { self, environment } = this.#session
    const isOwn = assignment.owner === self.id
    if (!isOwn && this.#session.peer(assignment.owner) === undefined) {
      return environment.dropped.add('traffic-gone')
    }
    const index = this.#table.owned(assignment.id, self.id)?.index
    const change = this.#table.assign(assignment)
    if (change === undefined) return
    const { vehicle, formerId } = change
    if (isOwn && formerId === self.id) {
      vehicle.index = index
      this.#announcer.spawned(vehicle)
    } else if (isOwn) {
      this.#adopt(vehicle, assignment.place)
    } else if (index !== undefined) {
      this.#release(vehicle, index)
    }
  }

  #adopt(vehicle: TrafficVehicle, [x, y, z, heading, velocityZ]: TrafficAssignment['place']): void {
    const now = this.#session.environment.clock.now()
    const index = this.#indices.take()
    if (index === undefined) {
      this.#removeOwn(vehicle, 'limit')
      return
    }
    if (!vehicle.playout.sample(now, vehicle.state)) {
      copyVehicleState({ ...emptyVehicleState(), x, y, z, heading, velocityZ }, vehicle.state)
    }
    vehicle.settle()
    vehicle.index = index
    vehicle.nearerId = ''
    this.#around.publisher.setTraffic(index, vehicle.state)
    this.#announcer.spawned(vehicle)
    const state = emptyVehicleState()
    copyVehicleState(vehicle.state, state)
    this.#events.emit('adopted', { id: vehicle.id, model: vehicle.model, state })
  }

  #release(vehicle: TrafficVehicle, index: number): void {
    this.#around.publisher.forgetTraffic(index)
    this.#indices.rest(index)
    vehicle.showFromHere(this.#session.environment.clock.now())
    this.#events.emit('released', { id: vehicle.id, toMemberId: vehicle.ownerId })
  }

  #removeOwn(vehicle: TrafficVehicle, reason?: TrafficEnd): void {
    if (vehicle.index !== undefined) {
      this.#around.publisher.forgetTraffic(vehicle.index)
      this.#indices.rest(vehicle.index)
    }
    this.#table.delete(vehicle)
    this.#announcer.removed(vehicle.id)
    if (reason !== undefined) this.#events.emit('removed', { id: vehicle.id, reason })
  }

  #removeAll(reason: TrafficEnd): void {
    for (const vehicle of this.#ownVehicles()) this.#removeOwn(vehicle, reason)
    this.#table.clear(reason)
  }

  #ownVehicles(): TrafficVehicle[] {
    return this.#table.ownedBy(this.#session.self.id)
  }

  #look(): void {
    this.#table.prune(this.#session.self.id)
    this.#arbiter.look()
    this.#allowance.recount()
    for (const vehicle of this.#ownVehicles()) if (!vehicle.within) this.#removeOwn(vehicle, 'limit')
    for (const [vehicle, to] of this.#successors.due(this.#ownVehicles())) {
      if (this.#arbiter.isSelf) this.#arbiter.offered(this.#session.self.id, vehicle.id, to)
      else this.#announcer.send(this.#arbiter.id, { type: 'offer', id: vehicle.id, to })
    }
    for (const memberId of this.#announcer.takeMissed()) this.#greet(memberId)
    this.#sayWhetherToAccept()
  }

  #bringUpToDate(vehicle: TrafficVehicle): void {
    if (vehicle.ownerId === this.#session.self.id) return
    vehicle.playout.sample(this.#session.environment.clock.now(), vehicle.state)
    vehicle.settle()
  }
}
