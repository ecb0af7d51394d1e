import type { LinkQuality } from '../../rtc/index.ts'
import {
  adaptEveryMs,
  decreaseShare,
  deepQueue,
  floorKbps,
  foreignQueueMs,
  increaseKbpsPerSecond,
  queueTargetMs,
  tcpPacketBytes,
} from './constants.ts'

/** What holds a budget below what was set: a queue on the way, or loss. */
export type CongestionCause = 'none' | 'queue' | 'loss'

/** What of a link tells of congestion. */
export type CongestionSigns = Pick<
  LinkQuality,
  'rttMs' | 'lossOut' | 'queueOutMs' | 'datagramsBacklogged' | 'datagramsSent'
>

/** Share of the busiest rate of late that is kept from one look to the next: a pause must not count as a limit. */
const peakKept = 0.9

/** Looks between two decreases: the queue has to drain before it can be seen whether one was enough. */
const looksPerDecrease = 2

/** Share of a budget from which it is in the way of what is to be sent. */
const bindingShare = 0.7

/** Datagrams before loss counts: of a handful one lost is a quarter. */
const fewestDatagrams = 64

/**
 * How much a link bears, learnt from how it does: less at once when datagrams queue up, in the engine or on the way, and
 * slowly more again (the pattern that RFC 8085 asks of UDP); under loss no more than TCP would take (RFC 5348, RFC 4828).
 */
export class CongestionLimit {
  cause: CongestionCause = 'none'
  readonly #most: number
  #kbps: number
  #queueKbps: number
  #peakKbps = 0
  #backlogged = 0
  #looksToWait = 0
  /** Milliseconds at the floor with a queue that stays, and how long a queue is put up with since. */
  #floorMs = 0
  #foreignMs = 0

  /** @param most - kilobits per second without any congestion. */
  constructor(most: number) {
    this.#most = this.#kbps = this.#queueKbps = most
  }

  get kbps(): number {
    return this.#kbps
  }

  /** Takes in how the link does, every `adaptEveryMs`, and what was sent since the last time, kbps. */
  look(signs: CongestionSigns, sentKbps: number): void {
    this.#peakKbps = Math.max(sentKbps, this.#peakKbps * peakKept)
    const backlogged = signs.datagramsBacklogged > this.#backlogged
    this.#backlogged = signs.datagramsBacklogged
    if (this.#looksToWait > 0) this.#looksToWait--
    const queueMs = this.#ownQueue(signs.queueOutMs)
    if (!backlogged && queueMs <= queueTargetMs) {
      this.#queueKbps = Math.min(this.#most, this.#queueKbps + (increaseKbpsPerSecond * adaptEveryMs) / 1_000)
    } else if (this.#looksToWait === 0) {
      this.#queueKbps = Math.max(floorKbps, Math.min(this.#queueKbps, this.#peakKbps) * decreaseShare)
      this.#looksToWait = queueMs > deepQueue * queueTargetMs ? 0 : looksPerDecrease
    }
    const lossKbps = signs.datagramsSent < fewestDatagrams ? Infinity : tcpKbps(signs.rttMs, signs.lossOut)
    this.#kbps = Math.max(floorKbps, Math.min(this.#queueKbps, lossKbps))
    const binds = this.#kbps < this.#most && this.#peakKbps >= this.#kbps * bindingShare
    if (!binds) this.cause = 'none'
    else this.cause = lossKbps < this.#queueKbps ? 'loss' : 'queue'
  }

  /** What of a queue counts: one that stays although next to nothing is sent here is put up with. */
  #ownQueue(queueMs: number): number {
    this.#foreignMs = Math.min(this.#foreignMs, queueMs)
    const stays = this.#queueKbps <= floorKbps && queueMs - this.#foreignMs > queueTargetMs
    this.#floorMs = stays ? this.#floorMs + adaptEveryMs : 0
    if (this.#floorMs >= foreignQueueMs) this.#foreignMs = queueMs
    return queueMs - this.#foreignMs
  }
}

/**
 * Kilobits per second that TCP would get: the throughput equation of RFC 5348 section 3.1 with t_RTO = 4 R and b = 1.
 * @param loss - share of datagrams lost; stands in for the loss event rate, which is at most as high.
 */
export function tcpKbps(rttMs: number | undefined, loss: number): number {
  if (rttMs === undefined || rttMs === 0 || loss === 0) return Infinity
  const seconds = rttMs / 1_000
  const perPacket =
    seconds * Math.sqrt((2 * loss) / 3) +
    4 * seconds * 3 * Math.sqrt((3 * loss) / 8) * loss * (1 + 32 * loss * loss)
  return (tcpPacketBytes * 8) / 1_000 / perPacket
}
