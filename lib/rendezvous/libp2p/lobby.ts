import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import * as v from 'valibot'
import { sleep, toHex, type Cancel, type Clock, type Counters, type Logger } from '../../core/index.ts'
import {
  announcementBytes,
  clockSkewMs,
  openAnnouncement,
  successionSchema,
  VerificationBudget,
  type OpenedAnnouncement,
} from '../../identity/index.ts'
import { bytesUpTo, byType, count, decodeMessage, encodeMessage } from '../../protocol/index.ts'
import type { Announcement } from '../rendezvous.ts'
import {
  lobbyChecksPerMinute,
  lobbyMessageBytes,
  lobbySessions,
  lobbyTopic,
  missedBeats,
  type Libp2pTimings,
} from './constants.ts'
import { isPeerOf } from './keys.ts'
import type { ConvoyNode } from './node.ts'

/** What a host says of its public session, again and again; libp2p signs it with the host's key ([P2P-15]). */
const beatSchema = v.strictObject({
  type: v.literal('beat'),
  /** The host's wall clock: of two the later one counts, and none is counted twice. */
  at: count,
  /** False where it is listed no longer. */
  open: v.boolean(),
  envelope: bytesUpTo(announcementBytes),
  proof: successionSchema,
})

/** What somebody says who begins to listen: hosts need not be heard to be asked ([P2P-17]). */
const askSchema = v.strictObject({
  type: v.literal('ask'),
  /** The wall clock of who asks. */
  at: count,
})

const lobbySchema = byType([beatSchema, askSchema])

type Beat = v.InferOutput<typeof beatSchema>

interface Heard {
  readonly announcement: OpenedAnnouncement
  readonly envelope: Uint8Array
  readonly at: number
  readonly open: boolean
  /** On this peer's clock. */
  readonly heardAt: number
}

/** What a {@link Lobby} is made with. */
export interface LobbyOptions {
  readonly node: ConvoyNode
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
  readonly timings: Libp2pTimings
}

/** Public sessions, as their hosts tell everybody by gossipsub. */
export class Lobby {
  readonly #options: LobbyOptions
  /** The longest unheard first. */
  readonly #heard = new Map<string, Heard>()
  readonly #own = new Map<string, Announcement>()
  readonly #budget: VerificationBudget
  readonly #cancelBeats: Cancel
  #cancelAnswer: Cancel | undefined
  #answeredAt = -Infinity
  #asked = false
  #subscribedAt: number | undefined

