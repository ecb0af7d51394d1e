import { ConvoyError, MessageBudget, TokenBucket, type Clock, type Counters } from '../core/index.ts'
import { limits } from '../protocol/index.ts'
import type { LinkBudgets } from './budgets.ts'
import { controlContract, framesSpared, linkVersion, nudgeAfterMs, nudgeAtMostEveryMs } from './constants.ts'
import { SendAllowance } from './sendAllowance.ts'

/** Kinds of control frames, in the low four bits of their first byte; [LNK-30]. */
const frameKinds = { message: 0, nudge: 1, close: 2 } as const

/** First byte and sequence of a message frame. */
const messageHeaderLength = 3

/** Where a control channel sends its frames. */
export interface FrameSender {
  /** @throws ConvoyError `closed`. */
  sendControl(frame: Uint8Array): void
}

/** What a control channel tells its link. */
export interface ControlHandlers {
  message(message: Uint8Array): void
  /** The other side closes the link. */
  close(): void
  /** The other side broke the rules so that nothing sound can follow. */
  violated(error: ConvoyError): void
}

/**
 * Framing on `control`: numbers that make each message arrive exactly once and in order, a bounded backlog,
 * and nudges for engines that hold a last message back until something follows it. Acknowledgements come with
 * the datagrams of the state channel.
 */
export class ControlChannel {
  readonly #sender: FrameSender
  readonly #handlers: ControlHandlers
  readonly #dropped: Counters
  readonly #clock: Clock
  readonly #budgets: LinkBudgets
  /** What may still come, over each connection ([LNK-72]). */
  readonly #incoming = new WeakMap<object, MessageBudget>()
  readonly #frameAllowance: SendAllowance
  readonly #byteAllowance: SendAllowance
  #sent = 0
  #acknowledged = 0
  #received = 0
  // Frames of unacknowledged messages, the oldest first.
  readonly #unacknowledged: Uint8Array[] = []
  #backlogBytes = 0
  #nudgeAt = Infinity
  #nudgeGapMs = nudgeAfterMs

  constructor(
    sender: FrameSender,
    handlers: ControlHandlers,
    { clock, dropped, budgets }: { clock: Clock; dropped: Counters; budgets: LinkBudgets },
  ) {
    this.#sender = sender
    this.#clock = clock
    this.#handlers = handlers
    this.#dropped = dropped
    this.#budgets = budgets
    const { framesPerSecond, framesAtOnce, bytesPerSecond, bytesAtOnce } = controlContract
    this.#frameAllowance = new SendAllowance(clock, framesPerSecond, framesAtOnce - framesSpared)
    this.#byteAllowance = new SendAllowance(clock, bytesPerSecond, bytesAtOnce - framesSpared)
  }

  /** Messages received in order, as the state header tells it. */
  get received(): number {
    return this.#received & 0xffff
  }

  /** When the next nudge is due, Infinity when nothing is unacknowledged. */
  get nudgeAt(): number {
    return this.#nudgeAt
  }

