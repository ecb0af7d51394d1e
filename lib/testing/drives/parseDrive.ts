import { ConvoyError } from '../../core/index.ts'
import { fastestSpeed, longestGap, strongestAcceleration } from './constants.ts'
import { Drive } from './drive.ts'

/**
 * Reads a recorded drive: comma-separated rows of epoch in seconds and speed in m/s, ascending in time; further columns
 * are ignored, and so are blank lines. A first line whose first cell is no number is a header.
 * @throws ConvoyError `drive-malformed`, its message naming the line and what is wrong with it, `details.line` the number.
 * @example
 * ```ts
 * const drive = parseDrive('epoch,speed\n0,0\n10,12.5\n60,20\n')
 * ```
 */
export function parseDrive(csvText: string): Drive {
  const times: number[] = []
  const speeds: number[] = []
  const lines = csvText.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  let headerAllowed = true
  for (const [index, text] of lines.entries()) {
    if (text.trim() === '') continue
    const cells = text.split(',').map((cell) => cell.trim())
    const isHeader = headerAllowed && !numberPattern.test(cells[0] ?? '') && cells.length > 1
    headerAllowed = false
    if (isHeader && !numberPattern.test(cells[1] ?? '')) continue
    readRow(cells, index + 1, times, speeds)
  }
  if (times.length < 2) {
    throw new ConvoyError(
      'drive-malformed',
      `The drive holds ${times.length === 0 ? 'no rows' : 'one row'}: it needs at least two rows of epoch in seconds, speed in m/s.`,
    )
  }
  return new Drive(times, speeds)
}

/** What JSON calls a number: no hexadecimal, no `Infinity`, nothing empty. */
const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

function readRow(cells: readonly string[], line: number, times: number[], speeds: number[]): void {
  const [timeText = '', speedText] = cells
  if (speedText === undefined) {
    throw malformed(line, 'has one column; expected epoch in seconds, speed in m/s')
  }
  const time = numberIn(timeText, line, 'epoch')
  const speed = numberIn(speedText, line, 'speed')
  if (speed < 0) throw malformed(line, `has the negative speed ${speedText} m/s`)
  if (speed > fastestSpeed) {
    throw malformed(line, `has a speed of ${speedText} m/s, above ${fastestSpeed}; is the column in km/h?`)
  }
  const earlier = times.at(-1)
  if (earlier !== undefined) {
    const gap = time - earlier
    if (gap <= 0) throw malformed(line, `is not later than the row before (${timeText} after ${earlier})`)
    if (gap > longestGap) {
      throw malformed(
        line,
        `comes ${gap.toFixed(1)} s after the row before; cut the file where recording paused`,
      )
    }
    const acceleration = (speed - (speeds.at(-1) ?? 0)) / gap
    if (Math.abs(acceleration) > strongestAcceleration) {
      throw malformed(
        line,
        `changes speed by ${acceleration.toFixed(1)} m/s², beyond ${strongestAcceleration}`,
      )
    }
  }
  times.push(time)
  speeds.push(speed)
}

function numberIn(text: string, line: number, column: string): number {
  const value = numberPattern.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value))
    throw malformed(line, `has "${text.slice(0, 40)}" for ${column}, which is not a number`)
  return value
}

function malformed(line: number, what: string): ConvoyError {
  return new ConvoyError('drive-malformed', `Line ${line} of the drive ${what}.`, { details: { line } })
}
