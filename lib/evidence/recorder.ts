import { copyOf, toHex } from '../core/index.ts'
import type { RecordMember, Session } from '../session/index.ts'
import { hashOfSample, type Known, type SentSample } from '../vehicle/index.ts'
import { digestsKept, evidenceKeptMs, messageBytesKept, messagesKept, tracksKept } from './constants.ts'
import { covers, type EvidenceDigest } from './evidenceDigest.ts'
import { SampleRing } from './sampleRing.ts'

/** A message as it is kept. */
export interface KeptMessage {
  /** Local ms. */
  readonly at: number
  readonly channel: string
  readonly body: Uint8Array
}

/** What is kept of one process of one member. */
export interface Track {
  readonly member: RecordMember
  samples: SampleRing | undefined
  readonly messages: KeptMessage[]
  readonly digests: { readonly at: number; readonly envelope: Uint8Array }[]
}

/** Keeps what was received, and sent, during the last minute ([EVD-1]). */
export class Recorder {
  readonly #session: Session
  /** Of members that are here, by id… */
  readonly #tracks = new Map<string, Track>()
  /** …and of those that are gone, or came back as another process, the oldest first. */
  readonly #former: Track[] = []
  readonly #ownTimes = { sampledAt: 0, receivedAt: 0 }

  constructor(session: Session) {
    this.#session = session
  }

  /** Keeps an update of a member. Allocates nothing after the first. */
  keepSample(
    memberId: string,
    update: Known,
    times: Readonly<{ sampledAt: number; receivedAt: number }>,
    isForwarded: boolean,
  ): void {
    const track = this.#tracks.get(memberId) ?? this.#begin(this.#session.peer(memberId)?.member)
    if (track !== undefined) (track.samples ??= new SampleRing()).add(update, times, isForwarded)
  }

  /** Keeps a sample of the own vehicle. Allocates nothing after the first. */
  keepOwn(sample: Readonly<SentSample>): void {
    const { self } = this.#session
    const track = this.#tracks.get(self.id) ?? this.#begin(self)
    const times = this.#ownTimes
    times.sampledAt = times.receivedAt = sample.sampledAt
    if (track !== undefined) (track.samples ??= new SampleRing()).add(sample, times, false)
  }

  /** Keeps a message of a member. */
  keepMessage(member: RecordMember, channel: string, body: Uint8Array): void {
    const track = this.#tracks.get(member.id) ?? this.#begin(member)
    if (track === undefined || body.length > messageBytesKept) return
    const { messages } = track
    const at = this.#session.environment.clock.now()
    messages.push({ at, channel, body: copyOf(body) })
    let bytes = messages.reduce((sum, each) => sum + each.body.length, 0)
    while (
      messages.length > messagesKept ||
      bytes > messageBytesKept ||
      at - (messages[0]?.at ?? at) > evidenceKeptMs
    ) {
      bytes -= messages.shift()?.body.length ?? 0
    }
  }

  /**
   * Keeps a digest of a member.
   * @returns false when it names other samples of its time than arrived here: its signer disowns what it sent.
   */
  keepDigest(member: RecordMember, envelope: Uint8Array, digest: EvidenceDigest): boolean {
    const track = this.#tracks.get(member.id) ?? this.#begin(member)
    if (track === undefined) return true
    let disowned = 0
    track.samples?.forEach(-Infinity, ({ canonical, ticks, isForwarded }) => {
      if (isForwarded || !covers(digest, ticks)) return
      if (!digest.samples.has(toHex(hashOfSample(canonical)))) disowned++
    })
    if (disowned > 0) return false
    track.digests.push({ at: this.#session.environment.clock.now(), envelope: copyOf(envelope) })
    if (track.digests.length > digestsKept) track.digests.shift()
    return true
  }

  /** When a member said something last, local ms; −Infinity for never. */
  spokeAt(memberId: string): number {
    return this.#tracks.get(memberId)?.messages.at(-1)?.at ?? -Infinity
  }

  /** A member is gone, or comes as another process: what was kept of it stays for a while. */
  retire(memberId: string): void {
    const track = this.#tracks.get(memberId)
    if (track === undefined) return
    this.#tracks.delete(memberId)
    this.#former.push(track)
    this.#makeRoom()
  }

  /** Tracks of all processes of a member, the oldest first. */
  tracksOf(memberId: string): Track[] {
    return this.tracks().filter(({ member }) => member.id === memberId)
  }

  /** All tracks, those of members that are gone first. */
  tracks(): Track[] {
    return [...this.#former, ...this.#tracks.values()]
  }

  #begin(member: RecordMember | undefined): Track | undefined {
    if (member === undefined) return undefined
    const track: Track = { member, samples: undefined, messages: [], digests: [] }
    this.#tracks.set(member.id, track)
    this.#makeRoom()
    return track
  }

  #makeRoom(): void {
    const outdated = this.#session.environment.clock.now() - evidenceKeptMs
    while (this.#former.length > 0) {
      const [oldest] = this.#former
      const isOutdated =
        oldest !== undefined &&
        (oldest.samples?.heardAt ?? -Infinity) < outdated &&
        (oldest.messages.at(-1)?.at ?? -Infinity) < outdated
      if (!isOutdated && this.#former.length + this.#tracks.size <= tracksKept) return
      this.#former.shift()
    }
  }
}
