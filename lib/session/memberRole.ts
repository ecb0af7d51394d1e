import { ConvoyError } from '../core/index.ts'
import type { Route } from '../rendezvous/index.ts'
import type { Link, LinkCloseReason } from '../rtc/index.ts'
import { helloTimeoutMs, relaysAsked } from './constants.ts'
import { ControlLink } from './controlLink.ts'
import type { ControlMessage } from './controlMessages.ts'
import { EarlySignals } from './earlySignals.ts'
import { answerMeeting, type Encounter } from './meeting.ts'
import type { LinkSignals } from './linkSignals.ts'
import { neighboursToAsk } from './neighbours.ts'
import type { Peer } from './peer.ts'
import { PeerDialer } from './peerDialer.ts'
import { Reception } from './reception.ts'
import type { Decision } from './record.ts'
import type { RecordMember } from './recordState.ts'
import type { Session } from './session.ts'
import type { SessionRole } from './sessionParts.ts'
import { checkTicket } from './ticket.ts'

/** How a member whose link to the host is broken, or better made anew, gets another. */
export interface WayBack {
  /** The host is not there any more, and said no word of farewell. */
  lost(): void
  /** The host is silent: looks whether others look for it as well ([SUC-12]). */
  search(): void
  /** The network changed: whatever is to be tried is tried at once. */
  networkChanged(): void
  /** Idempotent. */
  close(): Promise<void>
}

/** What every member does: sees to links with the other members, and comes back when the host was lost. */
export class MemberRole implements SessionRole {
  readonly #session: Session
  /** Set once the member is in. */
  wayBack: WayBack | undefined
  #ticket: Uint8Array
  readonly #dialer: PeerDialer
  readonly #early = new EarlySignals()
  readonly #reception: Reception
  /** Counts signals, so that another neighbour is asked to bring the next one where the host can't. */
  #relays = 0

