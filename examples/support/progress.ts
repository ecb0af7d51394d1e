/** Shows one line that changes, on standard error, where a person sees it; nothing where it is a file or a pipe. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  #shown = ''

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  show(text: string): void {
    if (!this.#stream.isTTY || text === this.#shown) return
    this.#shown = text
    this.#stream.write(`\r${text}\u001B[K`)
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown !== '') this.#stream.write('\r\u001B[K')
    this.#shown = ''
  }
}
