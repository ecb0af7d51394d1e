import { describe, expect, it } from 'vitest'
import type { Signal } from '../../lib/protocol/index.ts'
import type { Connection, ConnectionOptions, Connector } from '../../lib/rtc/index.ts'
import { racing } from '../../lib/rtc/racingConnection.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'

/** A side whose connections below do what the test says. */
class Side {
  readonly clock = new SimulatedClock()
  readonly lanes: ConnectionOptions[] = []
  readonly closed: number[] = []
  readonly sent: [lane: number, bytes: number[]][] = []
  readonly events: unknown[] = []
  readonly connection: Connection

  constructor(initiator: boolean) {
    const below: Connector = { name: 'fake', connect: (options) => this.#lane(options) }
    this.connection = racing(below, this.clock).connect({
      initiator,
      attempt: 0,
      iceServers: [],
      handlers: {
        signal: (signal) => this.events.push(signal.lane),
        open: () => this.events.push('open'),
        control: (bytes) => this.events.push([...bytes]),
        state: () => this.events.push('state'),
        refused: (reason) => this.events.push(reason),
        closed: (reason) => this.events.push(`closed ${reason}`),
      },
    })
  }

  at(lane: number): ConnectionOptions['handlers'] {
    const options = this.lanes[lane]
    if (options === undefined) throw new Error(`There is no lane ${lane}.`)
    return options.handlers
  }

  #lane(options: ConnectionOptions): Connection {
    const number = this.lanes.push(options) - 1
    return {
      signal: () => undefined,
      sendControl: (bytes) => void this.sent.push([number, [...bytes]]),
      sendState: () => undefined,
      controlBufferedAmount: 0,
      stateBufferedAmount: 0,
      close: () => {
        this.closed.push(number)
        options.handlers.closed('local')
      },
    }
  }
}

const offer = (lane: number): Signal => ({ type: 'offer', attempt: 0, lane, sdp: 'v=0' })

describe('[LNK-9] an attempt at a connection', () => {
  it('stays with one lane that opens at once, and leaves no timer', () => {
    const side = new Side(true)
    side.at(0).open()
    side.clock.advance(20_000)
    expect([side.events, side.lanes.length, side.clock.pendingTimers]).toEqual([['open'], 1, 0])
  })

  it('is joined by three more, whose signals name their lane, and no further', () => {
    const side = new Side(true)
    side.clock.advance(20_000)
    expect(side.lanes.length).toBe(4)
    for (const lane of [0, 3]) side.at(lane).signal({ type: 'offer', attempt: 0, sdp: 'v=0' })
    expect(side.events).toEqual([undefined, 3])
    side.connection.close()
    expect([side.events.at(-1), side.closed, side.clock.pendingTimers]).toEqual([
      'closed local',
      [0, 1, 2, 3],
      0,
    ])
  })

  it('is decided by the responder, which says which it took, and whom the initiator follows', () => {
    const responder = new Side(false)
    responder.connection.signal(offer(2))
    responder.at(1).open()
    expect([responder.events, responder.closed, responder.sent]).toEqual([['open'], [0], [[1, [0, 0x4c]]]])
    responder.connection.signal(offer(1))
    expect([responder.events, responder.sent.length]).toEqual([['open', 'signal-lane'], 2])

    const initiator = new Side(true)
    initiator.clock.advance(2_000)
    initiator.at(0).open()
    expect(initiator.events).toEqual([])
    initiator.at(1).control(Uint8Array.of(0, 0x4c))
    initiator.at(1).control(Uint8Array.of(0x11))
    expect([initiator.events, initiator.closed]).toEqual([['open', [0x11]], [0]])
    initiator.at(1).closed('remote')
    expect(initiator.events.at(-1)).toBe('closed remote')
  })

  it('fails when all of its lanes have, and opens no lane for a number out of range', () => {
    const side = new Side(false)
    side.connection.signal(offer(4))
    expect([side.lanes.length, side.events]).toEqual([1, ['signal-lane']])
    side.connection.signal(offer(1))
    side.at(0).closed('failed')
    expect(side.events).toEqual(['signal-lane'])
    side.at(1).closed('failed')
    expect(side.events).toEqual(['signal-lane', 'closed failed'])
  })

  it('says once that it closed when it is closed before anything opened (regression: said so twice)', () => {
    for (const initiator of [true, false]) {
      const side = new Side(initiator)
      side.connection.close()
      side.connection.close()
      expect([side.events, side.closed, side.clock.pendingTimers]).toEqual([['closed local'], [0], 0])
    }
  })
})