  constructor(session: Session, ticket: Uint8Array) {
    this.#session = session
    this.#ticket = ticket
    const { record } = session
    this.#dialer = new PeerDialer({
      environment: session.environment,
      verifications: session.verifications,
      self: () => record.state.member(session.environment.identity.signKey),
      member: (signKey) => record.state.member(signKey),
      relay: (peer, sealed) => this.#relay(peer, sealed),
      connected: (peer, link) => this.#greet(peer, link),
      isHost: ({ id }) => id === session.host.id,
      isUrgent: () => session.isAdrift,
    })
    this.#reception = new Reception(session.environment, async (route, _origin, signal) => {
      const encounter = await answerMeeting(session, route, signal)
      if (encounter !== undefined) this.met(encounter)
    })
    session.events.on('linkReady', () => {
      // Whoever is linked now may know those whom nobody brought signals to.
      if (session.isAdrift) this.#dialMissing()
    })
  }

  /** Sees to links with everyone who was there before. */
  start(): void {
    for (const peer of this.#session.peers()) {
      if (peer.member.id !== this.#session.host.id) this.#dialer.connect(peer.member)
    }
  }

  /** The host has taken this member back as `self`: everyone is linked anew, and nothing of before counts. */
  reenter(self: RecordMember, ticket: Uint8Array, control: ControlLink): void {
    const session = this.#session
    this.#ticket = ticket
    for (const { member } of session.peers()) this.#dialer.forget(member.id)
    session.reenter(self)
    session.attach(session.host, control, true)
    this.start()
    session.events.emit('hostBack', session.describe(session.host))
  }

  /** The host has taken this member back as the process that it is: links that are gone are dialled. */
  resume(ticket: Uint8Array, control: ControlLink): void {
    const session = this.#session
    this.#ticket = ticket
    session.resumed()
    session.attach(session.host, control, true)
    for (const { member, control: link } of session.peers())
      if (link === undefined) this.#dialer.connect(member)
    session.events.emit('hostBack', session.describe(session.host))
  }

  async onControl(peer: Peer, message: ControlMessage): Promise<void> {
    const { record, environment, host, isHost } = this.#session
    switch (message.type) {
      case 'hello':
        return this.#checkHello(peer, message.ticket)
      case 'relayed': {
        const sender = record.state.member(message.peer)
        if (sender !== undefined) return this.#dialer.receive(sender, message.sealed)
        if (!this.#early.keep(message.peer, message.sealed)) environment.dropped.add('signal-sender-unknown')
        return
      }
      case 'ticket':
        if (isHost || peer.member.id !== host.id) break
        await checkTicket(environment, record, environment.identity.signKey, message.ticket)
        return this.renewed(message.ticket)
      case 'removed':
        if (isHost || peer.member.id !== host.id) break
        this.#session.events.emit('removed', { reason: message.reason, detail: message.detail })
        // The host waits for this: see [MOD-1].
        peer.close()
        return this.#session.close()
      default:
    }
    environment.dropped.addFrom(peer.member.id, `control-unexpected-${message.type}`)
  }

  onLinkClosed(peer: Peer, _reason: LinkCloseReason, saidGoodbye: boolean): void {
    if (peer.member.id === this.#session.host.id) return this.#loseHost(saidGoodbye)
    // With nobody to record it, a member that is gone is gone as far as this one sees; it may be no more than out of reach.
    if (this.#session.hostIsGone) this.#session.removePeer(peer, saidGoodbye ? 'left' : 'lost', '')
    if (!saidGoodbye) this.#dialer.reconnect(peer.member)
    else if (this.#session.hostIsGone) this.#dialer.forget(peer.member.id)
  }

  networkChanged(): void {
    this.wayBack?.networkChanged()
    for (const { member, control } of this.#session.peers()) {
      if (control === undefined) this.#dialer.connect(member)
      else this.#dialer.redial(member, control.link)
    }
  }

  onApplied({ change }: Decision): void {
    if (change.type === 'joined') return this.#joined(change.signKey)
    if (change.type !== 'left') return
    const gone = this.#session.roster.peerOf(change.signKey)
    if (gone !== undefined) this.#dialer.forget(gone.member.id)
  }

  #joined(signKey: Uint8Array): void {
    const member = this.#session.record.state.member(signKey)
    if (member === undefined) return
    for (const sealed of this.#early.take(signKey)) this.#dialer.receive(member, sealed)
  }

  adopt(member: RecordMember, link: Link, signals: LinkSignals): void {
    this.#dialer.adopt(member, link, signals)
  }

  hostChanged(): void {
    this.#dialer.hostChanged()
    // What was under way through a host that is gone comes to nothing: others bring it now.
    for (const { member, control } of this.#session.peers())
      if (control === undefined) this.#dialer.connect(member)
  }

  adrift(): void {
    this.wayBack?.lost()
  }

  renewed(ticket: Uint8Array): void {
    this.#ticket = ticket
  }

  hostSilent(): void {
    this.wayBack?.search()
  }

  meet(route: Route): void {
    this.#reception.receive(route)
  }

  async close(): Promise<void> {
    this.#reception.close(new ConvoyError('closed', 'The session is closed.'))
    this.#dialer.close()
    await this.wayBack?.close()
  }

  /** Dials everyone whom the record has and who is not linked. */
  #dialMissing(): void {
    const { record, self } = this.#session
    for (const member of record.state.members)
      if (member.id !== self.id && this.#session.peer(member.id)?.control === undefined)
        this.#dialer.connect(member)
  }

  /** Has the host bring a signal to `peer`, or, where it is the host or there is none, another neighbour ([LNK-21]). */
  #relay(peer: RecordMember, sealed: Uint8Array): void {
    const { host } = this.#session
    const others = neighboursToAsk(this.#session).filter(({ member }) => member.id !== peer.id)
    const [first] = others
    if (first?.member.id === host.id) {
      first.control?.send({ type: 'signal', peer: peer.signKey, sealed })
      return
    }
    // Nobody knows which of them are linked with it: the next ones are asked to bring the next signal.
    for (let asked = 0; asked < Math.min(relaysAsked, others.length); asked++)
      others[this.#relays++ % others.length]?.control?.send({ type: 'signal', peer: peer.signKey, sealed })
  }

  #loseHost(saidGoodbye: boolean): void {
    const { host } = this.#session
    this.#session.loseHost(saidGoodbye ? 'left' : 'lost')
    if (saidGoodbye) return
    this.wayBack?.lost()
    // One that was elected and did not get as far as announcing itself is found by its neighbours only.
    this.#dialer.reconnect(host)
  }

  /** A link came about at a meeting point. */
  met({ member, link, signals }: Encounter): void {
    this.#greet(member, link)
    this.adopt(member, link, signals)
  }

  /** A link to another member is open: both show their tickets, and nothing counts before. */
  #greet(member: RecordMember, link: Link): void {
    // Another way may have been quicker: a link to the host also comes about through the rendezvous ([LNK-74]).
    const present = this.#session.peer(member.id)
    if (present?.admitted === true && present.control?.link.state === 'open') return link.close()
    const control = new ControlLink(link, this.#session.environment)
    control.send({ type: 'hello', ticket: this.#ticket })
    this.#session.attach(member, control, false)
    // Closed, it is dialled again, and with luck to one that shows its ticket.
    const cancel = this.#session.environment.clock.after(helloTimeoutMs, () => {
      const peer = this.#session.peer(member.id)
      if (peer?.control === control && !peer.admitted) link.close()
    })
    if (link.state === 'closed') cancel()
    else link.on('closed', cancel)
  }

  async #checkHello(peer: Peer, ticket: Uint8Array): Promise<void> {
    const { environment, record } = this.#session
    const { control } = peer
    if (peer.admitted || control === undefined)
      return environment.dropped.addFrom(peer.member.id, 'control-unexpected-hello')
    if (!this.#session.verifications.tryTake(peer.member.id))
      return environment.dropped.addFrom(peer.member.id, 'hello-rate')
    await checkTicket(environment, record, peer.member.signKey, ticket)
    this.#session.admitPeer(peer, control)
  }
}
