import { describe, expect, it } from 'vitest'
import type { Signal } from '../../lib/protocol/index.ts'
import { gathering } from '../../lib/rtc/gatheringConnection.ts'
import type { ConnectionHandlers, ConnectionOptions } from '../../lib/rtc/connection.ts'
import { SimulatedClock } from '../../lib/testing/simulatedClock.ts'

const description = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  'a=setup:actpass',
  'a=candidate:1 1 UDP 100 192.168.0.2 5000 typ host',
  'a=end-of-candidates',
  '',
].join('\r\n')

/** A gathering connection over an engine that a test plays. */
function connection(initiator: boolean) {
  const clock = new SimulatedClock()
  const given: Signal[] = []
  const got: Signal[] = []
  let engine!: ConnectionHandlers
  const closedBy: string[] = []
  const inner = {
    signal: (signal: Signal) => void got.push(signal),
    sendControl: () => undefined,
    sendState: () => undefined,
    controlBufferedAmount: 0,
    stateBufferedAmount: 0,
    close: () => engine.closed('local'),
  }
  const connect = ({ handlers }: ConnectionOptions) => {
    engine = handlers
    return inner
  }
  const made = gathering({ name: 'played', connect }, clock).connect({
    initiator,
    attempt: 0,
    iceServers: [],
    wholeSignals: true,
    handlers: {
      signal: (signal) => void given.push(signal),
      open: () => undefined,
      control: () => undefined,
      state: () => undefined,
      closed: (reason) => void closedBy.push(reason),
    },
  })
  const candidate = (line: string): void =>
    engine.signal({ type: 'candidate', attempt: 0, candidate: line, sdpMid: '0', sdpMLineIndex: 0 })
  const describe = (type: 'offer' | 'answer'): void => engine.signal({ type, attempt: 0, sdp: description })
  return { clock, given, got, engine, made, candidate, describe, closedBy }
}

function candidatesIn(signal: Signal | undefined): string[] {
  if (signal === undefined || signal.type === 'candidate') return []
  return signal.sdp.split('\r\n').filter((line) => line.startsWith('a=candidate:'))
}

describe('a connection with whole signals', () => {
  it('[MAN-12] gives out one signal, with every usable candidate, once they are known', () => {
    const { given, engine, candidate, describe } = connection(true)
    describe('offer')
    candidate('candidate:1 1 UDP 100 192.168.0.2 5000 typ host')
    candidate('candidate:2 1 TCP 90 192.168.0.2 9 typ host tcptype active')
    candidate('candidate:3 1 UDP 50 198.51.100.7 6000 typ srflx raddr 0.0.0.0 rport 0')
    expect(given).toEqual([])
    engine.gathered?.()
    candidate('candidate:4 1 UDP 40 198.51.100.8 6000 typ srflx raddr 0.0.0.0 rport 0')
    expect(given).toHaveLength(1)
    expect(candidatesIn(given[0])).toEqual([
      'a=candidate:1 1 UDP 100 192.168.0.2 5000 typ host',
      'a=candidate:3 1 UDP 50 198.51.100.7 6000 typ srflx raddr 0.0.0.0 rport 0',
    ])
  })

  it('[MAN-10] keeps the best eight, of every kind some', () => {
    const { given, engine, candidate, describe } = connection(true)
    for (let index = 0; index < 20; index++) {
      candidate(`candidate:h${index} 1 UDP ${1_000 - index} 10.0.0.${index} 5000 typ host`)
      candidate(`candidate:s${index} 1 UDP ${500 - index} 198.51.100.${index} 5000 typ srflx`)
    }
    describe('offer')
    engine.gathered?.()
    const kept = candidatesIn(given[0])
    expect(kept).toHaveLength(8)
    expect(kept.filter((line) => line.includes('srflx'))).toHaveLength(4)
    expect(kept[0]).toContain('candidate:h0 ')
  })

  it('[MAN-12] does not wait for servers that are silent', () => {
    const { clock, given, describe } = connection(true)
    describe('offer')
    clock.advance(3_900)
    expect(given).toHaveLength(0)
    clock.advance(200)
    expect(given).toHaveLength(1)
  })

  it('[MAN-12] keeps the engine of who answered awake until it is open or closed, as the server of DTLS', () => {
    const { clock, got, engine, made, describe, closedBy } = connection(false)
    made.signal({ type: 'offer', attempt: 0, sdp: description })
    expect(got[0]).toMatchObject({ sdp: expect.stringContaining('a=setup:active') as string })
    describe('answer')
    engine.gathered?.()
    clock.advance(65_000)
    const awake = got.slice(1)
    expect(awake).toHaveLength(3)
    expect(new Set(awake.map((signal) => signal.type === 'candidate' && signal.candidate)).size).toBe(3)
    made.close()
    expect(closedBy).toEqual(['local'])
    clock.advance(60_000)
    expect(got).toHaveLength(4)
  })
})
