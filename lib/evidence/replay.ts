import { emptyVehicleState, type VehicleState } from '../protocol/index.ts'
import { distanceBetween, emptyKnown, isPlaced, Playout, quantise } from '../vehicle/index.ts'
import type { EvidenceProof, ExaminedMember, ExaminedReport, ExaminedSample } from './examine.ts'

/** Gap between two pictures of the replay, ms: at 90 km/h a truck drives 1.25 m meanwhile. */
const frameMs = 50

/** Deceleration that counts as hard braking, m/s², and the time over which it is measured, ms: trucks brake to about −2.7. */
const hardBraking = 5
const brakingMs = 400

/** Acceleration that no truck has over a second, m/s²; slower than −9 the tyres don't allow either. */
const mostPulling = 4
const mostBraking = 9
const accelerationMs = 1_000

/** Metres beside where its speed takes a vehicle that count as a jump, and m/s² that explain more. */
const jumpSlack = 5
const jumpAcceleration = 20

/** Metres between reference points within which two trucks may touch, and beyond which nobody is near. */
const touchingMetres = 6
const nearMetres = 60

/** Gap between two notes of the same kind about the same vehicle, ms. */
const noteGapMs = 2_000

/** Something that happened in a clip. */
export type Happening = {
  /** Milliseconds after the clip begins. */
  readonly atMs: number
  /** Names of the members that it is about; with the beginning of the id where two have the same. */
  readonly who: readonly string[]
  readonly proof: EvidenceProof
} & (
  | { readonly type: 'braked'; readonly metresPerSecondSquared: number; readonly kmh: number }
  | { readonly type: 'jumped'; readonly metres: number; readonly ms: number }
  | { readonly type: 'accelerated'; readonly metresPerSecondSquared: number }
  /** The nearest that two vehicles came while they were near each other. */
  | {
      readonly type: 'approached'
      readonly metres: number
      readonly closingKmh: number
      readonly mayTouch: boolean
    }
  | {
      readonly type: 'said'
      readonly channel: string
      readonly text: string | undefined
      readonly bytes: number
    }
)

/** A vehicle as it was shown at a second of the clip. */
export interface ReplayedVehicle {
  readonly who: string
  readonly role: ExaminedMember['role']
  readonly x: number
  readonly y: number
  readonly z: number
  readonly kmh: number
  /** Samples of this second. */
  readonly proofs: Readonly<Record<EvidenceProof, number>>
}

/** One second of a clip. */
export interface ReplayedSecond {
  readonly second: number
  readonly vehicles: readonly ReplayedVehicle[]
}

/** What a clip shows. */
export interface ReportReplay {
  readonly seconds: readonly ReplayedSecond[]
  /** In the order of time. */
  readonly happenings: readonly Happening[]
}

/**
 * Plays a clip back through the playout that the reporter's program had, in simulated time, and notes what happens
 * ([EVD-9]).
 */
export function replayReport(report: ExaminedReport): ReportReplay {
  const members = withOwnNames(report.members)
  const actors = members.filter(({ samples }) => samples.length > 0).map((member) => new Actor(member))
  const happenings: Happening[] = actors.flatMap(({ member }) => [...movesOf(member)])
  for (const member of members) {
    for (const { atMs, channel, text, bytes, proof } of member.messages)
      happenings.push({ type: 'said', atMs, who: [member.name], proof, channel, text, bytes })
  }
  const pairs = pairsOf(actors)
  const seconds: ReplayedSecond[] = []
  for (let frame = 0; frame * frameMs <= report.clipMs; frame++) {
    const now = frame * frameMs
    for (const actor of actors) actor.playTo(now)
    for (const pair of pairs) pair.look(now, happenings)
    if (now % 1_000 === 0)
      seconds.push({ second: now / 1_000, vehicles: actors.flatMap((actor) => actor.at(now)) })
  }
  for (const pair of pairs) pair.end(happenings)
  happenings.sort((a, b) => a.atMs - b.atMs)
  return { seconds, happenings }
}

/** Anybody may take the name of another. */
function withOwnNames(members: readonly ExaminedMember[]): ExaminedMember[] {
  return members.map((member) => {
    const namesakes = members.filter(({ id, name }) => name === member.name && id !== member.id)
    return namesakes.length === 0 ? member : { ...member, name: `${member.name} (${member.id.slice(0, 8)})` }
  })
}

/** A vehicle on stage. */
class Actor {
  readonly member: ExaminedMember
  readonly state: VehicleState = emptyVehicleState()
  isShown = false
  // That a parked vehicle was told of again is not in the clip.
  readonly #playout = new Playout({ fades: false })
  readonly #known = emptyKnown()
  #next = 0

  constructor(member: ExaminedMember) {
    this.member = member
  }

