/** One axis of a chart. */
export interface Axis {
  readonly label: string
  readonly from: number
  readonly to: number
  /** Whether each step multiplies. */
  readonly log: boolean
  readonly ticks: readonly { readonly at: number; readonly text: string }[]
}

/** Pixels. */
const width = 860
const height = 460
const margins = { left: 70, right: 130, top: 44, bottom: 52 }

/**
 * Its own background, so that it is legible wherever it is shown: dark for those who set their system to dark, else light.
 */
const style = `
.paper { fill: #ffffff } .ink { fill: #24292f } .faint { fill: #57606a } .grid { stroke: #d0d7de }
text { font: 13px system-ui, sans-serif }
.title { font-size: 15px; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  .paper { fill: #0d1117 } .ink { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #30363d }
}`

/** Colours that are told apart on both backgrounds, also by those who see fewer of them (after Okabe and Ito). */
const colours: Readonly<Record<string, string>> = {
  ours: '#d55e00',
  json: '#0096d6',
  msgpack: '#56b4e9',
  colyseus: '#cc79a7',
  geckos: '#009e73',
  'dis-fpw': '#a08400',
  'dis-rvw': '#8c6bd1',
  'dis-fpw-10cm': '#a08400',
  'dis-rvw-10cm': '#8c6bd1',
}

export function colourOf(name: string): string {
  return colours[name] ?? '#808080'
}

/** A chart being drawn: say what lies where on the axes, then ask for the document. */
export class Chart {
  readonly #title: string
  readonly #x: Axis
  readonly #y: Axis
  readonly #parts: string[] = []

  constructor(title: string, x: Axis, y: Axis) {
    this.#title = title
    this.#x = x
    this.#y = y
  }

  line(points: readonly (readonly [x: number, y: number])[], colour: string, thickness: number): void {
    const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${this.#at(x, y)}`).join('')
    this.#parts.push(
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${thickness}" stroke-linejoin="round"/>`,
    )
  }

  /** A dot, filled or hollow. */
  dot([x, y]: readonly [x: number, y: number], colour: string, filled: boolean): void {
    const [left, top] = this.#place(x, y)
    this.#parts.push(
      `<circle cx="${left}" cy="${top}" r="6" fill="${filled ? colour : 'none'}" stroke="${colour}" stroke-width="2"/>`,
    )
  }

  /** Text beside a place. */
  note([x, y]: readonly [x: number, y: number], text: string, side: 'left' | 'right' = 'right'): void {
    const [left, top] = this.#place(x, y)
    const [by, anchor] = side === 'right' ? [10, 'start'] : [-10, 'end']
    this.#parts.push(
      `<text class="ink" x="${left + by}" y="${top + 4}" text-anchor="${anchor}">${text}</text>`,
    )
  }

  /** What colour stands for what, beside the chart. */
  legend(names: readonly string[]): void {
    const left = width - margins.right + 16
    for (const [index, name] of names.entries()) {
      const top = margins.top + 12 + index * 22
      this.#parts.push(
        `<path d="M${left} ${top}h18" stroke="${colourOf(name)}" stroke-width="3"/>`,
        `<text class="ink" x="${left + 26}" y="${top + 4}">${name}</text>`,
      )
    }
  }

  toString(): string {
    const bottom = height - margins.bottom
    const right = width - margins.right
    const middle = (margins.top + bottom) / 2
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
      `<title>${this.#title}</title>`,
      `<style>${style}</style>`,
      `<rect class="paper" width="${width}" height="${height}" rx="8"/>`,
      `<text class="ink title" x="${margins.left}" y="26">${this.#title}</text>`,
      ...this.#x.ticks.map(({ at, text }) => {
        const [left] = this.#place(at, this.#y.from)
        return `<path class="grid" d="M${left} ${margins.top}V${bottom}"/><text class="faint" x="${left}" y="${bottom + 18}" text-anchor="middle">${text}</text>`
      }),
      ...this.#y.ticks.map(({ at, text }) => {
        const [, top] = this.#place(this.#x.from, at)
        return `<path class="grid" d="M${margins.left} ${top}H${right}"/><text class="faint" x="${margins.left - 8}" y="${top + 4}" text-anchor="end">${text}</text>`
      }),
      `<text class="faint" x="${(margins.left + right) / 2}" y="${height - 12}" text-anchor="middle">${this.#x.label}</text>`,
      `<text class="faint" transform="translate(18 ${middle}) rotate(-90)" text-anchor="middle">${this.#y.label}</text>`,
      ...this.#parts,
      '</svg>\n',
    ].join('\n')
  }

  #at(x: number, y: number): string {
    return this.#place(x, y).join(' ')
  }

  #place(x: number, y: number): [left: number, top: number] {
    const left = margins.left + shareOf(this.#x, x) * (width - margins.left - margins.right)
    const top = margins.top + (1 - shareOf(this.#y, y)) * (height - margins.top - margins.bottom)
    return [Number(left.toFixed(1)), Number(top.toFixed(1))]
  }
}

/** Where `value` lies on an axis, 0…1; what lies beyond it, at its end. */
function shareOf({ from, to, log }: Axis, value: number): number {
  const scale = log ? Math.log : (plain: number): number => plain
  const within = Math.max(from, Math.min(to, value))
  return (scale(within) - scale(from)) / (scale(to) - scale(from))
}
