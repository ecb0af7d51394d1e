import type { Convoy } from 'openconvoy'
import { truckColor } from './palette.ts'

/** Lines kept in the log. */
const keptLines = 200

/** The chat box: what members say, and who comes and goes. */
export class Chat {
  readonly #log: HTMLElement
  #convoy: Convoy | undefined

  constructor(log: HTMLElement, form: HTMLFormElement, text: HTMLInputElement) {
    this.#log = log
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const message = text.value.trim()
      if (message === '' || this.#convoy === undefined) return
      this.#convoy.sendChat(message)
      this.#say(this.#convoy.self, message)
      text.value = ''
    })
  }

  /** Shows the chat of `convoy` from now on. */
  attach(convoy: Convoy): void {
    this.#convoy = convoy
    convoy.on('chat', ({ from, text }) => this.#say(from, text))
    convoy.on('memberJoined', (member) => this.#note(`${member.name} joined`))
    convoy.on('memberLeft', ({ member }) => this.#note(`${member.name} left`))
  }

  #say(from: { readonly name: string; readonly slot: number }, text: string): void {
    const name = document.createElement('b')
    name.style.color = truckColor(from.slot)
    name.textContent = from.name
    this.#append('', name, text)
  }

  #note(text: string): void {
    this.#append('event', text)
  }

  #append(className: string, ...content: (Node | string)[]): void {
    const line = document.createElement('li')
    line.className = className
    line.append(...content)
    this.#log.append(line)
    while (this.#log.childElementCount > keptLines) this.#log.firstElementChild?.remove()
    this.#log.scrollTop = this.#log.scrollHeight
  }
}
