import { concat, equalBytes, toHex } from '../../lib/core/index.ts'
import { majorityOf } from '../../lib/identity/index.ts'
import { decodeMessage, limits } from '../../lib/protocol/index.ts'
import type { Link } from '../../lib/rtc/index.ts'
import type { AuthorityMessageOf } from '../../lib/session/authority/authorityMessages.ts'
import { openVote, signVote, type Vote } from '../../lib/session/authority/vote.ts'
import { voterOf } from '../../lib/session/authority/voters.ts'
import { encodeControl } from '../../lib/session/controlLink.ts'
import { controlMessageSchema, type ControlMessage } from '../../lib/session/controlMessages.ts'
import { signEntry } from '../../lib/session/heldEntry.ts'
import type { Session, SessionEnvironment } from '../../lib/session/index.ts'
import type { Peer } from '../../lib/session/peer.ts'
import type { Change } from '../../lib/session/recordEntries.ts'
import { snapshotMessages } from '../../lib/session/snapshot/snapshotMessages.ts'
import { issueTicket } from '../../lib/session/ticket.ts'
import type { Ledger } from './ledger.ts'
import type { Mischief } from './plan.ts'

/** Messages of others that are kept for a replay. */
const keptMessages = 40
/** The largest `hello` that is looked for, bytes: a ticket and some. */
const helloBytes = 1_100

/** What a member shows in place of its ticket. */
type Shown = 'own' | 'former' | 'forged' | 'none'

/**
 * A byzantine member: it runs the same code as all others, over links that alter what it says, and says more besides. It
 * outlives the processes of its participant.
 */
export class Byzantine {
  readonly #ledger: Ledger
  /** The session of its present process. */
  #session: Session | undefined
  #shown: Shown = 'own'
  /** The ticket of its first process. */
  #former: Uint8Array | undefined
  #votesTwice = false
  #tampersSnapshot = false
  #usurping: { vote: Vote; votes: Map<string, Uint8Array> } | undefined
  readonly #heard: Uint8Array[] = []

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** What its session stands on: links that say what this member wants them to say. */
  alter(environment: SessionEnvironment): SessionEnvironment {
    return { ...environment, connect: async (options) => this.#tamper(await environment.connect(options)) }
  }

  /** Its program is in a session. */
  entered(session: Session): void {
    this.#session = session
    const { authority } = session
    const original = authority.onMessage.bind(authority)
    authority.onMessage = async (peer, message) => {
      if (message.type === 'stand' && this.#votesTwice) return this.#voteForAnybody(session, peer, message)
      if (message.type === 'vote' && this.#usurping !== undefined)
        return this.#countStolen(session, message.vote)
      return original(peer, message)
    }
  }

  async commit(what: Mischief): Promise<void> {
    const session = this.#session
    if (what === 'show-former-ticket') this.#shown = 'former'
    if (what === 'show-forged-ticket') this.#shown = 'forged'
    if (what === 'speak-unticketed') this.#shown = 'none'
    if (what === 'vote-twice') this.#votesTwice = true
    if (session === undefined || session.isClosed) return
    const { record } = session
    const { epoch, length, committed } = record
    const entries = [...record.entries]
    switch (what) {
      case 'claim-host':
        return this.#claim(session, 1)
      case 'count-own-vote-twice':
        return this.#claim(session, majorityOf(record.voters))
      case 'change-two-voters':
        return this.#changeTwoVoters(session)
      case 'forge-entry': {
        const forged = await this.#sign(
          session,
          { type: 'rules', changes: { speedLimit: 30 } },
          epoch,
          length,
        )
        return this.#say(session, { type: 'entries', epoch, entries: [forged], committed: length + 1 })
      }
      case 'tamper-entry': {
        const tampered = entries.slice(-3).map((bytes) => this.#tampered(bytes))
        return this.#say(session, { type: 'entries', epoch, entries: tampered, committed })
      }
      case 'replay-entries':
        return this.#say(session, { type: 'entries', epoch, entries, committed: length })
      case 'reorder-entries':
        return this.#say(session, { type: 'entries', epoch, entries: entries.reverse(), committed: length })
      case 'truncate-entries':
        return this.#say(session, {
          type: 'entries',
          epoch: epoch + 1,
          entries: entries.slice(0, -2),
          committed: 0,
        })
      case 'overstate-committed':
        if (session.isHost) return
        return this.#say(session, { type: 'entries', epoch, entries: [], committed: length + 5 })
      case 'stand-unasked':
        return this.#usurp(session)
      case 'replay-control':
        for (const { control } of session.peers())
          for (const bytes of this.#heard) sendRaw(control?.link, bytes)
        return
      case 'forge-snapshot':
        return this.#forgeSnapshot(session)
      case 'tamper-snapshot':
        this.#tampersSnapshot = true
        return
      case 'speak-unticketed': {
        const body = encodeControl({ type: 'leave' })
        return this.#say(session, { type: 'channel', channel: 'chat', body })
      }
      default:
    }
  }

  /** Makes itself host of the next epoch by its own vote, given `times`. */
  async #claim(session: Session, times: number): Promise<void> {
    const { record, environment } = session
    const epoch = session.authority.epoch + 1
    // It may vote for another there, too.
    this.#ledger.doubtful.add(epoch)
    const vote = this.#voteFor(session, epoch, environment.identity.signKey)
    const votes = await Promise.all(Array.from({ length: times }, () => signVote(environment, vote)))
    const { signKey } = environment.identity
    const change: Change = { type: 'elected', signKey, votes, expelled: [] }
    const elected = await this.#sign(session, change, epoch, record.length)
    this.#say(session, { type: 'entries', epoch, entries: [elected], committed: record.length + 1 })
  }

  async #changeTwoVoters(session: Session): Promise<void> {
    const { record, self } = session
    const { voters } = record.voters
    if (!session.isHost || voters.length < 3) return
    const others = voters.filter(({ signKey }) => !equalBytes(signKey, self.signKey))
    const remaining = voters.filter((voter) => voter !== others[0] && voter !== others[1])
    await session.authority.decide({ type: 'voters', voters: remaining, witness: null })
  }

