import { describe, expect, it } from 'vitest'
import { utf8 } from '../../lib/core/index.ts'
import { SimulatedClock, SimulatedNetwork, type SimulatedNetworkOptions } from '../../lib/testing/index.ts'
import { dial, type End } from './support/dial.ts'

function build(options: Partial<SimulatedNetworkOptions> = {}) {
  const clock = new SimulatedClock()
  return { clock, network: new SimulatedNetwork({ clock, ...options }) }
}

/** A connection between `alice` and `bob`, open. */
function connected(options: Partial<SimulatedNetworkOptions> = {}) {
  const { clock, network } = build(options)
  const [alice, bob] = dial(clock, network, 'alice', 'bob')
  for (let step = 0; step < 100 && !(isOpen(alice) && isOpen(bob)); step++) clock.advance(100)
  expect([isOpen(alice), isOpen(bob)]).toEqual([true, true])
  return { clock, network, alice, bob }
}

const isOpen = (end: End): boolean => end.log.some((line) => line.startsWith('open'))
const numbered = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 255)
const numbersOf = (messages: readonly Uint8Array[]): number[] =>
  messages.map(([high = 0, low = 0]) => (high << 8) | low)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('connecting over the simulated network', () => {
  it('takes an offer, an answer, a candidate and four round trips', () => {
    const { clock, network } = build({ delayMs: 25 })
    const [alice, bob] = dial(clock, network, 'alice', 'bob')
    clock.advance(1_000)
    // 2 ms of signals, three whole round trips, and of the fourth one way for bob, both for alice.
    expect([alice.log, bob.log]).toEqual([['open @202'], ['open @177']])
  })

  it('repeats steps of the handshake that were lost', () => {
    const { clock, network } = build({ delayMs: 25, lossPercent: 40, seed: 3 })
    const [alice, bob] = dial(clock, network, 'alice', 'bob')
    clock.advance(30_000)
    expect([isOpen(alice), isOpen(bob)]).toEqual([true, true])
    expect(network.counters.get('handshakes-repeated')).toBeGreaterThan(0)
  })

  it('does not come about without the answer, or without any candidate', () => {
    for (const withheld of ['answer', 'candidate']) {
      const { clock, network } = build()
      const [alice, bob] = dial(clock, network, 'alice', 'bob')
      alice.intercept = bob.intercept = (signal) => (signal.type === withheld ? undefined : signal)
      clock.advance(60_000)
      expect([isOpen(alice), isOpen(bob)]).toEqual([false, false])
    }
  })

  it('does with the candidate of one side', () => {
    const { clock, network } = build()
    const [alice, bob] = dial(clock, network, 'alice', 'bob')
    bob.intercept = (signal) => (signal.type === 'candidate' ? undefined : signal)
    clock.advance(1_000)
    expect([isOpen(alice), isOpen(bob)]).toEqual([true, true])
  })

  it('refuses signals that are malformed, of another attempt, repeated, tampered with or of somebody else', () => {
    const { clock, network } = build()
    const [alice, bob] = dial(clock, network, 'alice', 'bob')
    const [carol] = dial(clock, network, 'carol', 'dave')
    bob.intercept = (signal) => {
      bob.connection.signal({ ...signal, attempt: 1 })
      bob.connection.signal({ ...signal, type: 'nonsense' } as never)
      if (signal.type === 'offer') {
        bob.connection.signal({ ...signal, sdp: 'v=0' })
        bob.connection.signal({
          ...signal,
          sdp: signal.sdp.replace('fingerprint:sha-256 ', 'fingerprint:sha-256 00'),
        })
        carol.connection.signal({ ...signal, type: 'answer' })
        bob.connection.signal(signal)
      }
      return signal
    }
    clock.advance(1_000)
    const refused = [
      'signal-attempt',
      'signal-malformed',
      'sdp-malformed',
      'sdp-unknown',
      'signal-unexpected',
    ]
    expect(bob.log.map((line) => line.replace(/^refused | @.*/g, ''))).toEqual([
      ...refused,
      'signal-attempt',
      'signal-malformed',
      'open',
    ])
    expect(carol.log[0]).toContain('refused sdp-unknown')
    expect(isOpen(alice)).toBe(true)
    expect(network.counters.get('signals-refused')).toBe(8)
  })
})

