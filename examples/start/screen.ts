/** Where a {@link Screen} shows its lines: standard output, as far as it is used. */
export type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): unknown }

/** Characters in a line of a terminal that doesn't tell. */
const usualWidth = 80

/** How often lines are printed where nothing can be redrawn. */
const linesEveryMs = 5_000

/** Shows lines that change: redrawn in place on a terminal, printed now and then elsewhere. */
export class Screen {
  readonly #stream: Terminal
  #height = 0
  #printedAt = -Infinity

  constructor(stream: Terminal = process.stdout) {
    this.#stream = stream
  }

  /** @param now - ms, of any monotonic clock. */
  show(lines: readonly string[], now: number): void {
    if (!this.#stream.isTTY) {
      if (now - this.#printedAt < linesEveryMs) return
      this.#printedAt = now
      this.#stream.write(`${lines.join('\n')}\n`)
      return
    }
    const up = this.#height > 0 ? `\u001B[${this.#height}A` : '\u001B[?25l'
    // Each line is cut at the edge: one that wrapped would break the counting.
    const width = this.#stream.columns > 0 ? this.#stream.columns : usualWidth
    const text = lines.map((line) => `${fit(line, width)}\u001B[K\n`).join('')
    this.#stream.write(`${up}\r${text}\u001B[J`)
    this.#height = lines.length
  }

  /** Gives the cursor back; what was shown stays. */
  end(): void {
    if (this.#stream.isTTY && this.#height > 0) this.#stream.write('\u001B[?25h')
    this.#height = 0
  }
}

/** `line` cut to `width` characters that show, colours left whole. */
function fit(line: string, width: number): string {
  let room = width
  // eslint-disable-next-line no-control-regex -- colours begin with the escape character
  return line.replace(/\u001B\[[\d;]*m|./gu, (part) => (part.startsWith('\u001B') || room-- > 0 ? part : ''))
}
