import { rangeTotal, type RangeDecoder, type RangeEncoder } from '../../core/index.ts'

/** Residuals up to this far from the prediction have an interval of their own; others are escaped. */
const window = 31
/** Every interval is at least one part wide: those within the window and both escapes. */
const symbols = 2 * window + 3
const shared = rangeTotal - symbols

/** Digits of the escape's Elias gamma code at most: more than any difference of two codes has. */
const longestEscape = 28

/** Predictions are taken for no further from 0 than this, beyond any code: so an escape is never longer. */
const farthest = 2 ** 26

/** Bits that the range coder takes at once. */
const bitsAtOnce = 16

/**
 * What a coder is told and tells besides a whole number: in an object that is reused, since fractions handed to a function
 * may each cost an allocation.
 */
const told = {
  /** Where the value is expected, in steps. */
  predicted: 0.5,
  /** Scale of what is expected about it, in steps; above 0. */
  scale: 0.5,
  /** How far from the prediction the value was. */
  distance: 0.5,
}
// Under another name here: engines look exported constants up at each use.
export const residual = told

/**
 * Codes symbols: an encoder writes what it is given and returns it, a decoder returns what it reads. So one function
 * describes both directions of a format.
 */
export interface SymbolCoder {
  /** A whole number about {@link residual}. */
  residual(value: number): number
  /** Yes or no; `parts` of `rangeTotal` say how likely yes is. */
  choice(yes: boolean, parts: number): boolean
  /** `width` (1 to 26) bits as they are. */
  bits(value: number, width: number): number
}

/** Cells of the table below per unit of scale, and the greatest distance from its middle, in scales. */
const cellsPerScale = 16
const reach = 16
const middle = reach * cellsPerScale

/**
 * Student's t-distribution with four degrees of freedom, as parts of {@link shared} below each cell's start: its tails are
 * heavy, as residuals' are, and its closed form ½ + t (½ + r) √r with r = 1 ∕ (4 + t²) takes no more than a square root, so that every
 * engine computes the same table.
 */
function below(cell: number): number {
  const t = (cell - middle) / cellsPerScale
  const r = 1 / (4 + t * t)
  return shared * (0.5 + t * (0.5 + r) * Math.sqrt(r))
}

/** Where the last cell ends; nothing is told apart beyond it. */
const lastPlace = 2 * middle + 1

/** For each cell {@link below} it and what it adds, one after the other, and what is below the end of the last one. */
const cells = new Float64Array(2 * lastPlace + 2)
for (let cell = 0; cell < lastPlace; cell++) {
  cells[2 * cell] = below(cell)
  cells[2 * cell + 1] = below(cell + 1) - below(cell)
}
cells[2 * lastPlace] = (cells[2 * lastPlace - 2] ?? 0) + (cells[2 * lastPlace - 1] ?? 0)

/** What {@link boundary} goes by: cells per step, and where in the table the boundary below residual 0 lies. */
const table = { cellsPerStep: 0.5, origin: 0.5 }

/** Makes ready for {@link boundary}. @returns the whole number nearest to the prediction, which is residual 0. */
function prepare(): number {
  const exact = told.predicted
  const predicted = exact < -farthest ? -farthest : exact > farthest ? farthest : exact
  const nearest = Math.floor(predicted + 0.5)
  table.cellsPerStep = cellsPerScale / told.scale
  table.origin = middle - (0.5 + predicted - nearest) * table.cellsPerStep
  return nearest | 0
}

/** Parts of {@link rangeTotal} below the boundary between the residuals `index` − 1 and `index`. */
function boundary(index: number): number {
  const place = table.origin + index * table.cellsPerStep
  const within = place < 0 ? 0 : place > lastPlace ? lastPlace : place
  // Cut off rather than rounded down, which is the same from 0 on: it leaves an integer, which Math.floor doesn't.
  const cell = within | 0
  const parts = (cells[2 * cell] ?? 0) + (cells[2 * cell + 1] ?? 0) * (within - cell)
  return (parts | 0) + index + window + 1
}

/** Writes symbols. */
export class SymbolEncoder implements SymbolCoder {
  readonly #encoder: RangeEncoder

  constructor(encoder: RangeEncoder) {
    this.#encoder = encoder
  }

  residual(value: number): number {
    const index = value - prepare()
    told.distance = Math.abs(value - told.predicted)
    if (index < -window) {
      this.#encoder.encode(0, boundary(-window))
      this.#escape(-window - index)
    } else if (index > window) {
      this.#encoder.encode(boundary(window + 1), rangeTotal)
      this.#escape(index - window)
    } else {
      this.#encoder.encode(boundary(index), boundary(index + 1))
    }
    return value
  }

  choice(yes: boolean, parts: number): boolean {
    if (yes) this.#encoder.encode(0, parts)
    else this.#encoder.encode(parts, rangeTotal)
    return yes
  }

  bits(value: number, width: number): number {
    if (width > bitsAtOnce) this.#encoder.encodeBits(Math.floor(value / 2 ** bitsAtOnce), width - bitsAtOnce)
    this.#encoder.encodeBits(value, Math.min(width, bitsAtOnce))
    return value
  }

  /** Elias gamma code of a whole number of at least 1. */
  #escape(excess: number): void {
    let width = 1
    while (excess >= 2 ** width) width++
    for (let index = 1; index < width; index++) this.#encoder.encodeBits(0, 1)
    for (let index = width - 1; index >= 0; index--) {
      this.#encoder.encodeBits(Math.floor(excess / 2 ** index) & 1, 1)
    }
  }
}

/** Reads symbols. Any input gives some; whether they make sense is for the caller to check. */
export class SymbolDecoder implements SymbolCoder {
  readonly #decoder: RangeDecoder

  constructor(decoder: RangeDecoder) {
    this.#decoder = decoder
  }

  residual(): number {
    const nearest = prepare()
    const origin = boundary(0)
    const value = nearest + (this.#decoder.isBelow(origin) ? this.#downwards(origin) : this.#upwards(origin))
    told.distance = Math.abs(value - told.predicted)
    return value
  }

  choice(_yes: boolean, parts: number): boolean {
    const yes = this.#decoder.isBelow(parts)
    if (yes) this.#decoder.accept(0, parts)
    else this.#decoder.accept(parts, rangeTotal)
    return yes
  }

  bits(_value: number, width: number): number {
    const high = width > bitsAtOnce ? this.#decoder.decodeBits(width - bitsAtOnce) : 0
    return high * 2 ** bitsAtOnce + this.#decoder.decodeBits(Math.min(width, bitsAtOnce))
  }

  // Both go from the middle outwards, where what is likely is found at once.

  #upwards(origin: number): number {
    let from = origin
    for (let index = 0; index <= window; index++) {
      const to = boundary(index + 1)
      if (this.#decoder.isBelow(to)) {
        this.#decoder.accept(from, to)
        return index
      }
      from = to
    }
    this.#decoder.accept(from, rangeTotal)
    return window + this.#escaped()
  }

  #downwards(origin: number): number {
    let to = origin
    for (let index = -1; index >= -window; index--) {
      const from = boundary(index)
      if (!this.#decoder.isBelow(from)) {
        this.#decoder.accept(from, to)
        return index
      }
      to = from
    }
    this.#decoder.accept(0, to)
    return -window - this.#escaped()
  }

  #escaped(): number {
    let width = 1
    while (width < longestEscape && this.#decoder.decodeBits(1) === 0) width++
    let excess = 1
    for (let index = 1; index < width; index++) excess = excess * 2 + this.#decoder.decodeBits(1)
    return excess
  }
}