  /** Takes what arrived until `now`, and shows what the reporter saw then. */
  playTo(now: number): void {
    const { samples } = this.member
    for (;;) {
      const sample = samples[this.#next]
      if (sample === undefined || sample.atMs + sample.delayMs > now) break
      this.#next++
      quantise(sample.state, this.#known.codes)
      const receivedAt = sample.atMs + sample.delayMs
      // On the reporter's clock throughout: how long it was under way is part of when it arrived.
      this.#playout.receive(this.#known, { sampledAt: sample.atMs, sentAt: receivedAt }, receivedAt, 0)
    }
    this.isShown = this.#playout.sample(now, this.state)
  }

  at(now: number): ReplayedVehicle[] {
    const { name, role, samples } = this.member
    const proofs = { proved: 0, word: 0, altered: 0 }
    for (const { atMs, proof } of samples) if (atMs >= now && atMs < now + 1_000) proofs[proof]++
    if (!this.isShown && proofs.proved + proofs.word + proofs.altered === 0) return []
    const { x, y, z } = this.state
    return [{ who: name, role, x, y, z, kmh: kmhOf(this.state), proofs }]
  }

  /** The least that is known of what it did around `now`. */
  proofAt(now: number): EvidenceProof {
    const around = this.member.samples.filter(({ atMs }) => Math.abs(atMs - now) < 500)
    return leastOf(around)
  }
}

/** Two vehicles, of which one is the subject's, and how near they come. */
class Pair {
  readonly #a: Actor
  readonly #b: Actor
  #metresBefore = Infinity
  #nearest: { atMs: number; metres: number; closingKmh: number } | undefined
  #closest = 0

  constructor(a: Actor, b: Actor) {
    this.#a = a
    this.#b = b
  }

  look(now: number, happenings: Happening[]): void {
    if (!this.#a.isShown || !this.#b.isShown) return
    const metres = distanceBetween(this.#a.state, this.#b.state)
    const closing = Number.isFinite(this.#metresBefore)
      ? ((this.#metresBefore - metres) * 1_000) / frameMs
      : 0
    this.#metresBefore = metres
    this.#closest = Math.max(this.#closest * 0.98, closing)
    if (metres > nearMetres) return this.end(happenings)
    if (metres < (this.#nearest?.metres ?? Infinity))
      this.#nearest = { atMs: now, metres, closingKmh: this.#closest * 3.6 }
  }

  end(happenings: Happening[]): void {
    if (this.#nearest === undefined) return
    const { atMs, metres, closingKmh } = this.#nearest
    happenings.push({
      type: 'approached',
      atMs,
      who: [this.#a.member.name, this.#b.member.name],
      proof: worse(this.#a.proofAt(atMs), this.#b.proofAt(atMs)),
      metres,
      closingKmh,
      mayTouch: metres < touchingMetres,
    })
    this.#nearest = undefined
    this.#closest = 0
  }
}

function pairsOf(actors: readonly Actor[]): Pair[] {
  const subjects = actors.filter(({ member }) => member.role === 'subject')
  return subjects.flatMap((subject) =>
    actors.filter(({ member }) => member.role !== 'subject').map((other) => new Pair(subject, other)),
  )
}

/** Braking, jumps and accelerations of a vehicle, from its samples. */
function* movesOf({ name, samples }: ExaminedMember): Generator<Happening> {
  const noted = { braked: -Infinity, jumped: -Infinity, accelerated: -Infinity }
  const isNew = (type: keyof typeof noted, atMs: number): boolean => {
    const isFirst = atMs - noted[type] >= noteGapMs
    if (isFirst) noted[type] = atMs
    return isFirst
  }
  const placed = samples.filter(({ state }) => isPlaced(state))
  for (const [index, sample] of placed.entries()) {
    const { atMs, state } = sample
    const before = placed[index - 1]
    if (before !== undefined) {
      const ms = atMs - before.atMs
      const metres = distanceBetween(before.state, state)
      const explained =
        jumpSlack +
        (Math.max(speedOf(before.state), speedOf(state)) * ms) / 1_000 +
        (jumpAcceleration * (ms / 1_000) ** 2) / 2
      if (metres > explained && isNew('jumped', atMs))
        yield { type: 'jumped', atMs, who: [name], proof: leastOf([before, sample]), metres, ms }
    }
    const braking = changeOver(placed, index, brakingMs)
    if (braking !== undefined && braking.acceleration < -hardBraking && isNew('braked', atMs)) {
      yield {
        type: 'braked',
        atMs,
        who: [name],
        proof: braking.proof,
        metresPerSecondSquared: braking.acceleration,
        kmh: speedOf(braking.from.state) * 3.6,
      }
    }
    const change = changeOver(placed, index, accelerationMs)
    if (change === undefined) continue
    const { acceleration, proof } = change
    if ((acceleration > mostPulling || acceleration < -mostBraking) && isNew('accelerated', atMs))
      yield { type: 'accelerated', atMs, who: [name], proof, metresPerSecondSquared: acceleration }
  }
}

/** How the speed changed until a sample, over at least so long. */
function changeOver(
  samples: readonly ExaminedSample[],
  index: number,
  ms: number,
): { acceleration: number; from: ExaminedSample; proof: EvidenceProof } | undefined {
  const to = samples[index]
  let first = index
  while (to !== undefined && first >= 0 && to.atMs - (samples[first]?.atMs ?? 0) < ms) first--
  const from = samples[first]
  // What lies far back says nothing of now.
  if (to === undefined || from === undefined || to.atMs - from.atMs > 2 * ms) return undefined
  const acceleration = ((speedOf(to.state) - speedOf(from.state)) * 1_000) / (to.atMs - from.atMs)
  return { acceleration, from, proof: leastOf(samples.slice(first, index + 1)) }
}

function leastOf(samples: readonly Pick<ExaminedSample, 'proof'>[]): EvidenceProof {
  return samples.reduce<EvidenceProof>((least, { proof }) => worse(least, proof), 'proved')
}

function worse(a: EvidenceProof, b: EvidenceProof): EvidenceProof {
  if (a === 'altered' || b === 'altered') return 'altered'
  return a === 'word' || b === 'word' ? 'word' : 'proved'
}

function speedOf({ velocityX, velocityY, velocityZ }: Readonly<VehicleState>): number {
  return Math.hypot(velocityX, velocityY, velocityZ)
}

function kmhOf(state: Readonly<VehicleState>): number {
  return speedOf(state) * 3.6
}
