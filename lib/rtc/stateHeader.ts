import { linkVersion } from './constants.ts'

/** Bytes of the header in front of every payload on a state channel. */
export const stateHeaderLength = 19

/** Flags in the low four bits of the first byte. */
export const stateFlags = {
  /** A payload follows; without it the datagram is a heartbeat. */
  payload: 1,
  /** The fields about what was received hold something. */
  echo: 2,
  /** The receiver answers at once. */
  probe: 4,
  /** The sender closes the link. */
  close: 8,
} as const

/** Times in the header count quarters of a millisecond, modulo 2^24: about 70 minutes. */
export const ticksPerMs = 4
export const tickModulus = 2 ** 24

/** The largest hold the header can tell; it stands for any longer one. */
export const holdSaturated = 0xffff

/**
 * Header of a datagram, [LNK-10]. Mutable and reused: the hot path allocates nothing.
 *
 * | byte | field |
 * |---|---|
 * | 0 | version (4 bits), flags (4 bits) |
 * | 1 | sequence (16) |
 * | 3 | send time, sender's clock (24) |
 * | 6 | echo: send time of the newest datagram received (24) |
 * | 9 | hold: from receiving that one to sending this (16) |
 * | 11 | newest sequence received (16) |
 * | 13 | arrivals: bit n stands for the sequence n + 1 before the newest (32) |
 * | 17 | control messages received, modulo 2^16 (16) |
 */
export interface StateHeader {
  flags: number
  sequence: number
  sentTicks: number
  echoTicks: number
  holdTicks: number
  newest: number
  arrivals: number
  controlReceived: number
}

/** A header with everything zero. */
export function emptyStateHeader(): StateHeader {
  return {
    flags: 0,
    sequence: 0,
    sentTicks: 0,
    echoTicks: 0,
    holdTicks: 0,
    newest: 0,
    arrivals: 0,
    controlReceived: 0,
  }
}

/** Writes `header` to the first bytes of `into`. */
export function writeStateHeader(header: StateHeader, into: Uint8Array): void {
  into[0] = (linkVersion << 4) | header.flags
  into[1] = header.sequence >>> 8
  into[2] = header.sequence
  into[3] = header.sentTicks >>> 16
  into[4] = header.sentTicks >>> 8
  into[5] = header.sentTicks
  into[6] = header.echoTicks >>> 16
  into[7] = header.echoTicks >>> 8
  into[8] = header.echoTicks
  into[9] = header.holdTicks >>> 8
  into[10] = header.holdTicks
  into[11] = header.newest >>> 8
  into[12] = header.newest
  into[13] = header.arrivals >>> 24
  into[14] = header.arrivals >>> 16
  into[15] = header.arrivals >>> 8
  into[16] = header.arrivals
  into[17] = header.controlReceived >>> 8
  into[18] = header.controlReceived
}

/**
 * Reads the header of `datagram`, at least {@link stateHeaderLength} long, into `header`.
 * @returns why it is to be dropped, if so.
 */
export function readStateHeader(
  datagram: Uint8Array,
  header: StateHeader,
): 'version' | 'malformed' | undefined {
  const first = byteAt(datagram, 0)
  if (first >>> 4 !== linkVersion) return 'version'
  header.flags = first & 15
  if ((header.flags & stateFlags.payload) === 0 && datagram.length !== stateHeaderLength) return 'malformed'
  header.sequence = wordAt(datagram, 1)
  header.sentTicks = (wordAt(datagram, 3) << 8) | byteAt(datagram, 5)
  header.echoTicks = (wordAt(datagram, 6) << 8) | byteAt(datagram, 8)
  header.holdTicks = wordAt(datagram, 9)
  header.newest = wordAt(datagram, 11)
  header.arrivals = ((wordAt(datagram, 13) << 16) | wordAt(datagram, 15)) >>> 0
  header.controlReceived = wordAt(datagram, 17)
  return undefined
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

function wordAt(bytes: Uint8Array, index: number): number {
  return (byteAt(bytes, index) << 8) | byteAt(bytes, index + 1)
}

/** The time `ms` in ticks of the header. */
export function toTicks(ms: number): number {
  return Math.floor(ms * ticksPerMs) % tickModulus
}

/** How far tick `a` lies after tick `b` on the shorter way round, −2^23…2^23 − 1. */
export function ticksAfter(a: number, b: number): number {
  const difference = (a - b) & (tickModulus - 1)
  return difference >= tickModulus / 2 ? difference - tickModulus : difference
}

/** How far sequence `a` lies after `b` on the shorter way round, −32,768…32,767. */
export function sequenceAfter(a: number, b: number): number {
  return ((a - b) << 16) >> 16
}
