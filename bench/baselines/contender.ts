import type { Clock } from '../../lib/core/index.ts'
import type { VehicleState } from '../../lib/protocol/index.ts'
import type { Link } from '../../lib/rtc/index.ts'

/** One way for members to see each other's vehicles. */
export interface Contender {
  readonly name: string
  /** Whether it goes over an ordered, reliable stream, as what is built on WebSocket does. */
  readonly reliable: boolean
  join(clock: Clock): Participant
}

/** One member, by that way. */
export interface Participant {
  /** Sends to, and takes from, the member at the far end of `link`. */
  add(memberId: string, link: Link): void
  /** The game has a new state: called at each of its frames, 60 times a second. */
  drive(state: VehicleState): void
  /** Fills `into` with what is shown of a member at this moment; false while nothing is. */
  show(memberId: string, into: VehicleState): boolean
  /**
   * What it sent so far, to all links together: messages and their bytes, headers apart. Undefined where all that its peer sends
   * counts.
   */
  readonly sent: { readonly packets: number; readonly bytes: number } | undefined
  close(): void
}

/** What makes one baseline different from another; one object per member. */
export interface Baseline {
  /** What goes out at this frame of the game, which is at `now` on the member's clock; undefined when nothing does. */
  encode(state: Readonly<VehicleState>, now: number): Uint8Array | undefined
  /** Shows one other member. */
  viewer(): Viewer
}

/** Shows the vehicle of one other member. */
export interface Viewer {
  /**
   * Takes what arrived, at `now`.
   * @param sampledAt - when the state was true, in local time, by the clock of the link.
   */
  receive(bytes: Uint8Array, sampledAt: number, now: number): void
  show(now: number, into: VehicleState): boolean
}

/** A contender of a baseline, on the same links as ours. */
export function contenderOf(name: string, baseline: () => Baseline, reliable = false): Contender {
  return { name, reliable, join: (clock) => new BaselineParticipant(clock, baseline(), reliable) }
}

/** Frames of a game at 60 a second for each update at 20 Hz. */
const framesPerUpdate = 3

/** True at one frame in three. */
export function atTwentyHertz(): () => boolean {
  let frame = 0
  return () => frame++ % framesPerUpdate === 0
}

class BaselineParticipant implements Participant {
  readonly sent = { packets: 0, bytes: 0 }
  readonly #clock: Clock
  readonly #baseline: Baseline
  readonly #reliable: boolean
  readonly #links: Link[] = []
  readonly #viewers = new Map<string, Viewer>()

  constructor(clock: Clock, baseline: Baseline, reliable: boolean) {
    this.#clock = clock
    this.#baseline = baseline
    this.#reliable = reliable
  }

  add(memberId: string, link: Link): void {
    const viewer = this.#baseline.viewer()
    this.#viewers.set(memberId, viewer)
    this.#links.push(link)
    if (this.#reliable) {
      link.on('control', (bytes) => viewer.receive(bytes, NaN, this.#clock.now()))
      return
    }
    link.onState((payload, sentAt, receivedAt) => {
      // Sent at the frame it was sampled at. Until both directions carried something, as if it took no time.
      const { clockOffset } = link
      viewer.receive(payload, clockOffset === undefined ? receivedAt : sentAt + clockOffset, receivedAt)
    })
  }

  drive(state: VehicleState): void {
    const bytes = this.#baseline.encode(state, this.#clock.now())
    if (bytes === undefined) return
    for (const link of this.#links) {
      if (this.#reliable) link.sendControl(bytes)
      else if (!link.sendState(bytes)) continue
      this.sent.packets++
      this.sent.bytes += bytes.length
    }
  }

  show(memberId: string, into: VehicleState): boolean {
    return this.#viewers.get(memberId)?.show(this.#clock.now(), into) ?? false
  }

  close(): void {
    this.#links.length = 0
  }
}
