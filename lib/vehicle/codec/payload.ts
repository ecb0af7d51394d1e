import type { SymbolCoder } from './symbols.ts'
import { residual } from './symbols.ts'

/**
 * The payload on a link's state channel that carries vehicles, docs/protocol/05-vehicle.md [VEH-1] to [VEH-8]: four bytes, then symbols.
 */

/** First byte of a state payload that carries vehicles. */
export const vehiclesPayloadKind = 1

/** Kind, incarnation tag (2 bytes), number. */
export const payloadHeaderBytes = 4

/** Index of the vehicle that the member itself drives. */
export const ownVehicleIndex = 0
/** Indices of vehicles, the own one included: more than the rules let a session have. */
export const vehicleIndices = 128
const indexBits = 7

/** Parts of 65,536: how likely each is. */
const wantsWhole = 256
const anyVehicle = 61_440
const oneMoreThanOwn = 8_192
const oneMore = 61_440
const nextIndex = 57_344
const whole = 1_024
const recent = 61_440
const sameTime = 53_248

/** Bits of a sample time that is at most {@link recentTicks} before sending, and of any other. */
const recentBits = 12
const anyTimeBits = 24
/** Just under 2^12 quarters of a millisecond, for clocks are read twice while sending. */
export const recentTicks = 4_000

/** How far baselines lie from the usual distance, which is that of the vehicle before. */
const backScale = 0.6

// Of this module's own, as engines compile those in, but look imported and exported ones up at each use.
const told = residual
const recently = recentTicks

/** Codes whether the sender wants whole updates, since it lacks a baseline. */
export function codeWantsWhole(coder: SymbolCoder, wants: boolean): boolean {
  return coder.choice(wants, wantsWhole)
}

/** Codes whether another vehicle follows; `count` are there already. */
export function codeMore(coder: SymbolCoder, more: boolean, count: number): boolean {
  return coder.choice(more, count === 0 ? anyVehicle : count === 1 ? oneMoreThanOwn : oneMore)
}

/** Codes a vehicle's index, which is more than that of the one before, or −1. */
export function codeIndex(coder: SymbolCoder, index: number, before: number): number {
  return coder.choice(index === before + 1, nextIndex) ? before + 1 : coder.bits(index, indexBits)
}

/** Codes how many payloads back the baseline is, 0 for none; `before` is that of the vehicle before. */
export function codeBack(coder: SymbolCoder, back: number, before: number): number {
  if (coder.choice(back === 0, whole)) return 0
  told.predicted = before
  told.scale = backScale
  return coder.residual(back)
}

/**
 * Codes when a vehicle was sampled, in ¼ ms modulo 2^24; `sentTicks` is when the datagram was sent, by the same clock
 * and in the same unit, and `before` the time of the vehicle before (−1 for none). An encoder needs no more of `sentTicks` than that it is about right.
 */
export function codeTime(coder: SymbolCoder, ticks: number, sentTicks: number, before: number): number {
  if (before >= 0 && coder.choice(ticks === before, sameTime)) return before
  if (!coder.choice(((sentTicks - ticks) & 0xffffff) <= recently, recent))
    return coder.bits(ticks, anyTimeBits)
  const low = coder.bits(ticks & (2 ** recentBits - 1), recentBits)
  return (sentTicks - ((sentTicks - low) & (2 ** recentBits - 1))) & 0xffffff
}

/**
 * The 16 bits of a member's incarnation id that go with its vehicles.
 * @param incarnation - 8 random bytes that name one process of a member.
 */
export function incarnationTag(incarnation: Uint8Array): number {
  return ((incarnation[0] ?? 0) << 8) | (incarnation[1] ?? 0)
}