describe('datagrams', () => {
  const send = (clock: SimulatedClock, from: End, count: number, everyMs = 5): void => {
    for (const number of upTo(count)) {
      from.connection.sendState(numbered(number))
      clock.advance(everyMs)
    }
    clock.advance(1_000)
  }

  it('all arrive in order, after the delay, without faults', () => {
    const { clock, network, alice, bob } = connected({ delayMs: 40 })
    alice.connection.sendState(numbered(0))
    clock.advance(39.9)
    expect(bob.state).toHaveLength(0)
    clock.advance(0.1)
    expect(bob.state).toHaveLength(1)
    send(clock, bob, 300)
    expect(numbersOf(alice.state)).toEqual(upTo(300))
    expect(network.peer('bob').traffic).toMatchObject({
      datagramsSent: 300,
      datagramsReceived: 1,
      bytesSent: 600,
    })
  })

  it('keep their order under jitter far above their distance', () => {
    const { clock, alice, bob } = connected({ delayMs: 100, jitterMs: 80 })
    send(clock, alice, 500)
    expect(numbersOf(bob.state)).toEqual(upTo(500))
  })

  it('are lost, doubled and overtaken as often as asked for', () => {
    const { clock, network, alice, bob } = connected({ delayMs: 30 })
    network.setConditions({ lossPercent: 10, duplicatePercent: 5, reorderPercent: 20, reorderMs: 30 })
    send(clock, alice, 2_000)
    const numbers = numbersOf(bob.state)
    const distinct = new Set(numbers)
    expect(2_000 - distinct.size).toBeGreaterThan(150)
    expect(2_000 - distinct.size).toBeLessThan(250)
    expect(numbers.length - distinct.size).toBeGreaterThan(60)
    expect(numbers.length - distinct.size).toBeLessThan(140)
    const overtaken = numbers.filter((number, index) => number < Math.max(...numbers.slice(0, index))).length
    expect(overtaken).toBeGreaterThan(250)
    expect(network.counters.get('datagrams-sent')).toBe(2_000)
    expect(network.counters.get('datagrams-delivered')).toBe(numbers.length)
  })

  it('obey the conditions of their own pair and direction', () => {
    const { clock, network } = build({ delayMs: 10 })
    const [alice, bob] = dial(clock, network, 'alice', 'bob')
    const [carol, dave] = dial(clock, network, 'carol', 'dave')
    clock.advance(1_000)
    network.setConditionsFrom('alice', 'bob', { lossPercent: 100 })
    network.setConditionsBetween('carol', 'dave', { delayMs: 200 })
    for (const end of [alice, bob, carol, dave]) end.connection.sendState(numbered(1))
    clock.advance(10)
    expect([alice, bob, carol, dave].map((end) => end.state.length)).toEqual([1, 0, 0, 0])
    clock.advance(190)
    expect([alice, bob, carol, dave].map((end) => end.state.length)).toEqual([1, 0, 1, 1])
  })

  it('wait in front of a slow path, then overflow', () => {
    const { clock, network, alice, bob } = connected()
    network.setConditions({ bandwidthKbps: 80 }) // 10 bytes a millisecond
    const datagram = new Uint8Array(1_000)
    alice.connection.sendState(datagram)
    alice.connection.sendState(datagram)
    expect(alice.connection.stateBufferedAmount).toBe(2_000)
    clock.advance(150)
    expect([bob.state.length, alice.connection.stateBufferedAmount]).toEqual([1, 500])
    for (let count = 0; count < 20; count++) alice.connection.sendState(datagram)
    clock.advance(5_000)
    expect(network.counters.get('datagrams-overflowed')).toBeGreaterThan(0)
    expect(bob.state.length).toBe(22 - network.counters.get('datagrams-overflowed'))
    expect(alice.connection.stateBufferedAmount).toBe(0)
  })

  it('are valid during the call only, and copied when sent', () => {
    const { clock, network } = build()
    const kept: Uint8Array[] = []
    const [alice] = dial(clock, network, 'alice', 'bob')
    const [carol, dave] = dial(clock, network, 'carol', 'dave')
    dave.state.push = (bytes) => kept.push(bytes)
    clock.advance(1_000)
    const bytes = utf8('sent')
    carol.connection.sendState(bytes)
    bytes.fill(0)
    alice.connection.sendState(bytes)
    clock.advance(1)
    expect(kept).toEqual([utf8('sent')])
  })
})