  constructor(options: LobbyOptions) {
    this.#options = options
    const { node, clock, timings } = options
    this.#budget = new VerificationBudget({ clock, perSource: lobbyChecksPerMinute, windowMs: 60_000 })
    const { pubsub } = node.services
    pubsub.topicValidators.set(lobbyTopic, (from, message) => this.#check(from, message))
    pubsub.addEventListener('subscription-change', this.#onNeighbour)
    this.#cancelBeats = clock.every(timings.lobbyBeatMs, () => this.#beatAll())
  }

  /** Begins to hear what others say. Idempotent. */
  listen(): void {
    if (this.#subscribedAt !== undefined) return
    this.#subscribedAt = this.#options.clock.now()
    this.#options.node.services.pubsub.subscribe(lobbyTopic)
    this.#ask()
  }

  /** Tells of a session of this peer, until withdrawn; of one without a listing nothing. */
  async publish(key: string, announcement: Announcement): Promise<void> {
    const { clock } = this.#options
    const { envelope, proof } = announcement
    const opened = await openAnnouncement(envelope, { clock, ...(proof && { proof }) })
    if (opened.listing === null) return this.withdraw(key)
    this.listen()
    this.#own.set(key, announcement)
    this.#beat(announcement, true)
  }

  withdraw(key: string): void {
    const announcement = this.#own.get(key)
    if (announcement === undefined) return
    this.#own.delete(key)
    this.#beat(announcement, false)
  }

  /** What was heard of late, the newest session first; the first time after some waiting. */
  async list(signal?: AbortSignal): Promise<Uint8Array[]> {
    this.listen()
    const { clock, timings, node } = this.#options
    const waited = clock.now() - (this.#subscribedAt ?? 0)
    const hasNeighbours = node.services.pubsub.getPeers().length > 0
    if (hasNeighbours && waited < timings.lobbyWaitMs)
      await sleep(clock, timings.lobbyWaitMs - waited, signal)
    this.#forgetSilent()
    return [...this.#heard.values()]
      .filter(({ open, announcement }) => open && announcement.listing !== null)
      .sort((a, b) => b.announcement.issuedAt - a.announcement.issuedAt)
      .map(({ envelope }) => envelope)
  }

  close(): void {
    for (const key of [...this.#own.keys()]) this.withdraw(key)
    this.#cancelBeats()
    this.#cancelAnswer?.()
    const { pubsub } = this.#options.node.services
    pubsub.removeEventListener('subscription-change', this.#onNeighbour)
    pubsub.topicValidators.delete(lobbyTopic)
  }

  /** The neighbours are known only now, or there is one more. */
  readonly #onNeighbour = (): void => {
    this.#ask()
    this.#answer()
  }

  /** Once, as soon as there is somebody who passes it on. */
  #ask(): void {
    const { pubsub } = this.#options.node.services
    if (this.#asked || this.#subscribedAt === undefined || pubsub.getSubscribers(lobbyTopic).length === 0)
      return
    this.#asked = true
    this.#publish({ type: 'ask', at: Math.floor(this.#options.clock.wallTime()) })
  }

  /** Somebody begins to listen: it shall not have to wait for the next beat. Rarely, however many ask. */
  #answer(): void {
    if (this.#own.size === 0) return
    const { clock, timings } = this.#options
    const wait = Math.max(timings.lobbyWaitMs / 4, this.#answeredAt + timings.lobbyAnswerMs - clock.now())
    this.#cancelAnswer ??= clock.after(wait, () => {
      this.#cancelAnswer = undefined
      this.#answeredAt = clock.now()
      this.#beatAll()
    })
  }

  #beatAll(): void {
    for (const announcement of this.#own.values()) this.#beat(announcement, true)
  }

  #beat({ envelope, proof = [] }: Announcement, open: boolean): void {
    const at = Math.floor(this.#options.clock.wallTime())
    this.#publish({ type: 'beat', at, open, envelope, proof: [...proof] })
  }

  #publish(message: v.InferOutput<typeof lobbySchema>): void {
    const { node, logger } = this.#options
    const bytes = encodeMessage(lobbySchema, message, lobbyMessageBytes)
    node.services.pubsub.publish(lobbyTopic, bytes).catch((error: unknown) => {
      logger.debug('The lobby was told nothing.', { error })
    })
  }

  /** What gossipsub passes on is what passed here: see [P2P-16]. */
  async #check(neighbour: PeerId, message: Message): Promise<TopicValidatorResult> {
    const { clock, counters } = this.#options
    const drop = (name: string, result = TopicValidatorResult.Reject): TopicValidatorResult => {
      counters.add(name)
      return result
    }
    if (message.type !== 'signed') return drop('lobby-unsigned')
    let beat: v.InferOutput<typeof lobbySchema>
    try {
      beat = decodeMessage(lobbySchema, message.data, lobbyMessageBytes)
    } catch {
      return drop('lobby-malformed')
    }
    if (Math.abs(beat.at - clock.wallTime()) > clockSkewMs)
      return drop('lobby-stale', TopicValidatorResult.Ignore)
    if (!this.#budget.tryTake(neighbour.toString())) return drop('lobby-rate', TopicValidatorResult.Ignore)
    if (beat.type === 'ask') {
      this.#answer()
      return TopicValidatorResult.Accept
    }
    try {
      const announcement = await openAnnouncement(beat.envelope, { clock, proof: beat.proof })
      // Announcements are public: only its host may say that it still holds.
      if (!isPeerOf(message.from, announcement.host.signKey)) return drop('lobby-unauthentic')
      return this.#remember(announcement, beat)
        ? TopicValidatorResult.Accept
        : drop('lobby-stale', TopicValidatorResult.Ignore)
    } catch {
      return drop('lobby-unauthentic')
    }
  }

  /** Whether it is news. */
  #remember(announcement: OpenedAnnouncement, beat: Beat): boolean {
    const key = toHex(announcement.sessionId)
    const known = this.#heard.get(key)
    if (known !== undefined && !isLater(announcement, beat, known)) return false
    this.#heard.delete(key)
    if (known === undefined && this.#heard.size >= lobbySessions) this.#forgetSilent()
    // A full lobby is full: strangers must not push out those that are there.
    if (this.#heard.size >= lobbySessions) return false
    // Copies: they are views into the message, which they would keep alive.
    const envelope = beat.envelope.slice()
    this.#heard.set(key, {
      announcement,
      envelope,
      at: beat.at,
      open: beat.open,
      heardAt: this.#options.clock.now(),
    })
    return true
  }

  #forgetSilent(): void {
    const { clock, timings } = this.#options
    for (const [key, { heardAt }] of this.#heard) {
      if (clock.now() - heardAt < timings.lobbyBeatMs * missedBeats) return
      this.#heard.delete(key)
    }
  }
}

/** Whether it comes after what is known of the session: of a later host, or of the same one at a later time. */
function isLater(announcement: OpenedAnnouncement, beat: Beat, known: Heard): boolean {
  if (announcement.epoch !== known.announcement.epoch) return announcement.epoch > known.announcement.epoch
  return beat.at > known.at
}
