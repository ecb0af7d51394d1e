import { ConvoyError, isConvoyError, SerialQueue, type Unsubscribe } from '../core/index.ts'
import { decodeMessage, encodeMessage, limits } from '../protocol/index.ts'
import type { Link, LinkCloseReason } from '../rtc/index.ts'
import { controlMessageSchema, type ControlMessage } from './controlMessages.ts'
import type { SessionEnvironment } from './environment.ts'

/** Messages that may wait for their handler or for a signature check; beyond it the sender floods. */
const inboxLength = 2_000

/** Acts on a message; the next one waits until it is done. */
export type ControlHandler = (message: ControlMessage) => void | Promise<void>

/** The typed side of a link's `control`: decodes, checks and hands over one message after the other. */
export class ControlLink {
  readonly link: Link
  readonly #environment: SessionEnvironment
  readonly #unsubscribe: Unsubscribe[]
  readonly #queue: SerialQueue
  readonly #early: Uint8Array[] = []
  #handler: ControlHandler | undefined

  constructor(link: Link, environment: SessionEnvironment) {
    this.link = link
    this.#environment = environment
    this.#queue = new SerialQueue((error) => {
      const reason = isConvoyError(error) ? error.code : 'internal'
      environment.dropped.add(`control-${reason}`)
      environment.logger.debug('A control message was refused.', { reason, error })
    })
    this.#unsubscribe = [link.on('control', (bytes) => this.#enqueue(bytes))]
  }

  /** Who acts on messages from now on; those that came before are handed over first. */
  onMessage(handler: ControlHandler): void {
    this.#handler = handler
    for (const bytes of this.#early.splice(0)) this.#enqueue(bytes)
  }

  /** Calls back once the link is closed and every message that came before was acted on. */
  onClosed(handler: (reason: LinkCloseReason) => void): void {
    const closed = (reason: LinkCloseReason): void => {
      this.#queue.add(() => {
        if (this.#handler !== undefined) handler(reason)
      })
    }
    if (this.link.state === 'closed') return closed('failed')
    this.#unsubscribe.push(this.link.on('closed', ({ reason }) => closed(reason)))
  }

  /**
   * @returns false when the link is closed or its backlog full: the other side is as good as gone.
   * @throws ConvoyError `message-too-large` or `invalid-argument` when the message is not fit to be sent.
   */
  send(message: ControlMessage): boolean {
    const bytes = encodeMessage(controlMessageSchema, message, limits.controlMessageBytes)
    if (this.link.state === 'closed') return false
    try {
      this.link.sendControl(bytes)
      return true
    } catch (error) {
      if (!isConvoyError(error, 'closed') && !isConvoyError(error, 'backlog-full')) throw error
      this.#environment.dropped.add(`control-send-${error.code}`)
      return false
    }
  }

  /** Stops listening; the link stays. */
  detach(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    this.#handler = undefined
    this.#early.length = 0
  }

  #enqueue(bytes: Uint8Array): void {
    if (this.#queue.length + this.#early.length > inboxLength)
      return this.#environment.dropped.add('control-flood')
    if (this.#handler === undefined) {
      this.#early.push(bytes)
      return
    }
    this.#queue.add(async () => {
      const message = decodeMessage(controlMessageSchema, bytes, limits.controlMessageBytes)
      if (this.#handler === undefined)
        throw new ConvoyError('closed', 'Nobody takes control messages any more.')
      await this.#handler(message)
    })
  }
}
