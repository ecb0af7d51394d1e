import { beforeEach, describe, expect, it } from 'vitest'
import { Counters } from '../../lib/core/index.ts'
import type { Peer } from '../../lib/session/peer.ts'
import type { Session } from '../../lib/session/session.ts'
import { SignalRelay } from '../../lib/session/signalRelay.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'

const sealed = new Uint8Array(1)
let clock: SimulatedClock
let dropped: Counters
let relay: SignalRelay
let sent: Map<string, number>

const peerOf = (id: string): Peer => {
  const send = (): boolean => {
    sent.set(id, (sent.get(id) ?? 0) + 1)
    return true
  }
  return { member: { id, signKey: new TextEncoder().encode(id) }, control: { send } } as unknown as Peer
}

beforeEach(() => {
  clock = new SimulatedClock()
  dropped = new Counters()
  sent = new Map()
  const session = {
    environment: { clock, dropped, budgets: { signalsRelayedPerSecond: 20, signalsRelayedAtOnce: 100 } },
    record: { state: { member: (key: Uint8Array) => peerOf(new TextDecoder().decode(key)).member } },
    peer: peerOf,
  }
  relay = new SignalRelay(session as unknown as Session)
})

const flood = (from: string, to: string, count: number): void => {
  const peer = new TextEncoder().encode(to)
  for (let index = 0; index < count; index++) relay.relay(peerOf(from), { type: 'signal', peer, sealed })
}

describe('[LNK-21] a host', () => {
  it('relays no more of one member than its budget, and counts by whom the rest was', () => {
    flood('ben', 'cem', 60)
    flood('ben', 'dora', 60)
    expect([...sent]).toEqual([
      ['cem', 60],
      ['dora', 40],
    ])
    expect(dropped.from('ben')).toEqual({ 'signal-rate': 20 })
    clock.advance(1_000)
    flood('ben', 'dora', 60)
    expect(sent.get('dora')).toBe(60)
  })

  it('relays no more to one member than its link bears, however many send', () => {
    for (const from of ['ben', 'cem', 'dora']) flood(from, 'emil', 60)
    expect(sent.get('emil')).toBe(100)
    flood('dora', 'ben', 10)
    expect(sent.get('ben')).toBe(10)
    relay.forget('emil')
    flood('cem', 'emil', 10)
    expect(sent.get('emil')).toBe(110)
  })
})