  /** Signs a snapshot of a state that nobody has, and hands over one that nobody asked for. */
  async #forgeSnapshot(session: Session): Promise<void> {
    const { record } = session
    const state = { digest: new Uint8Array(32).fill(6), bytes: 1_000 }
    const change: Change = { type: 'snapshot', state, epochState: record.epoch === 0 ? null : state }
    const forged = await this.#sign(session, change, record.epoch, record.length)
    this.#say(session, {
      type: 'entries',
      epoch: record.epoch,
      entries: [forged],
      committed: record.length + 1,
    })
    const bundle = record.bundle()
    if (bundle === undefined) return
    for (const part of snapshotMessages(bundle)) this.#say(session, part)
  }

  /** Stands with a record that it says is newer than all others, but has the last entries taken off. */
  async #usurp(session: Session): Promise<void> {
    const { record, environment } = session
    const epoch = session.authority.epoch + 1
    this.#ledger.doubtful.add(epoch)
    const length = Math.max(1, record.committed - 2)
    const previous = record.digestAt(length) ?? new Uint8Array(32)
    const candidate = environment.identity.signKey
    const vote: Vote = { sessionId: record.sessionId, epoch, number: length, previous, candidate }
    this.#usurping = { vote, votes: new Map() }
    await this.#countStolen(session, await signVote(environment, vote))
    const lastEpoch = epoch + 5
    this.#say(session, { type: 'stand', epoch, lastEpoch, length, digest: previous, consent: null })
  }

  async #countStolen(session: Session, bytes: Uint8Array): Promise<void> {
    const usurping = this.#usurping
    const { record, environment } = session
    if (usurping === undefined) return
    const { voter, vote } = await openVote(environment, bytes)
    const { epoch, number } = usurping.vote
    if (vote.epoch !== epoch || voterOf(record.votersAt(number), voter) === undefined) return
    usurping.votes.set(toHex(voter), bytes)
    if (usurping.votes.size < majorityOf(record.votersAt(number))) return
    this.#usurping = undefined
    const { signKey } = environment.identity
    const votes = [...usurping.votes.values()]
    const elected = await this.#sign(
      session,
      { type: 'elected', signKey, votes, expelled: [] },
      epoch,
      number,
    )
    this.#say(session, { type: 'entries', epoch, entries: [elected], committed: number + 1 })
  }

  /** Votes for everybody who stands, several in one epoch, but keeps to the rule that their record is as new as its own. */
  async #voteForAnybody(session: Session, peer: Peer, message: AuthorityMessageOf<'stand'>): Promise<void> {
    const { record, environment } = session
    const { epoch, lastEpoch, length, digest } = message
    const isNew = lastEpoch > record.epoch || (lastEpoch === record.epoch && length >= record.length)
    if (!isNew || epoch <= record.epoch) return
    this.#ledger.doubtful.add(epoch)
    const candidate = peer.member.signKey
    const { sessionId } = record
    const vote = { sessionId, epoch, number: length, previous: digest, candidate }
    peer.control?.send({ type: 'vote', vote: await signVote(environment, vote) })
  }

  #voteFor({ record }: Session, epoch: number, candidate: Uint8Array): Vote {
    const { sessionId, length: number } = record
    return { sessionId, epoch, number, previous: record.digestAt(number) ?? new Uint8Array(32), candidate }
  }

  async #sign(session: Session, change: Change, epoch: number, number: number): Promise<Uint8Array> {
    const { record, environment } = session
    const { hostKey } = record
    // As host it signs another entry with that number before long: a fork, which makes the rest of the epoch void.
    const isHosts = hostKey !== undefined && equalBytes(hostKey, session.self.signKey)
    if (isHosts) this.#ledger.doubtful.add(record.epoch)
    const previous = record.digestAt(number) ?? new Uint8Array(32)
    return (await signEntry(environment, { sessionId: record.sessionId, epoch, number, previous, change }))
      .bytes
  }

  #say(session: Session, message: ControlMessage): void {
    for (const { control } of session.peers()) control?.send(message)
  }

  #tamper(link: Link): Link {
    const sendControl = (bytes: Uint8Array): void => {
      if (this.#tampersSnapshot && isType(bytes, 'snapshot')) {
        this.#tampersSnapshot = false
        return link.sendControl(this.#tampered(bytes))
      }
      if (bytes.length > helloBytes || !isType(bytes, 'hello')) return link.sendControl(bytes)
      const ticket = this.#ticketToShow(bytes)
      if (ticket instanceof Promise) {
        ticket.then(
          (forged) => sendRaw(link, encodeControl({ type: 'hello', ticket: forged })),
          () => undefined,
        )
      } else if (ticket !== undefined) link.sendControl(encodeControl({ type: 'hello', ticket }))
    }
    const on: Link['on'] = (name, listener) => {
      return link.on(name, (event) => {
        if (name === 'control') this.#keep(event as Uint8Array)
        listener(event)
      })
    }
    return new Proxy(link, {
      get: (target, name) => {
        if (name === 'sendControl') return sendControl
        if (name === 'on') return on
        const value: unknown = Reflect.get(target, name, target)
        // Methods of a class with private fields know their own object only.
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  }

  /** With a bit in the middle turned over. */
  #tampered(bytes: Uint8Array): Uint8Array {
    const altered = bytes.slice()
    altered[altered.length >> 1] = (altered[altered.length >> 1] ?? 0) ^ 1
    return altered
  }

  #ticketToShow(hello: Uint8Array): Uint8Array | Promise<Uint8Array> | undefined {
    const message = decodeMessage(controlMessageSchema, hello, limits.controlMessageBytes)
    if (message.type !== 'hello') return undefined
    this.#former ??= message.ticket
    const session = this.#session
    switch (this.#shown) {
      case 'own':
        return message.ticket
      case 'former':
        return this.#former
      case 'forged':
        // Signed by itself, as if it were the host.
        return session === undefined
          ? undefined
          : issueTicket(session.environment, session.record, session.self)
      case 'none':
        return undefined
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#heard.push(concat(bytes))
    if (this.#heard.length > keptMessages) this.#heard.shift()
  }
}

function isType(bytes: Uint8Array, type: ControlMessage['type']): boolean {
  try {
    return decodeMessage(controlMessageSchema, bytes, limits.controlMessageBytes).type === type
  } catch {
    return false
  }
}

/** What the link takes no more is lost on a liar. */
function sendRaw(link: Link | undefined, bytes: Uint8Array): void {
  try {
    link?.sendControl(bytes)
  } catch {
    // Closed, or too much at once.
  }
}
