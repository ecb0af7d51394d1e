import { equalBytes } from '../../core/index.ts'
import { isNeighbour, type RecordMember, type Session } from '../../session/index.ts'
import { incarnationTag, type Known } from '../codec/index.ts'
import { maxCanonicalBytes, writeCanonical } from './canonicalUpdate.ts'
import { forwardsInTotal, forwardsPerAsker, suspectPatienceMs } from './constants.ts'
import type { Digest } from './digest.ts'
import { sendForward, type ForwardRefusal } from './forwardMessages.ts'
import { ForwardEncoder } from './forwardPayload.ts'
import { SampleProofs } from './sampleProofs.ts'

/** A member whose vehicle is forwarded, and the newest sample of it. */
interface Origin {
  readonly member: RecordMember
  /** Who asked, with the number of the sample that each was sent last. */
  readonly askers: Map<string, number>
  readonly canonical: Uint8Array
  bits: number
  /** When it was sampled, as in its update… */
  ticks: number
  /** …and on the local clock, ms. */
  sampledAt: number
  /** When its link was seen to work for the last time. */
  heardAt: number
  /** Counts samples; 0 before the first. */
  number: number
  /** Number of the newest sample that was held against digests. */
  checked: number
  readonly proofs: SampleProofs
}

/** What a member forwarded for others so far. */
export interface ForwardedForOthers {
  /** Vehicles forwarded right now, each counted once for every member that it is forwarded to. */
  forwards: number
  updatesSent: number
  /** Payload bytes. */
  bytesSent: number
}

/** Forwards the vehicles of members to others that have no link to them, when asked ([FWD-3], [FWD-4]). */
export class Forwarder {
  readonly #session: Session
  readonly #encoder = new ForwardEncoder()
  readonly #origins = new Map<string, Origin>()
  /** Origins by who asked for them. */
  readonly #asked = new Map<string, Set<Origin>>()
  /** Members that signed something else than they sent: forwarding them would make this member look like a forger. */
  readonly #disputed = new Set<string>()
  #updatesSent = 0
  #bytesSent = 0

  constructor(session: Session) {
    this.#session = session
  }

