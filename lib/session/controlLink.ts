import { isConvoyError, SerialQueue, type Unsubscribe } from '../core/index.ts'
import { decodeMessage, encodeMessage, limits } from '../protocol/index.ts'
import type { Link, LinkCloseReason } from '../rtc/index.ts'
import { inboxBytes, inboxMessages, lastWordMs } from './constants.ts'
import { controlMessageSchema, type ControlMessage } from './controlMessages.ts'
import type { SessionEnvironment } from './environment.ts'

/** Acts on a message; the next one waits until it is done. */
export type ControlHandler = (message: ControlMessage) => void | Promise<void>

/** @throws ConvoyError `message-too-large` or `invalid-argument` when the message is not fit to be sent. */
export const encodeControl = (message: ControlMessage): Uint8Array =>
  encodeMessage(controlMessageSchema, message, limits.controlMessageBytes)

/** The typed side of a link's `control`: decodes, checks and hands over one message after the other. */
export class ControlLink {
  readonly link: Link
  readonly #environment: SessionEnvironment
  readonly #unsubscribe: Unsubscribe[] = []
  readonly #queue: SerialQueue
  #waitingBytes = 0
  #handler: ControlHandler | undefined
  #closeHandler: ((reason: LinkCloseReason) => void) | undefined
  #closed: LinkCloseReason | undefined

  constructor(link: Link, environment: SessionEnvironment) {
    this.link = link
    this.#environment = environment
    this.#queue = new SerialQueue((error) => {
      const reason = isConvoyError(error) ? error.code : 'internal'
      environment.dropped.add(`control-${reason}`)
      environment.logger.debug('A control message was refused.', { reason, error })
    })
    // It may have closed between opening and getting here, which no event tells any more.
    if (link.state === 'closed') this.#closed = 'failed'
    else this.#unsubscribe.push(link.on('closed', ({ reason }) => this.#onClosed(reason)))
  }

  /** Who acts on messages from now on, also on those that wait. A link keeps what comes before the first handler. */
  onMessage(handler: ControlHandler): void {
    const first = this.#handler === undefined
    this.#handler = handler
    if (first) this.#unsubscribe.push(this.link.on('control', (bytes) => this.#enqueue(bytes)))
  }

  /** Who is told, once, that the link is closed: after every message that came before was acted on. */
  onClosed(handler: (reason: LinkCloseReason) => void): void {
    this.#closeHandler = handler
    if (this.#closed !== undefined) this.#onClosed(this.#closed)
  }

  /**
   * @returns false when the link is closed or takes no more: the other side is as good as gone.
   * @throws ConvoyError `message-too-large` or `invalid-argument` when the message is not fit to be sent.
   */
  send(message: ControlMessage): boolean {
    const bytes = encodeControl(message)
    if (this.link.state === 'closed') return false
    try {
      this.link.sendControl(bytes)
      return true
    } catch (error) {
      if (!isConvoyError(error)) throw error
      // Links count what they refuse themselves.
      if (error.code === 'closed') this.#environment.dropped.add('control-send-closed')
      return false
    }
  }

  /**
   * Says a last word and ends the link once the other side, which closes it on such a word, has read it; or else
   * after a while, or when `signal` aborts. Nobody is told of anything that comes meanwhile.
   */
  dismiss(lastWord: ControlMessage, signal?: AbortSignal): Promise<void> {
    const { link } = this
    this.#closeHandler = undefined
    if (signal?.aborted === true || !this.send(lastWord)) link.close()
    if (link.state === 'closed') return Promise.resolve(this.detach())
    // Both sides may say their last word at once.
    this.onMessage(({ type }) => {
      if (type === 'leave' || type === 'removed') link.close()
    })
    const end = (): void => link.close()
    const cancel = this.#environment.clock.after(lastWordMs, end)
    signal?.addEventListener('abort', end, { once: true })
    return new Promise((resolve) => {
      link.on('closed', () => {
        cancel()
        signal?.removeEventListener('abort', end)
        this.detach()
        resolve()
      })
    })
  }

  /** Stops listening; the link stays. */
  detach(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    this.#handler = undefined
    this.#closeHandler = undefined
  }

  #onClosed(reason: LinkCloseReason): void {
    this.#closed = reason
    this.#queue.add(() => {
      const handler = this.#closeHandler
      this.#closeHandler = undefined
      handler?.(reason)
    })
  }

  #enqueue(bytes: Uint8Array): void {
    if (this.#queue.length >= inboxMessages || this.#waitingBytes + bytes.length > inboxBytes) {
      this.#environment.dropped.add('control-flood')
      // What follows makes no sense without what would be left out.
      return this.link.close()
    }
    this.#waitingBytes += bytes.length
    this.#queue.add(async () => {
      this.#waitingBytes -= bytes.length
      // Detached while the message waited: its sender is gone or was replaced.
      if (this.#handler === undefined) return this.#environment.dropped.add('control-late')
      await this.#handler(decodeMessage(controlMessageSchema, bytes, limits.controlMessageBytes))
    })
  }
}
