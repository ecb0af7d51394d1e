import { equalBytes, TokenBucket } from '../../core/index.ts'
import {
  isNeighbour,
  neighboursToAsk,
  type Peer,
  type RecordMember,
  type Session,
} from '../../session/index.ts'
import { incarnationTag, type Known } from '../codec/index.ts'
import type { ForwardedTimes, VehicleReceiver } from '../vehicleReceiver.ts'
import { maxCanonicalBytes, writeCanonical } from './canonicalUpdate.ts'
import {
  askAfterMs,
  forwardEveryMs,
  forwarderPatienceMs,
  longestRefusalMs,
  refusalMs,
  unprovedAtMost,
  unprovedRefusalMs,
} from './constants.ts'
import type { Digest } from './digest.ts'
import { sendForward } from './forwardMessages.ts'
import { ForwardDecoder, type ForwardedUpdate } from './forwardPayload.ts'
import { SampleProofs, type Proof } from './sampleProofs.ts'

/** What came of one member's vehicle through others so far. */
export interface ForwardedMember {
  readonly memberId: string
  /** Who forwards it right now; undefined while nothing comes that way. */
  readonly via: string | undefined
  /** Samples taken. */
  readonly updates: number
  /** Of these, how many the member signed; only the forwarder vouches for; the member signed otherwise. */
  readonly proved: number
  readonly unproved: number
  readonly forged: number
}

/** A member that this one may need others for. */
interface Origin {
  readonly member: RecordMember
  readonly counts: Record<Proof, number>
  readonly proofs: SampleProofs
  /** What is taken of it: twice what a forwarder sends. */
  readonly budget: TokenBucket
  /** Who is not asked for now: until when, and how long the next time. */
  readonly refusals: Map<string, { until: number; nextMs: number }>
  updates: number
  /** Time of the newest, as in its update; −1 for none from this forwarder. */
  ticks: number
  /** When the newest digest of it was signed. */
  digestIssuedAt: number
  unprovedInARow: number
  /** Since when its link carries nothing; undefined while it does. */
  missedSince: number | undefined
  forwarderId: string | undefined
  /** When the forwarder was asked, or brought news for the last time. */
  heardAt: number
  hearing: boolean
}

/** Has neighbours forward the vehicles of members that this one has no working link to ([FWD-1], [FWD-2]). */
export class Reception {
  readonly #session: Session
  readonly #vehicles: VehicleReceiver
  readonly #origins = new Map<string, Origin>()
  /** Members caught forging: not asked again. */
  readonly #forgers = new Set<string>()
  readonly #decoder = new ForwardDecoder()
  readonly #canonical = new Uint8Array(maxCanonicalBytes)

  constructor(session: Session, vehicles: VehicleReceiver) {
    this.#session = session
    this.#vehicles = vehicles
  }