  get stats(): ForwardedForOthers {
    return { forwards: this.#forwards, updatesSent: this.#updatesSent, bytesSent: this.#bytesSent }
  }

  /** A member asks for the vehicle of the member with this sign key, or no longer wants it. */
  ask(asker: RecordMember, originKey: Uint8Array, on: boolean): void {
    const member = this.#session.record.state.member(originKey)
    if (!on) {
      const origin = member && this.#origins.get(member.id)
      if (origin !== undefined) this.#stop(origin, asker.id)
      return
    }
    const refusal = this.#refusalOf(asker, member)
    if (refusal !== undefined || member === undefined) {
      this.#session.environment.dropped.addFrom(asker.id, 'forward-refused')
      return this.#refuse(asker.id, originKey, refusal ?? 'unlinked')
    }
    const origin = this.#origins.get(member.id) ?? this.#begin(member)
    if (origin.askers.has(asker.id)) return
    origin.askers.set(asker.id, 0)
    const ofAsker = this.#asked.get(asker.id) ?? new Set<Origin>()
    this.#asked.set(asker.id, ofAsker.add(origin))
  }

  /** Notes the newest sample of a member; of any other than those forwarded it is ignored. Allocates nothing. */
  observe(memberId: string, { ticks, codes }: Known, { sampledAt }: Readonly<{ sampledAt: number }>): void {
    const origin = this.#origins.get(memberId)
    if (origin === undefined) return
    origin.bits = writeCanonical(origin.canonical, ticks, codes)
    origin.ticks = ticks
    origin.sampledAt = sampledAt
    origin.number++
  }

  /** Sends each asker what is new, and gives up on members that are not heard any more. */
  tick(now: number): void {
    for (const origin of [...this.#origins.values()]) {
      origin.proofs.expire(now)
      const peer = this.#session.peer(origin.member.id)
      if (isNeighbour(peer)) origin.heardAt = now
      const linked = peer?.admitted === true && peer.member === origin.member
      if (linked && now - origin.heardAt < suspectPatienceMs) this.#check(origin, now)
      else this.#giveUp(origin, 'unlinked')
    }
    for (const [askerId, origins] of this.#asked) this.#serve(askerId, origins, now)
  }

  /** The link to a member is gone: nothing is forwarded to it any more. */
  forget(memberId: string): void {
    for (const origin of this.#asked.get(memberId) ?? []) this.#stop(origin, memberId)
    const own = this.#origins.get(memberId)
    if (own !== undefined) this.#giveUp(own, 'unlinked')
  }

  /** Whether digests of `memberId` are of use here. */
  forwards(memberId: string): boolean {
    return this.#origins.has(memberId)
  }

  /** Passes on a digest of `memberId`, once it is held against what came from there. */
  passOn(memberId: string, envelope: Uint8Array, digest: Digest): void {
    const origin = this.#origins.get(memberId)
    if (origin === undefined) return
    origin.proofs.addDigest(digest)
    for (const askerId of origin.askers.keys())
      sendForward(this.#session, askerId, { type: 'digest', envelope })
  }

  get #forwards(): number {
    let sum = 0
    for (const { askers } of this.#origins.values()) sum += askers.size
    return sum
  }

  #refusalOf(asker: RecordMember, member: RecordMember | undefined): ForwardRefusal | undefined {
    if (member === undefined || member.id === asker.id) return 'unlinked'
    if (!isNeighbour(this.#session.peer(member.id))) return 'unlinked'
    if (this.#disputed.has(member.id)) return 'disputed'
    if (this.#origins.get(member.id)?.askers.has(asker.id) === true) return undefined
    const ofAsker = this.#asked.get(asker.id)?.size ?? 0
    return ofAsker >= forwardsPerAsker || this.#forwards >= forwardsInTotal ? 'full' : undefined
  }

  #begin(member: RecordMember): Origin {
    const origin: Origin = {
      member,
      askers: new Map(),
      canonical: new Uint8Array(maxCanonicalBytes),
      bits: 0,
      ticks: 0,
      sampledAt: 0,
      heardAt: this.#session.environment.clock.now(),
      number: 0,
      checked: 0,
      proofs: new SampleProofs((proof) => {
        if (proof === 'forged') this.#dispute(origin)
      }),
    }
    this.#origins.set(member.id, origin)
    sendForward(this.#session, member.id, { type: 'digests', on: true })
    return origin
  }

  /** Holds what is about to be forwarded against what its origin signs. */
  #check(origin: Origin, now: number): void {
    if (origin.number === origin.checked) return
    origin.checked = origin.number
    origin.proofs.addSample(origin.ticks, origin.canonical.subarray(0, (origin.bits + 7) >>> 3), now)
  }

  #serve(askerId: string, origins: ReadonlySet<Origin>, now: number): void {
    const link = this.#session.peer(askerId)?.control?.link
    if (link === undefined) return
    this.#encoder.begin()
    for (const origin of origins) {
      if (origin.askers.get(askerId) === origin.number) continue
      const { member, sampledAt, canonical, bits } = origin
      this.#encoder.add(member.slot, incarnationTag(member.incarnation), now - sampledAt, canonical, bits)
    }
    const { count } = this.#encoder
    if (count === 0) return
    const payload = this.#encoder.finish()
    if (!link.sendState(payload)) return
    for (const origin of origins) origin.askers.set(askerId, origin.number)
    this.#updatesSent += count
    this.#bytesSent += payload.length
  }

  /** A member signed a digest without what it sent here. */
  #dispute(origin: Origin): void {
    const { environment } = this.#session
    if (this.#disputed.has(origin.member.id)) return
    this.#disputed.add(origin.member.id)
    environment.dropped.addFrom(origin.member.id, 'forward-disputed')
    environment.logger.warn(
      'A member signs other vehicle states than it sends; it is not forwarded any more.',
      {
        member: origin.member.id,
      },
    )
    this.#giveUp(origin, 'disputed')
  }

  #giveUp(origin: Origin, reason: ForwardRefusal): void {
    for (const askerId of [...origin.askers.keys()]) {
      this.#stop(origin, askerId)
      this.#refuse(askerId, origin.member.signKey, reason)
    }
  }

  #stop(origin: Origin, askerId: string): void {
    if (!origin.askers.delete(askerId)) return
    const ofAsker = this.#asked.get(askerId)
    ofAsker?.delete(origin)
    if (ofAsker?.size === 0) this.#asked.delete(askerId)
    if (origin.askers.size > 0) return
    const { member } = origin
    this.#origins.delete(member.id)
    const present = this.#session.peer(member.id)?.member
    if (present !== undefined && equalBytes(present.incarnation, member.incarnation)) {
      sendForward(this.#session, member.id, { type: 'digests', on: false })
    }
  }

  #refuse(askerId: string, origin: Uint8Array, reason: ForwardRefusal): void {
    sendForward(this.#session, askerId, { type: 'refused', origin, reason })
  }
}
