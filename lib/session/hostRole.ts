import { ConvoyError, equalBytes, withDeadline, type Cancel } from '../core/index.ts'
import type { PublicIdentity } from '../identity/index.ts'
import { differingRules, type RulesChanges } from '../protocol/index.ts'
import type { Route } from '../rendezvous/index.ts'
import type { Link, LinkCloseReason } from '../rtc/index.ts'
import { admit, type AdmissionContext, type WelcomedCandidate } from './admission.ts'
import type { AdmitHook, VerifyClaims } from './admissionChecks.ts'
import { handOverMs, resumeRouteMs, slotReservationMs, ticketRenewalMs } from './constants.ts'
import { ControlLink } from './controlLink.ts'
import { DecisionQueue } from './decisionQueue.ts'
import { Departures } from './departures.ts'
import { heirOf } from './heir.ts'
import type { KnockMessage } from './knockMessages.ts'
import {
  lateRefusal,
  loadOrderRefusal,
  receiveLoadOrder,
  recordMessages,
  type Arrival,
  type LinkRefusal,
} from './linkAdmission.ts'
import { linkOverRoute } from './routeLink.ts'
import type { LinkSignals } from './linkSignals.ts'
import { ModeratedDecisions } from './moderation/moderatedDecisions.ts'
import type { AskableChange, Asked } from './moderation/moderationChanges.ts'
import type { AdmissionLoad } from './moderation/strangers.ts'
import { patiently } from './patiently.ts'
import { isNeighbour } from './neighbours.ts'
import type { Peer } from './peer.ts'
import { Reception } from './reception.ts'
import type { Change, RecordedLeaveReason } from './recordEntries.ts'
import type { RecordMember } from './recordState.ts'
import type { SealedRoute } from './sealedRoute.ts'
import type { Session } from './session.ts'
import { SlotTable } from './slotTable.ts'
import { issueTicket } from './ticket.ts'

/**
 * The way of the signals of each link that was made with a joiner, for when it is dialled again. Not the role's: a member
 * that is host a second time has the links of the first.
 */
const signalsOf = new WeakMap<Link, LinkSignals>()

/** What a host decides by besides the record. */
export interface HostPolicy {
  readonly admit: AdmitHook | undefined
  readonly verifyClaims?: VerifyClaims | undefined
}

/** What only the host does: admits, decides by its program's word, and records who comes and goes. */
export class HostRole {
  readonly #session: Session
  readonly #policy: HostPolicy
  readonly #slots: SlotTable
  readonly #reception: Reception
  readonly #abort = new AbortController()
  readonly #decisions: DecisionQueue
  readonly #departures: Departures
  readonly #moderated: ModeratedDecisions
  readonly #cancelRenewal: Cancel

