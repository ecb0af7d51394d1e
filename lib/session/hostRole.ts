import { ConvoyError, equalBytes, SerialQueue, TokenBucket, withDeadline } from '../core/index.ts'
import type { PublicIdentity } from '../identity/index.ts'
import { differingRules, type LoadOrder, type RulesChanges } from '../protocol/index.ts'
import type { Route } from '../rendezvous/index.ts'
import type { LinkCloseReason } from '../rtc/index.ts'
import { admit, type AdmissionContext, type WelcomedCandidate } from './admission.ts'
import type { AdmitHook } from './admissionChecks.ts'
import {
  concurrentKnocks,
  entriesMessageBytes,
  hostLinkTimings,
  loadOrderTimeoutMs,
  relayedSignalsPerSecond,
  slotReservationMs,
} from './constants.ts'
import { ControlLink } from './controlLink.ts'
import type { ControlMessage } from './controlMessages.ts'
import { describeVerdict } from './describeLoadOrder.ts'
import { compareLoadOrders } from './loadOrderCheck.ts'
import { findingsWithin } from './loadOrderFinding.ts'
import type { Peer } from './peer.ts'
import type { AppliedEntry, SessionRecord } from './record.ts'
import type { Change, RecordedLeaveReason } from './recordEntries.ts'
import type { RecordMember } from './recordState.ts'
import { SealedRoute } from './sealedRoute.ts'
import type { Session, SessionRole } from './session.ts'
import { SlotTable } from './slotTable.ts'
import { issueTicket } from './ticket.ts'

/** What a host decides by besides the record. */
export interface HostPolicy {
  readonly inviteSecret: Uint8Array | null
  readonly admit: AdmitHook | undefined
}

/** Authority over a session: admits, decides, and relays signals between members. */
export class HostRole implements SessionRole {
  readonly #session: Session
  readonly #policy: HostPolicy
  readonly #slots: SlotTable
  readonly #relayBudgets = new Map<string, TokenBucket>()
  readonly #abort = new AbortController()
  /** Decisions are signed one after the other: each holds the digest of the one before. */
  readonly #decisions: SerialQueue
  #knocks = 0

