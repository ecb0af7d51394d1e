import type { BitReader, BitWriter } from '../../core/index.ts'
import {
  codeOf,
  codesPerTrailer,
  codesLength,
  codeWidths,
  isHidden,
  signedCode,
  type Codes,
} from './codes.ts'
import { startAnew, type Known } from './known.ts'
import { codeMotion } from './motion.ts'
import { residual, type SymbolCoder } from './symbols.ts'

/** The longest an update may be told against a baseline, ¼ ms: beyond two seconds a whole one is hardly longer. */
export const oldestBaselineTicks = 8_000

/** Parts of 65,536: how likely controls differ from the baseline's, and then each by itself. */
const controlsChange = 8_192
const flagsChange = 8_192

/** Usual differences of controls, in steps, and where they are: people press pedals, engines follow. */
const steeringScale = 3
const pedalScale = 4
const gearScale = 0.7
const rpmScale = 3

// Of this module's own, as engines compile those in, but look imported and exported ones up at each use.
const at = codeOf
const told = residual

/** Codes from the first up to this are the truck's; each trailer has its own after them. */
const truckCodes = at.trailers

/** Codes a whole update, [VEH-12]: each code in its full width, trailers not in use left out. */
export function codeWhole(coder: SymbolCoder, update: Known): void {
  const { codes } = update
  for (let index = 0; index < truckCodes; index++) codeAt(coder, codes, index)
  const end = at.trailers + (codes[at.trailerCount] ?? 0) * codesPerTrailer
  for (let index = truckCodes; index < end; index++) codeAt(coder, codes, index)
  codes.fill(0, end)
  startAnew(update)
}

function codeAt(coder: SymbolCoder, codes: Codes, index: number): void {
  codes[index] = signedCode(index, coder.bits(codes[index] ?? 0, codeWidths[index] ?? 1))
}

/** Whether an update with `codes`, sampled at `ticks`, can be told against `base`. */
export function serves(base: Known, codes: Codes, ticks: number): boolean {
  return (
    base.codes[at.trailerCount] === codes[at.trailerCount] &&
    ((ticks - base.ticks) & 0xffffff) <= oldestBaselineTicks &&
    isHidden(base.codes) === isHidden(codes)
  )
}

/**
 * Codes an update against `base`, sampled `ticks` (¼ ms) before it, [VEH-13]. Both have the same trailers. What is
 * decoded is to be checked with `areValid`.
 */
export function codeAgainst(coder: SymbolCoder, base: Known, update: Known, ticks: number): void {
  const { codes } = update
  codes[at.trailerCount] = base.codes[at.trailerCount] ?? 0
  codeControls(coder, base.codes, codes)
  codeMotion(coder, base, update, ticks)
  codes.fill(0, at.trailers + (codes[at.trailerCount] ?? 0) * codesPerTrailer)
}

function codeControls(coder: SymbolCoder, base: Codes, codes: Codes): void {
  if (!coder.choice(differ(base, codes), controlsChange)) {
    codes[at.steering] = base[at.steering] ?? 0
    codes[at.throttle] = base[at.throttle] ?? 0
    codes[at.brake] = base[at.brake] ?? 0
    codes[at.flags] = base[at.flags] ?? 0
    codes[at.gear] = base[at.gear] ?? 0
    codes[at.rpm] = base[at.rpm] ?? 0
    return
  }
  codeControl(coder, base, codes, at.steering, steeringScale)
  codeControl(coder, base, codes, at.throttle, pedalScale)
  codeControl(coder, base, codes, at.brake, pedalScale)
  if (coder.choice(base[at.flags] !== codes[at.flags], flagsChange)) {
    codeAt(coder, codes, at.flags)
  } else {
    codes[at.flags] = base[at.flags] ?? 0
  }
  codeControl(coder, base, codes, at.gear, gearScale)
  codeControl(coder, base, codes, at.rpm, rpmScale)
}

function codeControl(coder: SymbolCoder, base: Codes, codes: Codes, index: number, scale: number): void {
  told.predicted = base[index] ?? 0
  told.scale = scale
  codes[index] = coder.residual(codes[index] ?? 0)
}

/** Whether steering, pedals, flags, gear or engine speed differ. */
export function differ(a: Codes, b: Codes): boolean {
  return (
    a[at.steering] !== b[at.steering] ||
    a[at.throttle] !== b[at.throttle] ||
    a[at.brake] !== b[at.brake] ||
    a[at.flags] !== b[at.flags] ||
    a[at.gear] !== b[at.gear] ||
    a[at.rpm] !== b[at.rpm]
  )
}

/** Bits of the codes of a truck without trailers, and of each trailer. */
export const truckBits = sum(0, truckCodes)
export const trailerBits = sum(truckCodes, truckCodes + codesPerTrailer)

/** Bytes of the largest vehicle state in {@link writeCodes}. */
export const maxCodesBytes = Math.ceil(sum(0, codesLength) / 8)

/** Writes `codes` as they are, [VEH-11]: what is signed and forwarded, since it is the same for all who hold it. */
export function writeCodes(writer: BitWriter, codes: Codes): void {
  const end = at.trailers + (codes[at.trailerCount] ?? 0) * codesPerTrailer
  for (let index = 0; index < end; index++) writer.write(codes[index] ?? 0, codeWidths[index] ?? 1)
}

/** Reads what {@link writeCodes} wrote; to be checked with `areValid`. False when the input ends early. */
export function readCodes(reader: BitReader, codes: Codes): boolean {
  codes.fill(0)
  for (let index = 0; index < truckCodes; index++) {
    codes[index] = signedCode(index, reader.read(codeWidths[index] ?? 1))
  }
  const end = at.trailers + (codes[at.trailerCount] ?? 0) * codesPerTrailer
  for (let index = truckCodes; index < end; index++) {
    codes[index] = signedCode(index, reader.read(codeWidths[index] ?? 1))
  }
  return !reader.overrun
}

function sum(from: number, to: number): number {
  return codeWidths.slice(from, to).reduce((total, width) => total + width, 0)
}