  constructor(session: Session, policy: HostPolicy) {
    this.#session = session
    this.#policy = policy
    const { clock } = session.environment
    this.#slots = new SlotTable(clock, slotReservationMs)
    this.#reception = new Reception(session.environment, (route, origin, signal) =>
      this.#answer(route, origin, signal),
    )
    this.#decisions = new DecisionQueue(session, this.#abort.signal)
    this.#moderated = new ModeratedDecisions(session, this.#slots, (change) => this.#append(change))
    this.#cancelRenewal = clock.every(ticketRenewalMs, () => {
      this.#renewTickets().catch((error: unknown) => {
        session.environment.logger.warn('Tickets were not renewed.', { error })
      })
    })
    this.#departures = new Departures(session, this.#decisions, (member, reason) =>
      this.#leave(member, reason, ''),
    )
  }

  /** Answers a joiner that opened a route. */
  receive(route: Route): void {
    this.#reception.receive(route)
  }

  /** Records those of `changes` that differ from the rules in force; nothing where none does. */
  async changeRules(changes: RulesChanges, signal?: AbortSignal): Promise<void> {
    await this.record(() => {
      const differing = differingRules(this.#session.record.state.rules, changes)
      return Object.keys(differing).length === 0 ? undefined : { type: 'rules', changes: differing }
    }, signal)
  }

  /** Records what `make` says once everything before it is decided; nothing where that is undefined. */
  async record(make: () => Change | undefined, signal?: AbortSignal): Promise<void> {
    await this.#decisions.decideOnceAble(async () => this.#append(make()), signal)
  }

  /**
   * Decides what this peer's program, or a moderator, asks for.
   * @param asked - who asked, where that was another member.
   * @throws ConvoyError `not-permitted` where that is beyond what its author may do; `invalid-argument` for a kick of who
   * is not there; what deciding throws; `closed`, `aborted`.
   */
  async carryOut(change: AskableChange, asked?: Asked, signal?: AbortSignal): Promise<void> {
    await this.#decisions.decideOnceAble(() => this.#moderated.carryOut(change, asked), signal)
  }

  /** This peer decides from now on: whoever is not linked, and does not come, is recorded as lost. */
  takeOver(): void {
    this.#departures.takeOver()
    // The former host may have died between a ban and its consequence.
    this.#decisions.add(() => this.#moderated.removeBanned())
  }

  /** How much is asked of this host right now. */
  load(): AdmissionLoad {
    return this.#reception.strangers.load(this.#reception.knocks)
  }

  /** Hands authority over to the member that votes already or has been here longest, where there is one. */
  async handOver(): Promise<void> {
    const { clock, logger } = this.#session.environment
    const heir = heirOf(this.#session)
    if (heir === undefined) return
    try {
      const late = new AbortController()
      const cancel = clock.after(handOverMs, () =>
        late.abort(new ConvoyError('timeout', 'Nobody took over in time.')),
      )
      // It does not wait to be able: the others elect somebody once this host has said good-bye.
      const handOver = (): Promise<void> => this.#transfer(heir.member.id, late.signal)
      await this.#decisions.decide(handOver, late.signal).finally(cancel)
    } catch (error) {
      logger.info('The host leaves without a successor.', { error })
    }
  }

  /**
   * Hands authority over to a member.
   * @throws ConvoyError `invalid-argument` for who is not linked, and what `Authority.transfer` throws.
   */
  async transfer(id: string, signal?: AbortSignal): Promise<void> {
    await this.#decisions.decideOnceAble(() => this.#transfer(id, signal), signal)
  }

  async #transfer(id: string, signal: AbortSignal | undefined): Promise<void> {
    const peer = this.#session.peer(id)
    if (!isNeighbour(peer)) {
      throw new ConvoyError(
        'invalid-argument',
        `There is no other member "${id}" that is connected. Take ids from convoy.members.`,
      )
    }
    await this.#session.authority.transfer(peer, signal)
  }

  /** Removes who was proven to cheat at deciding, where it is a member ([AUT-14], [AUT-16]). */
  expel(signKey: Uint8Array, detail: string): void {
    if (this.#session.record.state.member(signKey) === undefined) return
    const subject = { kind: 'identity' as const, signKey }
    this.carryOut({ type: 'banned', subject, detail, lastsMs: null }).catch((error: unknown) => {
      this.#session.environment.logger.warn('A voter that cheated is still here.', { error })
    })
  }

  onLinkClosed(peer: Peer, _reason: LinkCloseReason, saidGoodbye: boolean): void {
    if (saidGoodbye) this.#departures.record(peer.member, 'left')
    else this.#departures.unlinked(peer.member)
  }

  async close(): Promise<void> {
    this.#cancelRenewal()
    this.#departures.close()
    const closed = new ConvoyError('closed', 'The host closed the session.')
    this.#reception.close(closed)
    this.#abort.abort(closed)
    await this.#decisions.idle()
  }

  async #answer(route: SealedRoute, origin: Uint8Array | undefined, signal: AbortSignal): Promise<void> {
    const { environment } = this.#session
    const first = await route.next(signal)
    if (first.message.type === 'resume') return this.#resume(route, first.signKey, first.message, signal)
    const welcomed = await admit(route, first, this.#admissionContext(origin), signal)
    if (welcomed === undefined) return
    const { link, signals } = await linkOverRoute(route, environment, { initiator: false, signal })
    signalsOf.set(link, signals)
    const control = new ControlLink(link, environment)
    try {
      await this.#admit(welcomed, control, signal)
    } catch (error) {
      control.link.close()
      throw error
    }
  }

  /** Lets a member whose link is there still, but carries nothing, dial again this way ([LNK-73]). */
  async #resume(
    route: SealedRoute,
    signKey: Uint8Array,
    { sessionId, boxKey, incarnation }: Extract<KnockMessage, { type: 'resume' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { environment, record } = this.#session
    const member = record.state.member(signKey)
    const link = member === undefined ? undefined : this.#session.peer(member.id)?.control?.link
    const signals = link === undefined ? undefined : signalsOf.get(link)
    const fits =
      member !== undefined &&
      equalBytes(member.incarnation, incarnation) &&
      equalBytes(sessionId, record.sessionId)
    route.settleRemote(member ?? { signKey, boxKey })
    if (!fits || link === undefined || signals === undefined) {
      environment.dropped.add('resume-refused')
      // The same words in every case, so that they tell nobody anything.
      return route.send({
        type: 'refused',
        code: 'unknown-member',
        message: 'You are no member. Join again.',
      })
    }
    route.welcome()
    signals.use(route.signalPort())
    route.send({ type: 'welcome' })
    const over = new Promise<void>((resolve) => {
      route.onClosed(resolve)
      link.on('closed', () => resolve())
    })
    await withDeadline(environment.clock, 2 * resumeRouteMs, 'The member did not dial.', over, signal)
  }

  /** Tickets end, sessions may last: everybody gets another, this peer for when it is host no more ([TKT-3]). */
  async #renewTickets(): Promise<void> {
    const { record, environment, self, role } = this.#session
    role?.renewed(await issueTicket(environment, record, self))
    for (const { member, admitted, control } of this.#session.peers())
      if (admitted) control?.send({ type: 'ticket', ticket: await issueTicket(environment, record, member) })
  }

  #admissionContext(origin: Uint8Array | undefined): AdmissionContext {
    const { environment, record } = this.#session
    return {
      environment,
      sessionId: record.sessionId,
      state: record.state,
      admit: this.#policy.admit,
      verifyClaims: this.#policy.verifyClaims,
      slotFree: (signKey) => this.#slots.find(record.state, signKey) !== undefined,
      joinWaitMs: (invite) => this.#reception.strangers.join(invite, origin),
    }
  }

  /** The part of admission that takes the link: load order, verdict, ticket. */
  async #admit(candidate: WelcomedCandidate, control: ControlLink, signal: AbortSignal): Promise<void> {
    const { environment, record } = this.#session
    const { loadOrder, holds } = await receiveLoadOrder(control, environment, signal)
    const refusal = loadOrderRefusal(record, candidate.knock, loadOrder)
    if (refusal !== undefined) return this.#refuse(control, refusal)
    const welcome = (): Promise<void> =>
      this.#decisions.decide(() => this.#welcome(candidate, control, holds))
    await patiently(welcome, environment.clock, signal)
  }

  #refuse(control: ControlLink, refusal: LinkRefusal): Promise<void> {
    this.#session.environment.dropped.add(`refused-${refusal.code}`)
    return control.dismiss(refusal, this.#abort.signal)
  }

  /** Runs within the queue of decisions: slots and bans may have changed while the candidate connected. */
  async #welcome(candidate: WelcomedCandidate, control: ControlLink, holds: Arrival['holds']): Promise<void> {
    const { identity, knock } = candidate
    const { record, environment, self } = this.#session
    if (control.link.state === 'closed') {
      throw new ConvoyError('closed', 'The joiner left before it was admitted.')
    }
    const now = environment.clock.wallTime()
    const facts = { ...candidate, signKey: identity.signKey }
    const ban = record.state.moderation.banOf(facts, self.signKey, now)
    const free = this.#slots.find(record.state, identity.signKey)
    const refusal = lateRefusal(record, free, ban, now)
    if (refusal !== undefined) return this.#refuse(control, refusal)
    const present = record.state.member(identity.signKey)
    if (present !== undefined && equalBytes(present.incarnation, knock.incarnation))
      return this.#show(present, control, holds)
    await this.#replace(identity)
    const slot = this.#slots.find(record.state, identity.signKey)
    if (slot === undefined) throw new Error('The slot of a former incarnation is its own.')
    const member = await this.#join(candidate, slot)
    try {
      await this.#show(member, control, holds)
    } catch (error) {
      // With no link, nobody would ever miss it.
      await this.#leave(member, 'lost', '')
      throw error
    }
  }

  /** Hands the record and a ticket to a member, and takes its link. */
  async #show(member: RecordMember, control: ControlLink, holds: Arrival['holds']): Promise<void> {
    const { record, environment } = this.#session
    const ticket = await issueTicket(environment, record, member)
    for (const message of recordMessages(record, holds)) control.send(message)
    const { committed } = record
    control.send({ type: 'admitted', ticket, entries: committed })
    this.#session.attach(member, control, true, committed)
    const signals = signalsOf.get(control.link)
    if (signals !== undefined) this.#session.role?.adopt(member, control.link, signals)
  }

  /** Takes the former incarnation of who is being admitted out of the session, where there is one ([ADM-13]). */
  async #replace({ signKey }: PublicIdentity): Promise<void> {
    const former = this.#session.record.state.member(signKey)
    if (former === undefined) return
    const detail = 'The same identity joined again from elsewhere.'
    this.#moderated.dismiss(former, { type: 'removed', reason: 'lost', detail })
    await this.#leave(former, 'lost', '')
  }

  async #join(candidate: WelcomedCandidate, slot: number): Promise<RecordMember> {
    const { incarnation, name, vehicleClass } = candidate.knock
    const { signKey, boxKey } = candidate.identity
    const { claims, invite } = candidate
    const admittedBy = {
      ...(claims.length === 0 ? {} : { claims: [...claims] }),
      ...(invite === undefined ? {} : { invite }),
    }
    const who = { signKey, boxKey, incarnation, slot, name, vehicleClass }
    await this.#append({ type: 'joined', ...who, ...admittedBy })
    const member = this.#session.record.state.member(signKey)
    if (member === undefined) throw new ConvoyError('closed', 'The member left while it was admitted.')
    return member
  }

  async #leave(member: RecordMember, reason: RecordedLeaveReason, detail: string): Promise<void> {
    const present = this.#session.record.state.member(member.signKey)
    // A rejoin may have taken the place of the incarnation whose link broke.
    if (present === undefined || !equalBytes(present.incarnation, member.incarnation)) return
    this.#slots.reserve(member.signKey, member.slot)
    await this.#append({ type: 'left', signKey: member.signKey, reason, detail })
  }

  /** Decides: returns once the entry is committed and applied. */
  async #append(change: Change | undefined): Promise<void> {
    if (change === undefined) return
    await this.#session.authority.decide(change)
  }
}