  constructor(session: Session, policy: HostPolicy) {
    this.#session = session
    this.#policy = policy
    this.#slots = new SlotTable(session.environment.clock, slotReservationMs)
    this.#decisions = new SerialQueue((error) => {
      session.environment.logger.error('A decision of the host failed.', { error })
    })
  }

  /** Answers a joiner that opened a route. */
  receive(route: Route): void {
    const { dropped, logger } = this.#session.environment
    if (this.#abort.signal.aborted || this.#knocks >= concurrentKnocks) {
      dropped.add('knock-busy')
      return route.close()
    }
    this.#knocks++
    const sealed = new SealedRoute(route, this.#session.environment)
    this.#answer(sealed)
      .catch((error: unknown) => {
        dropped.add(`knock-${error instanceof ConvoyError ? error.code : 'internal'}`)
        logger.info('A knock came to nothing.', { error })
      })
      .finally(() => {
        this.#knocks--
        sealed.finish()
      })
  }

  /** Records those of `changes` that differ from the rules in force; nothing where none does. */
  async changeRules(changes: RulesChanges): Promise<void> {
    await this.#decide(async () => {
      const differing = differingRules(this.#session.record.state.rules, changes)
      if (Object.keys(differing).length > 0) await this.#append({ type: 'rules', changes: differing })
    })
  }

  async changeLoadOrder(loadOrder: LoadOrder): Promise<void> {
    await this.#decide(() => this.#append({ type: 'loadOrder', loadOrder }))
  }

  /** Removes a member, for as long as the session lives where `banned`. */
  async remove(id: string, reason: 'kicked' | 'banned', detail: string): Promise<void> {
    const member = this.#session.record.state.memberById(id)
    if (member === undefined || member.id === this.#session.self.id) {
      throw new ConvoyError(
        'invalid-argument',
        `There is no other member "${id}". Take ids from convoy.members.`,
      )
    }
    await this.#decide(async () => {
      if (reason === 'banned') await this.#append({ type: 'banned', signKey: member.signKey, detail })
      this.#session.peer(id)?.control?.send({ type: 'removed', reason, detail })
      await this.#leave(member, reason, detail)
    })
    this.#slots.release(member.signKey)
  }

  async onControl(peer: Peer, message: ControlMessage): Promise<void> {
    if (message.type === 'signal') return this.#relay(peer, message)
    this.#session.environment.dropped.add(`control-unexpected-${message.type}`)
  }

  onLinkClosed(peer: Peer, _reason: LinkCloseReason, saidGoodbye: boolean): void {
    this.#decisions.add(() => this.#leave(peer.member, saidGoodbye ? 'left' : 'lost', ''))
  }

  onApplied(): void {
    // The host applied it before anyone else: nothing to do.
  }

  async close(): Promise<void> {
    this.#abort.abort(new ConvoyError('closed', 'The host closed the session.'))
    await this.#decisions.idle()
  }

  async #answer(route: SealedRoute): Promise<void> {
    const { signal } = this.#abort
    const welcomed = await admit(route, this.#admissionContext(), signal)
    if (welcomed === undefined) return
    const link = await this.#session.environment.connect({
      initiator: false,
      signals: route.signalPort(),
      timings: hostLinkTimings,
      signal,
    })
    await this.#admit(welcomed, new ControlLink(link, this.#session.environment))
  }

  #admissionContext(): AdmissionContext {
    const { environment, record } = this.#session
    return {
      environment,
      sessionId: record.sessionId,
      state: record.state,
      inviteSecret: this.#policy.inviteSecret,
      admit: this.#policy.admit,
      slotFree: (signKey) => this.#slots.find(record.state, signKey) !== undefined,
    }
  }

  /** The part of admission that takes the link: load order, verdict, ticket. */
  async #admit(candidate: WelcomedCandidate, control: ControlLink): Promise<void> {
    const { clock } = this.#session.environment
    const loadOrder = new Promise<LoadOrder>((resolve, reject) => {
      control.onMessage((message) => {
        if (message.type === 'loadOrder') resolve(message.loadOrder)
        else this.#session.environment.dropped.add(`control-unexpected-${message.type}`)
      })
      control.link.on('closed', () =>
        reject(new ConvoyError('closed', 'The joiner left before it was admitted.')),
      )
    })
    try {
      const theirs = await withDeadline(
        clock,
        loadOrderTimeoutMs,
        'The joiner did not send its load order.',
        loadOrder,
        this.#abort.signal,
      )
      if (this.#refuseLoadOrder(candidate, theirs, control)) return control.link.close()
      await this.#decide(() => this.#welcome(candidate, control))
    } catch (error) {
      control.link.close()
      throw error
    }
  }

  #refuseLoadOrder({ knock }: WelcomedCandidate, theirs: LoadOrder, control: ControlLink): boolean {
    if (knock.vehicleClass === null) return false
    const { state } = this.#session.record
    const verdict = compareLoadOrders(state.loadOrder, theirs, { modsOptioning: state.rules.modsOptioning })
    if (verdict.compatible) return false
    this.#session.environment.dropped.add('refused-load-order-mismatch')
    control.send({
      type: 'refused',
      code: 'load-order-mismatch',
      message: describeVerdict(verdict),
      findings: findingsWithin(verdict.findings, entriesMessageBytes),
    })
    return true
  }

  /** Runs within the queue of decisions: slots and bans may have changed while the candidate connected. */
  async #welcome({ identity, knock }: WelcomedCandidate, control: ControlLink): Promise<void> {
    const { record } = this.#session
    const present = record.state.member(identity.signKey)
    if (present !== undefined) await this.#leave(present, 'lost', '')
    const slot = this.#slots.find(record.state, identity.signKey)
    if (slot === undefined || record.state.isBanned(identity.signKey)) {
      control.send({
        type: 'refused',
        code: slot === undefined ? 'session-full' : 'banned',
        message:
          slot === undefined ? 'The last place was taken meanwhile. Try again later.' : 'You are banned.',
      })
      return control.link.close()
    }
    const member = await this.#join(identity, knock, slot)
    for (const entries of batches(record)) control.send({ type: 'entries', entries })
    const ticket = await issueTicket(this.#session.environment, record.sessionId, member)
    control.send({ type: 'admitted', ticket, entries: record.length })
    this.#session.attach(member, control, true)
  }

  async #join(
    identity: PublicIdentity,
    knock: WelcomedCandidate['knock'],
    slot: number,
  ): Promise<RecordMember> {
    const { incarnation, name, vehicleClass } = knock
    const { signKey, boxKey } = identity
    await this.#append({ type: 'joined', signKey, boxKey, incarnation, slot, name, vehicleClass })
    const member = this.#session.record.state.member(signKey)
    if (member === undefined) throw new ConvoyError('closed', 'The member left while it was admitted.')
    return member
  }

  async #leave(member: RecordMember, reason: RecordedLeaveReason, detail: string): Promise<void> {
    const present = this.#session.record.state.member(member.signKey)
    // A rejoin may have taken the place of the incarnation whose link broke.
    if (present === undefined || !equalBytes(present.incarnation, member.incarnation)) return
    this.#slots.reserve(member.signKey, member.slot)
    this.#relayBudgets.delete(member.id)
    await this.#append({ type: 'left', signKey: member.signKey, reason, detail })
  }

  /** Signs a decision, applies it, and sends it to every member. */
  async #append(change: Change): Promise<AppliedEntry> {
    const entry = await this.#session.record.append(change)
    this.#session.applied(entry)
    for (const peer of this.#session.peers()) {
      const { control } = peer
      if (control?.send({ type: 'entries', entries: [entry.bytes] }) === false) control.link.close()
    }
    return entry
  }

  #decide<T>(decision: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#abort.signal.aborted) return reject(new ConvoyError('closed', 'The convoy is closed.'))
      this.#decisions.add(() => decision().then(resolve, reject))
    })
  }

  #relay(from: Peer, { peer: to, sealed }: Extract<ControlMessage, { type: 'signal' }>): void {
    const { clock, dropped } = this.#session.environment
    const { id, signKey } = from.member
    let budget = this.#relayBudgets.get(id)
    if (budget === undefined) {
      budget = new TokenBucket(clock, relayedSignalsPerSecond, relayedSignalsPerSecond * 5)
      this.#relayBudgets.set(id, budget)
    }
    if (!budget.tryTake()) return dropped.add('signal-rate')
    const addressee = this.#session.record.state.member(to)
    const peer = addressee === undefined ? undefined : this.#session.peer(addressee.id)
    if (peer?.control === undefined) return dropped.add('signal-addressee-unknown')
    peer.control.send({ type: 'signal', peer: signKey, sealed })
  }
}

/** The entries of a record in as few messages as their size allows. */
function* batches(record: SessionRecord): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = []
  let bytes = 0
  for (const entry of record.entries) {
    if (batch.length > 0 && bytes + entry.length > entriesMessageBytes) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(entry)
    bytes += entry.length + 5
  }
  if (batch.length > 0) yield batch
}
