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

/** What the driver's hands and feet do, and what the engine makes of it. */
const controls = [
  codeOf.steering,
  codeOf.throttle,
  codeOf.brake,
  codeOf.flags,
  codeOf.gear,
  codeOf.rpm,
] as const

/** Codes from the first up to this are the truck's; each trailer has its own after them. */
const truckCodes = codeOf.trailers

/** Codes a whole update, [VEH-12]: each code in its full width, trailers not in use left out. */
export function codeWhole(coder: SymbolCoder, update: Known): void {
  const { codes } = update
  for (let index = 0; index < truckCodes; index++) codeAt(coder, codes, index)
  const end = codeOf.trailers + (codes[codeOf.trailerCount] ?? 0) * codesPerTrailer
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
    base.codes[codeOf.trailerCount] === codes[codeOf.trailerCount] &&
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
  codes[codeOf.trailerCount] = base.codes[codeOf.trailerCount] ?? 0
  codeControls(coder, base.codes, codes)
  codeMotion(coder, base, update, ticks)
  codes.fill(0, codeOf.trailers + (codes[codeOf.trailerCount] ?? 0) * codesPerTrailer)
}

function codeControls(coder: SymbolCoder, base: Codes, codes: Codes): void {
  if (!coder.choice(differ(base, codes), controlsChange)) {
    for (const index of controls) codes[index] = base[index] ?? 0
    return
  }
  codeControl(coder, base, codes, codeOf.steering, steeringScale)
  codeControl(coder, base, codes, codeOf.throttle, pedalScale)
  codeControl(coder, base, codes, codeOf.brake, pedalScale)
  if (coder.choice(base[codeOf.flags] !== codes[codeOf.flags], flagsChange)) {
    codeAt(coder, codes, codeOf.flags)
  } else {
    codes[codeOf.flags] = base[codeOf.flags] ?? 0
  }
  codeControl(coder, base, codes, codeOf.gear, gearScale)
  codeControl(coder, base, codes, codeOf.rpm, rpmScale)
}

function codeControl(coder: SymbolCoder, base: Codes, codes: Codes, index: number, scale: number): void {
  residual.predicted = base[index] ?? 0
  residual.scale = scale
  codes[index] = coder.residual(codes[index] ?? 0)
}

/** Whether steering, pedals, flags, gear or engine speed differ. */
export function differ(a: Codes, b: Codes): boolean {
  for (const index of controls) if (a[index] !== b[index]) return true
  return false
}

/** Bits of the codes of a truck without trailers, and of each trailer. */
export const truckBits = sum(0, truckCodes)
export const trailerBits = sum(truckCodes, truckCodes + codesPerTrailer)

/** Bytes of the largest vehicle state in {@link writeCodes}. */
export const maxCodesBytes = Math.ceil(sum(0, codesLength) / 8)

/** Writes `codes` as they are, [VEH-11]: what is signed and forwarded, since it is the same for all who hold it. */
export function writeCodes(writer: BitWriter, codes: Codes): void {
  const end = codeOf.trailers + (codes[codeOf.trailerCount] ?? 0) * codesPerTrailer
  for (let index = 0; index < end; index++) writer.write(codes[index] ?? 0, codeWidths[index] ?? 1)
}

/** Reads what {@link writeCodes} wrote; to be checked with `areValid`. False when the input ends early. */
export function readCodes(reader: BitReader, codes: Codes): boolean {
  codes.fill(0)
  for (let index = 0; index < truckCodes; index++) {
    codes[index] = signedCode(index, reader.read(codeWidths[index] ?? 1))
  }
  const end = codeOf.trailers + (codes[codeOf.trailerCount] ?? 0) * codesPerTrailer
  for (let index = truckCodes; index < end; index++) {
    codes[index] = signedCode(index, reader.read(codeWidths[index] ?? 1))
  }
  return !reader.overrun
}

function sum(from: number, to: number): number {
  return codeWidths.slice(from, to).reduce((total, width) => total + width, 0)
}