  get stats(): ForwardedMember[] {
    return [...this.#origins.values()]
      .filter(({ updates, hearing }) => updates > 0 || hearing)
      .map(({ member, counts, updates, hearing, forwarderId }) => ({
        memberId: member.id,
        via: hearing ? forwarderId : undefined,
        updates,
        ...counts,
      }))
  }

  /** Asks where something is missing, and no longer where it is not. */
  review(now: number): void {
    for (const peer of this.#session.peers())
      if (peer.member.vehicleClass !== null) this.#reviewPeer(peer, now)
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.#origins.delete(memberId)
  }

  /** A neighbour does not forward a member, or no longer. */
  refused(forwarderId: string, originKey: Uint8Array, now: number): void {
    const origin = [...this.#origins.values()].find(({ member }) => equalBytes(member.signKey, originKey))
    if (origin?.forwarderId !== forwarderId) return
    this.#refuse(origin, forwarderId, now)
    this.#leave(origin)
    this.review(now)
  }

  /** Takes a state payload of forwarded vehicles. Never throws. */
  receive(
    forwarder: RecordMember,
    payload: Uint8Array,
    sentAt: number,
    receivedAt: number,
    clockOffset: number | undefined,
  ): void {
    const { dropped } = this.#session.environment
    if (!this.#decoder.open(payload)) return dropped.addFrom(forwarder.id, 'forward-malformed')
    // Until the offset is known, it is taken to have come in no time.
    const times = { sentAt: clockOffset === undefined ? receivedAt : sentAt + clockOffset, receivedAt }
    this.#decoder.forEach(payload, (forwarded) => {
      const origin = this.#originOf(forwarded)
      if (origin === undefined) return dropped.addFrom(forwarder.id, 'forward-unknown-member')
      if (origin.forwarderId !== forwarder.id) return dropped.addFrom(forwarder.id, 'forward-unasked')
      if (!origin.budget.tryTake()) return dropped.addFrom(forwarder.id, 'forward-rate')
      this.#take(origin, forwarded.update, { ...times, sampledAt: times.sentAt - forwarded.ageMs })
    })
  }

  /** Whether `forwarderId` was asked for `memberId`, so that its digests count. */
  awaits(memberId: string, forwarderId: string): boolean {
    return this.#origins.get(memberId)?.forwarderId === forwarderId
  }

  /** Takes a digest that `forwarderId` passed on; it may have been replaced meanwhile. */
  takeDigest(memberId: string, forwarderId: string, digest: Digest): void {
    const origin = this.#origins.get(memberId)
    if (origin === undefined || !this.awaits(memberId, forwarderId)) return
    origin.proofs.addDigest(digest)
    if (digest.issuedAt <= origin.digestIssuedAt) return
    origin.digestIssuedAt = digest.issuedAt
    // The vehicle is parked: its driver still sends what was taken last.
    if ((digest.to & 0xffffff) === origin.ticks) origin.heardAt = this.#session.environment.clock.now()
  }

  #reviewPeer(peer: Peer, now: number): void {
    const origin = this.#originFor(peer.member)
    if (isNeighbour(peer)) {
      origin.missedSince = undefined
      this.#stop(origin)
    } else {
      origin.missedSince ??= now
      origin.proofs.expire(now)
      this.#seek(origin, peer, now)
    }
    origin.hearing &&= origin.forwarderId !== undefined && now - origin.heardAt < forwarderPatienceMs
    this.#session.roster.setForwarder(peer.member.id, origin.hearing ? origin.forwarderId : undefined)
  }

  #seek(origin: Origin, peer: Peer, now: number): void {
    const { forwarderId, missedSince = now } = origin
    const forwarder = forwarderId === undefined ? undefined : this.#session.peer(forwarderId)
    const serves =
      forwarder?.admitted === true &&
      now - origin.heardAt < forwarderPatienceMs &&
      !this.#forgers.has(forwarder.member.id) &&
      origin.unprovedInARow < unprovedAtMost
    if (serves && isNeighbour(forwarder)) return
    if (forwarderId === undefined && peer.presence === 'connecting' && now - missedSince < askAfterMs) return
    const next = this.#choose(origin, now)
    // Its link is suspect, but there is no better one.
    if (serves && next === undefined) return
    if (forwarderId !== undefined) {
      this.#ask(forwarderId, origin, false)
      if (!serves) this.#refuse(origin, forwarderId, now)
      this.#leave(origin)
    }
    if (next === undefined) return
    origin.forwarderId = next.member.id
    origin.heardAt = now
    this.#ask(next.member.id, origin, true)
  }

