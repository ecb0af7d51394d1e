import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pc from 'picocolors'
import { isConvoyError } from '../../core/index.ts'
import type { Convoy } from '../../convoy/index.ts'
import type { CodeKind, ManualCodes } from '../../rendezvous/index.ts'

/** What a {@link CodeDesk} goes by. */
export interface CodeDeskOptions {
  readonly codes: ManualCodes
  readonly json: boolean
  /** Folder for the codes as files; none are written where left out. */
  readonly out: string | undefined
}

/** What is to be done with each kind of code. */
const advice: Readonly<Record<CodeKind, string>> = {
  call: 'Post this call where your friends read it:',
  offer: 'Send this offer to the host, and paste the answer here:',
  answer: 'Send this answer back to the one who joins, at once:',
}

/** Shows codes to whoever carries them, and takes what they paste. */
export class CodeDesk {
  readonly #options: CodeDeskOptions
  #answers = 0

  constructor(options: CodeDeskOptions) {
    this.#options = options
  }

  /** Shows a code, and writes it to a file where that is asked for. */
  async show(kind: CodeKind, text: string): Promise<void> {
    const { out } = this.#options
    let file: string | null = null
    if (out !== undefined) {
      await mkdir(out, { recursive: true })
      const number = kind === 'answer' ? `-${++this.#answers}` : ''
      file = join(out, `openconvoy-${kind}${number}.txt`)
      await writeFile(file, `${text}\n`)
    }
    this.tell({ event: 'code', kind, text, file }, `\n${pc.bold(advice[kind])}\n\n${text}\n`)
    if (file !== null && !this.#options.json) console.log(pc.dim(`(also in ${file})`))
  }

  /** Takes what was pasted; what is wrong with it is told, and is no end. */
  async take(text: string): Promise<void> {
    try {
      const taken = await this.#options.codes.take(text)
      if (taken.kind === 'offer') await this.show('answer', taken.answer)
      else this.tell({ event: 'taken', kind: taken.kind }, 'Taken.')
    } catch (error) {
      if (!isConvoyError(error)) throw error
      const { code, message } = error
      if (this.#options.json) this.tell({ event: 'refused', code, message }, '')
      else process.stderr.write(`${pc.yellow(message)}\n`)
    }
  }

  /** Tells who comes and goes from now on. */
  follow(convoy: Convoy): void {
    const members = convoy.members.map(({ name }) => name)
    this.tell({ event: 'joined', members }, `In the convoy: ${members.join(', ')}`)
    convoy.on('memberJoined', ({ name }) => this.tell({ event: 'memberJoined', name }, `${name} is here.`))
    convoy.on('memberLeft', ({ member: { name }, reason }) =>
      this.tell({ event: 'memberLeft', name, reason }, `${name} is gone (${reason}).`),
    )
    convoy.on('chat', ({ from: { name }, text }) =>
      this.tell({ event: 'chat', name, text }, `${name}: ${text}`),
    )
  }

  /** One event, for programs or for people. */
  tell(event: object, words: string): void {
    console.log(this.#options.json ? JSON.stringify(event) : words)
  }
}