  /** @throws ConvoyError `message-too-large`, `backlog-full` or `rate-limited`. */
  send(message: Uint8Array, now: number): void {
    if (message.length > limits.controlMessageBytes) {
      throw new ConvoyError(
        'message-too-large',
        `A control message holds at most ${limits.controlMessageBytes} bytes; split these ${message.length}.`,
      )
    }
    const backlog = this.#sent - this.#acknowledged
    const { controlBacklogMessages, controlBacklogBytes } = this.#budgets
    if (backlog >= controlBacklogMessages || this.#backlogBytes + message.length > controlBacklogBytes) {
      throw this.#refusal(
        'backlog-full',
        `${backlog} control messages wait on this link already; send fewer.`,
      )
    }
    const length = messageHeaderLength + message.length
    const waitMs = Math.ceil(Math.max(this.#frameAllowance.waitMs(1), this.#byteAllowance.waitMs(length)))
    if (waitMs > 0) {
      throw this.#refusal(
        'rate-limited',
        `The other side takes ${controlContract.framesPerSecond} control messages and ${controlContract.bytesPerSecond} ` +
          `bytes of them a second. Wait ${waitMs} ms, and send fewer.`,
      )
    }
    const frame = new Uint8Array(length)
    frame[0] = firstByte(frameKinds.message)
    frame[1] = this.#sent >>> 8
    frame[2] = this.#sent
    frame.set(message, messageHeaderLength)
    this.#sender.sendControl(frame)
    this.#unacknowledged.push(frame)
    this.#backlogBytes += message.length
    this.#frameAllowance.sent(1)
    this.#byteAllowance.sent(length)
    this.#sent++
    if (this.#nudgeAt === Infinity) this.#nudgeAt = now + this.#nudgeGapMs
  }

  /** Takes in how many messages the other side has received, modulo 2^16. */
  acknowledge(count: number, now: number): void {
    const more = (count - this.#acknowledged) & 0xffff
    if (more === 0 || more > this.#sent - this.#acknowledged) return
    for (const frame of this.#unacknowledged.splice(0, more)) {
      this.#backlogBytes -= frame.length - messageHeaderLength
      this.#byteAllowance.acknowledged(frame.length)
    }
    this.#frameAllowance.acknowledged(more)
    this.#acknowledged += more
    this.#nudgeGapMs = nudgeAfterMs
    this.#nudgeAt = this.#acknowledged === this.#sent ? Infinity : now + this.#nudgeGapMs
  }

  /** Sends a nudge if one is due. */
  nudge(now: number): void {
    if (now < this.#nudgeAt) return
    this.#say(frameKinds.nudge)
    this.#nudgeGapMs = Math.min(2 * this.#nudgeGapMs, nudgeAtMostEveryMs)
    this.#nudgeAt = now + this.#nudgeGapMs
  }

  /**
   * Sends what is unacknowledged once more, since another connection has taken over ([LNK-72]), for which the other
   * side has a budget of its own.
   */
  resend(): void {
    this.#frameAllowance.restart()
    this.#byteAllowance.restart()
    for (const frame of this.#unacknowledged) this.#sender.sendControl(frame)
  }

  /** Tells the other side that the link is closed. */
  sendClose(): void {
    this.#say(frameKinds.close)
  }

  /** Sends a frame of one byte. */
  #say(kind: number): void {
    try {
      this.#sender.sendControl(Uint8Array.of(firstByte(kind)))
    } catch {
      // The connection ended just now, and has told so itself.
    }
  }

  /**
   * Takes a frame.
   * @param connection - which it came over.
   * @returns whether it was well-formed.
   */
  receive(frame: Uint8Array, connection: object): boolean {
    if (!this.#budgetOf(connection).tryTake(frame.length)) {
      this.#handlers.violated(new ConvoyError('rate-limited', 'The other side floods the control channel.'))
      return this.#drop('control-flood')
    }
    if (frame.length === 0) return this.#drop('control-malformed')
    if (frame.length > messageHeaderLength + limits.controlMessageBytes)
      return this.#drop('control-too-large')
    const first = frame[0] ?? 0
    if (first >>> 4 !== linkVersion) return this.#drop('control-version')
    switch (first & 15) {
      case frameKinds.message:
        return this.#receiveMessage(frame)
      case frameKinds.nudge:
        return true
      case frameKinds.close:
        this.#handlers.close()
        return true
      default:
        return this.#drop('control-malformed')
    }
  }

  #receiveMessage(frame: Uint8Array): boolean {
    if (frame.length < messageHeaderLength) return this.#drop('control-malformed')
    const sequence = ((frame[1] ?? 0) << 8) | (frame[2] ?? 0)
    const ahead = ((sequence - this.#received) << 16) >> 16
    if (ahead < 0) return this.#drop('control-duplicate')
    if (ahead > 0) {
      this.#handlers.violated(
        new ConvoyError('message-malformed', 'The other side left out a control message.'),
      )
      return this.#drop('control-gap')
    }
    this.#received++
    this.#handlers.message(frame.subarray(messageHeaderLength))
    return true
  }

  #budgetOf(connection: object): MessageBudget {
    const known = this.#incoming.get(connection)
    if (known !== undefined) return known
    const { controlMessagesPerSecond, controlMessagesAtOnce, controlBytesPerSecond, controlBytesAtOnce } =
      this.#budgets
    const budget = new MessageBudget(
      new TokenBucket(this.#clock, controlMessagesPerSecond, controlMessagesAtOnce),
      new TokenBucket(this.#clock, controlBytesPerSecond, controlBytesAtOnce),
    )
    this.#incoming.set(connection, budget)
    return budget
  }

  #refusal(code: 'backlog-full' | 'rate-limited', message: string): ConvoyError {
    this.#dropped.add(`control-send-${code}`)
    return new ConvoyError(code, message)
  }

  #drop(reason: string): false {
    this.#dropped.add(reason)
    return false
  }
}

function firstByte(kind: number): number {
  return (linkVersion << 4) | kind
}