describe('control', () => {
  it('arrives complete and in order under loss and jitter, large messages too', () => {
    const { clock, network, alice, bob } = connected({ delayMs: 40, jitterMs: 30 })
    network.setConditions({ lossPercent: 20 })
    const sizes = upTo(200).map((number) => (number % 20 === 0 ? 60_000 : 100))
    for (const [number, size] of sizes.entries()) {
      const message = new Uint8Array(size)
      message.set(numbered(number))
      alice.connection.sendControl(message)
      clock.advance(20)
    }
    expect(alice.connection.controlBufferedAmount).toBeGreaterThan(0)
    clock.advance(60_000)
    expect(numbersOf(bob.control)).toEqual(upTo(200))
    expect(bob.control.map((message) => message.length)).toEqual(sizes)
    expect(network.counters.get('control-repeated')).toBeGreaterThan(20)
    expect(alice.connection.controlBufferedAmount).toBe(0)
  })

  it('reaches a side that opens later than it was sent', () => {
    const { clock, network } = build({ delayMs: 50, jitterMs: 50 })
    for (const name of upTo(20)) {
      const [alice, bob] = dial(clock, network, `a${name}`, `b${name}`)
      for (let step = 0; step < 2_000 && !isOpen(bob); step++) clock.advance(1)
      bob.connection.sendControl(numbered(7))
      clock.advance(1_000)
      expect(numbersOf(alice.control)).toEqual([7])
    }
  })

  it('can not be sent before both channels are open, nor after the end', () => {
    const { clock, network } = build()
    const [alice] = dial(clock, network, 'alice', 'bob')
    expect(() => alice.connection.sendControl(numbered(1))).toThrow('not open')
    alice.connection.sendState(numbered(1))
    clock.advance(1_000)
    alice.connection.close()
    expect(() => alice.connection.sendControl(numbered(1))).toThrow('not open')
    alice.connection.sendState(numbered(1))
    expect(network.counters.get('datagrams-sent')).toBe(0)
  })
})

describe('a cut path', () => {
  it('loses datagrams, and brings control once it heals', () => {
    const { clock, network, alice, bob } = connected({ delayMs: 20 })
    const heal = network.cut('alice', 'bob')
    alice.connection.sendState(numbered(1))
    alice.connection.sendControl(numbered(2))
    clock.advance(9_000)
    expect([bob.state.length, bob.control.length]).toEqual([0, 0])
    heal()
    clock.advance(4_000)
    expect([bob.state.length, numbersOf(bob.control)]).toEqual([0, [2]])
    clock.advance(60_000)
    expect([alice.log.length, bob.log.length]).toEqual([1, 1])
  })

  it('fails both sides after 12 s, one-way as well', () => {
    for (const raise of ['cut', 'cutOneWay'] as const) {
      const { clock, network, alice, bob } = connected()
      const start = clock.now()
      network[raise]('bob', 'alice')
      alice.connection.sendState(numbered(1))
      clock.advance(20_000)
      expect(bob.state.length).toBe(raise === 'cut' ? 0 : 1)
      expect([alice.log[1], bob.log[1]]).toEqual(Array(2).fill(`closed failed @${start + 12_000}`))
      expect(network.openConnections).toBe(0)
      expect(clock.pendingTimers).toBe(0)
    }
  })

  it('separates groups from each other and nobody else', () => {
    const { clock, network } = build()
    const pairs = ['ab', 'ac', 'cd', 'ae'].map((pair) => dial(clock, network, pair.charAt(0), pair.charAt(1)))
    clock.advance(1_000)
    const heal = network.partition(['a', 'b'], ['c', 'd'])
    for (const [end] of pairs) end.connection.sendState(numbered(1))
    clock.advance(1)
    expect(pairs.map(([, end]) => end.state.length)).toEqual([1, 0, 1, 1])
    heal()
    const restore = network.isolate('a')
    for (const [end] of pairs) end.connection.sendState(numbered(1))
    clock.advance(1)
    expect(pairs.map(([, end]) => end.state.length)).toEqual([1, 0, 2, 1])
    restore()
    network.cut('a', 'e')
    network.heal()
    for (const [end] of pairs) end.connection.sendState(numbered(1))
    clock.advance(1)
    expect(pairs.map(([, end]) => end.state.length)).toEqual([2, 1, 3, 2])
  })
})

