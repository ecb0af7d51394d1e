import { ConvoyError } from '../../core/index.ts'
import {
  adaptEveryMs,
  datagramOverheadBytes,
  defaultUplinkKbps,
  defaultVehicleKbps,
  floorKbps,
  leastReserveBytes,
  maxVehicleKbps,
  minVehicleKbps,
  reserveMs,
  weightOfTier,
} from './constants.ts'
import { CongestionLimit, type CongestionCause, type CongestionSigns } from './congestionLimit.ts'
import type { InterestTier } from './interest.ts'
import type { SendBudget } from './sendBudget.ts'

/** What an {@link Uplink} watches of a link. */
export interface WatchedLink {
  quality(): CongestionSigns
}

/** What vehicles may take of the line, kilobits per second, payload and what is around it. */
export interface UplinkOptions {
  /** To each recipient (default 64). */
  vehicleKbps?: number | undefined
  /** To all together (default 1,000). */
  uplinkKbps?: number | undefined
}

/** The budgets of all recipients: each its own, which congestion shrinks, and all within the uplink. */
export class Uplink {
  readonly #vehicleKbps: number
  readonly #uplinkKbps: number
  readonly #budgets = new Map<WatchedLink, LinkBudget>()

  /** @throws ConvoyError `invalid-argument` for a number out of range. */
  constructor(options: UplinkOptions = {}) {
    this.#vehicleKbps = checked('vehicleKbps', options.vehicleKbps ?? defaultVehicleKbps)
    this.#uplinkKbps = checked('uplinkKbps', options.uplinkKbps ?? defaultUplinkKbps)
  }

  /** A new budget for what goes over `link`. */
  open(link: WatchedLink): LinkBudget {
    const budget = new LinkBudget(link, this.#vehicleKbps, this)
    this.#budgets.set(link, budget)
    return budget
  }

  close(link: WatchedLink): void {
    this.#budgets.delete(link)
  }

  /** The budget of `link`. */
  of(link: WatchedLink): LinkBudget | undefined {
    return this.#budgets.get(link)
  }

  /** Kilobits per second that fall to a recipient with this weight: the floor, and a share of what all floors leave. */
  shareOf(weight: number): number {
    let all = 0
    for (const budget of this.#budgets.values()) all += budget.weight
    const spare = Math.max(0, this.#uplinkKbps - this.#budgets.size * floorKbps)
    return floorKbps + (spare * weight) / Math.max(all, weight)
  }
}

/** {@link SendBudget} of one link: a bucket that fills at the rate in force. */
export class LinkBudget implements SendBudget {
  tier: InterestTier | undefined
  /** Kilobits per second in force, and sent of late. */
  kbps: number
  sentKbps = 0
  readonly #link: WatchedLink
  readonly #uplink: Uplink
  readonly #limit: CongestionLimit
  #reserve: number
  #filledAt = -Infinity
  #lookedAt = -Infinity
  #sentBytes = 0

  constructor(link: WatchedLink, kbps: number, uplink: Uplink) {
    this.kbps = kbps
    this.#link = link
    this.#uplink = uplink
    this.#limit = new CongestionLimit(kbps)
    this.#reserve = reserveOf(kbps)
  }

  get weight(): number {
    return weightOfTier[this.tier ?? 'unseen']
  }

  /** What of the way keeps it below what was set. */
  get cause(): CongestionCause {
    return this.#limit.cause
  }

  left(now: number, tier: InterestTier | undefined): number {
    this.tier = tier
    if (now - this.#lookedAt >= adaptEveryMs) this.#look(now)
    const most = reserveOf(this.kbps)
    const filled = this.#filledAt === -Infinity ? 0 : ((now - this.#filledAt) * this.kbps) / 8
    this.#reserve = Math.min(most, this.#reserve + filled)
    this.#filledAt = now
    return this.#reserve / most
  }

  spend(payloadBytes: number): void {
    const bytes = payloadBytes + datagramOverheadBytes
    this.#sentBytes += bytes
    // What keeps vehicles from fading is sent on credit; more of it than a reserve is forgiven.
    this.#reserve = Math.max(-reserveOf(this.kbps), this.#reserve - bytes)
  }

  #look(now: number): void {
    const elapsedMs = now - this.#lookedAt
    if (elapsedMs !== Infinity) {
      const kbps = (this.#sentBytes * 8) / elapsedMs
      this.sentKbps += (kbps - this.sentKbps) / 2
      this.#limit.look(this.#link.quality(), kbps)
    }
    this.#lookedAt = now
    this.#sentBytes = 0
    this.kbps = Math.max(floorKbps, Math.min(this.#limit.kbps, this.#uplink.shareOf(this.weight)))
  }
}

/** Bytes that may be sent at once. */
function reserveOf(kbps: number): number {
  return Math.max(leastReserveBytes, (kbps * reserveMs) / 8)
}

function checked(name: string, kbps: number): number {
  if (kbps >= minVehicleKbps && kbps <= maxVehicleKbps) return kbps
  throw new ConvoyError(
    'invalid-argument',
    `${name} must be ${minVehicleKbps} to ${maxVehicleKbps} kilobits per second.`,
  )
}