  #choose(origin: Origin, now: number): Peer | undefined {
    return neighboursToAsk(this.#session).find(
      ({ member: { id } }) =>
        id !== origin.forwarderId && !this.#forgers.has(id) && (origin.refusals.get(id)?.until ?? 0) <= now,
    )
  }

  #ask(forwarderId: string, { member }: Origin, on: boolean): void {
    sendForward(this.#session, forwarderId, { type: 'forward', origin: member.signKey, on })
  }

  #refuse(origin: Origin, forwarderId: string, now: number): void {
    const nextMs = origin.refusals.get(forwarderId)?.nextMs ?? refusalMs
    const forMs = origin.unprovedInARow < unprovedAtMost ? nextMs : unprovedRefusalMs
    origin.refusals.set(forwarderId, { until: now + forMs, nextMs: Math.min(2 * nextMs, longestRefusalMs) })
  }

  /** The member is heard on its own link. */
  #stop(origin: Origin): void {
    if (origin.forwarderId === undefined) return
    this.#ask(origin.forwarderId, origin, false)
    this.#leave(origin)
    origin.refusals.clear()
  }

  #leave(origin: Origin): void {
    origin.forwarderId = undefined
    origin.hearing = false
    origin.ticks = -1
    origin.proofs.reset()
    origin.unprovedInARow = 0
  }

  #originFor(member: RecordMember): Origin {
    const known = this.#origins.get(member.id)
    if (known?.member === member) return known
    const origin: Origin = {
      member,
      counts: { proved: 0, unproved: 0, forged: 0 },
      proofs: new SampleProofs((proof) => this.#judged(origin, proof)),
      budget: new TokenBucket(
        this.#session.environment.clock,
        2_000 / forwardEveryMs,
        2_000 / forwardEveryMs,
      ),
      refusals: new Map(),
      updates: 0,
      ticks: -1,
      digestIssuedAt: -Infinity,
      unprovedInARow: 0,
      missedSince: undefined,
      forwarderId: undefined,
      heardAt: 0,
      hearing: false,
    }
    this.#origins.set(member.id, origin)
    return origin
  }

  /** The origin that an update names: a member that is present, as the process that was admitted. */
  #originOf({ slot, tag }: Readonly<ForwardedUpdate>): Origin | undefined {
    for (const origin of this.#origins.values()) {
      const { member } = origin
      if (member.slot !== slot || incarnationTag(member.incarnation) !== tag) continue
      return this.#session.peer(member.id)?.member === member ? origin : undefined
    }
    return undefined
  }

  #take(origin: Origin, update: Known, times: ForwardedTimes): void {
    const { forwarderId } = origin
    if (forwarderId === undefined) return
    if (!this.#vehicles.receiveForwarded(origin.member.id, forwarderId, update, times)) return
    // The driver of a parked vehicle sends the same again; a forwarder that holds back what it sends would as well.
    if (update.ticks === origin.ticks) return
    origin.ticks = update.ticks
    origin.updates++
    origin.heardAt = times.receivedAt
    origin.refusals.delete(forwarderId)
    const bits = writeCanonical(this.#canonical, update.ticks, update.codes)
    const canonical = this.#canonical.subarray(0, (bits + 7) >>> 3)
    origin.proofs.addSample(update.ticks, canonical, times.receivedAt)
    // A sample that was found to be forged leaves nothing to show.
    if (origin.hearing || origin.forwarderId === undefined) return
    origin.hearing = true
    this.#session.roster.setForwarder(origin.member.id, forwarderId)
  }

  #judged(origin: Origin, proof: Proof): void {
    origin.counts[proof]++
    origin.unprovedInARow = proof === 'unproved' ? origin.unprovedInARow + 1 : 0
    const { forwarderId } = origin
    if (proof !== 'forged' || forwarderId === undefined) return
    // The next one that comes may be older than what was made up.
    this.#vehicles.forgetOrder(origin.member.id)
    if (this.#forgers.has(forwarderId)) return
    this.#forgers.add(forwarderId)
    const { dropped, logger } = this.#session.environment
    dropped.addFrom(forwarderId, 'forward-forged')
    logger.warn('A member forwarded a vehicle state that its driver never sent; it is not asked again.', {
      forwarder: forwarderId,
      origin: origin.member.id,
    })
  }
}