describe('processes', () => {
  it('that are killed send, receive and tell nothing, and the others find out by silence', () => {
    const { clock, network, alice, bob } = connected({ delayMs: 10 })
    const process = network.peer('bob')
    const ticks: number[] = []
    process.clock.every(100, () => ticks.push(clock.now()))
    alice.connection.sendControl(numbered(1))
    network.kill('bob')
    bob.connection.sendControl(numbered(2))
    bob.connection.sendState(numbered(2))
    const start = clock.now()
    clock.advance(60_000)
    expect([bob.log.length, bob.control, ticks, alice.control, alice.state]).toEqual([1, [], [], [], []])
    expect(alice.log[1]).toBe(`closed failed @${start + 12_000}`)
    expect([network.openConnections, clock.pendingTimers]).toEqual([0, 0])
    expect(network.peer('bob')).not.toBe(process)
    const [again] = dial(clock, network, 'alice', 'bob')
    clock.advance(1_000)
    expect(isOpen(again)).toBe(true)
  })

  it('that never started can not be killed: a mistyped name is no test', () => {
    const { network } = build()
    for (const fault of ['kill', 'freeze', 'thaw'] as const)
      expect(() => network[fault]('bpb')).toThrow('"bpb"')
  })

  it('that stand still receive everything in one burst when they go on', () => {
    const { clock, network, alice, bob } = connected({ delayMs: 10 })
    const { clock: bobsClock } = network.peer('bob')
    const ticks: number[] = []
    const stop = bobsClock.every(1_000, () => ticks.push(bob.state.length))
    network.freeze('bob')
    for (const number of upTo(50)) {
      alice.connection.sendState(numbered(number))
      alice.connection.sendControl(numbered(number))
      clock.advance(100)
    }
    expect([ticks.length, bob.state.length, bob.control.length]).toEqual([0, 0, 0])
    network.thaw('bob')
    clock.advance(0)
    expect([ticks, numbersOf(bob.state), numbersOf(bob.control)]).toEqual([[0], upTo(50), upTo(50)])
    clock.advance(60_000)
    expect([alice.log.length, bob.log.length]).toEqual([1, 1])
    stop()
  })

  it('that stand still too long lose their connections', () => {
    const { clock, network, alice, bob } = connected()
    network.freeze('bob')
    clock.advance(13_000)
    expect(alice.log[1]).toContain('closed failed')
    expect(bob.log).toHaveLength(1)
    network.thaw('bob')
    clock.advance(12_000)
    expect(bob.log[1]).toContain('closed failed')
  })

  it('that close tell the other side, once, and leave nothing', () => {
    const { clock, network, alice, bob } = connected({ delayMs: 30 })
    const start = clock.now()
    alice.connection.sendControl(numbered(1))
    alice.connection.close()
    alice.connection.close()
    clock.advance(60_000)
    expect([alice.log[1], bob.log[1]]).toEqual([`closed local @${start}`, `closed remote @${start + 30}`])
    expect([alice.log.length, bob.log.length, numbersOf(bob.control)]).toEqual([2, 2, [1]])
    expect([network.openConnections, clock.pendingTimers]).toEqual([0, 0])
  })

  it('whose closing was lost on the way are missed after 12 s', () => {
    const { clock, network, alice, bob } = connected()
    const heal = network.cut('alice', 'bob')
    alice.connection.close()
    clock.advance(100)
    heal()
    clock.advance(12_000)
    expect(bob.log[1]).toContain('closed failed')
  })
})

describe('conditions', () => {
  it('out of range are refused', () => {
    for (const wrong of [
      { lossPercent: 101 },
      { delayMs: -1 },
      { jitterMs: Number.NaN },
      { bandwidthKbps: 0 },
    ]) {
      expect(() => build(wrong)).toThrow(/has to be/)
      expect(() => build().network.setConditions(wrong)).toThrow(/has to be/)
      expect(() => build().network.setConditionsBetween('a', 'b', wrong)).toThrow(/has to be/)
    }
  })
})
