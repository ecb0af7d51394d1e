import colors from 'picocolors'

/** One row of the {@link renderTable}. */
export interface TableRow {
  readonly slot: number
  readonly name: string
  readonly note: string
  readonly pingMs: number | undefined
  readonly distance: number | undefined
  /** m/s. */
  readonly speed: number | undefined
  readonly errorCm: number | undefined
}

const header = ['slot', 'player', '', 'ping', 'distance', 'speed', 'position error'] as const

/** Columns that hold numbers end together, the others begin together. */
const numeric = [true, false, false, true, true, true, true] as const

/** The table of players, as lines for a terminal. */
export function renderTable(rows: readonly TableRow[]): string[] {
  const cells = rows.map((row) => [
    String(row.slot),
    row.name,
    row.note,
    shown(row.pingMs, 1, 'ms'),
    shown(row.distance, 0, 'm'),
    shown(row.speed === undefined ? undefined : row.speed * 3.6, 0, 'km/h'),
    shown(row.errorCm, 1, 'cm'),
  ])
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return numeric[column] === true ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
  return [colors.dim(line(header)), ...cells.map(line)]
}

function shown(value: number | undefined, digits: number, unit: string): string {
  return value === undefined ? '–' : `${value.toFixed(digits)} ${unit}`
}
