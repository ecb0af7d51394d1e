import type { LinkState } from '../rtc/index.ts'
import type { CongestionCause } from '../vehicle/index.ts'

/** How well a connection serves driving: `broken` means that nothing comes through right now. */
export type QualityLevel = 'good' | 'fair' | 'poor' | 'broken'

/** A level, and what to do about it in words for a player. */
export interface Quality {
  readonly level: QualityLevel
  readonly advice: string
}

/** What a level is judged by. */
export interface QualityMeasures {
  readonly state: LinkState
  readonly rttMs: number | undefined
  readonly jitterMs: number
  readonly lossIn: number
  readonly lossOut: number
  /** What holds back the vehicles that are sent to the other side. */
  readonly congestion: CongestionCause
}

type Cause = 'congestion' | 'rtt' | 'jitter' | 'loss'

/** Beyond `good` a connection is fair, beyond `fair` it is poor. */
interface Threshold {
  readonly good: number
  readonly fair: number
}

/**
 * Round trip, ms. Up to 150 prediction is off by centimetres on the road; beyond 300 braking ahead shows so late that
 * driving close is not safe.
 */
const rttThreshold: Threshold = { good: 150, fair: 300 }

/** Mean deviation of the round trip, ms: a fifth and half of a period at 10 updates a second. */
const jitterThreshold: Threshold = { good: 20, fair: 50 }

/** Share of datagrams lost. At 3 % two in a row are lost every other minute at 10 a second; at 10 % every ten seconds. */
const lossThreshold: Threshold = { good: 0.03, fair: 0.1 }

const levels: readonly QualityLevel[] = ['good', 'fair', 'poor', 'broken']

const adviceFor: Readonly<Record<Cause, string>> = {
  congestion:
    'The line is full, so others see your truck less precisely for now. Pause uploads on this network, or set a lower vehicleKbps.',
  loss: 'Data gets lost on the way. Use a cable instead of Wi-Fi, or move closer to the router.',
  jitter: 'The delay varies a lot. Pause downloads and video on this network.',
  rtt: 'It takes long to get through. Keep more distance; if it is not far, switch off a VPN.',
}

/** Where no connection carries anything, but another member forwards what would cross it. */
export const forwardedQuality: Quality = {
  level: 'fair',
  advice: 'There is no direct connection, so another member forwards. A TURN server would get one through.',
}

/** How well one connection does: its worst measure decides. */
export function qualityOf(measures: QualityMeasures): Quality {
  const { state, rttMs = 0, jitterMs, lossIn, lossOut } = measures
  if (state !== 'open') {
    return { level: 'broken', advice: 'Nothing comes through right now. It is being tried again.' }
  }
  const loss = Math.max(lossIn, lossOut)
  const judged: readonly (readonly [Cause, QualityLevel])[] = [
    ['loss', levelWithin(lossThreshold, loss)],
    ['congestion', measures.congestion === 'none' ? 'good' : 'fair'],
    ['jitter', levelWithin(jitterThreshold, jitterMs)],
    ['rtt', levelWithin(rttThreshold, rttMs)],
  ]
  const level = worst(judged.map(([, each]) => each))
  const worstCause = judged.find(([, each]) => each === level)?.[0]
  if (level === 'good' || worstCause === undefined) return { level, advice: 'All is well.' }
  // A queue is what makes it take long, and longer at times.
  const cause = measures.congestion === 'queue' && worstCause !== 'loss' ? 'congestion' : worstCause
  return { level, advice: adviceFor[cause] }
}

/**
 * How well a convoy does. It is the level that at least half of the connections are at or below: a single bad
 * one is the other side's, and makes all of it fair at the least.
 * @param links - of all other members; `broken` where there is no link.
 */
export function overallQuality(links: readonly Quality[]): Quality {
  if (links.length === 0) return { level: 'good', advice: 'Nobody else is here yet.' }
  const sorted = [...links].sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level))
  const typical = sorted[Math.ceil(sorted.length / 2) - 1] as Quality
  const bad = links.filter(({ level }) => level === 'poor' || level === 'broken').length
  if (typical.level === 'broken') {
    const advice =
      links.length === 1 ? typical.advice : 'Most of the others are out of reach. Check your own connection.'
    return { level: 'broken', advice }
  }
  if (typical.level === 'poor' || bad === 0) return typical
  return {
    level: 'fair',
    advice: `${bad} of ${links.length} connections ${bad === 1 ? 'is' : 'are'} bad, the others are not: it is not yours.`,
  }
}

const levelWithin = ({ good, fair }: Threshold, value: number): QualityLevel =>
  value <= good ? 'good' : value <= fair ? 'fair' : 'poor'

function worst(all: readonly QualityLevel[]): QualityLevel {
  return all.reduce((a, b) => (levels.indexOf(b) > levels.indexOf(a) ? b : a), 'good')
}
