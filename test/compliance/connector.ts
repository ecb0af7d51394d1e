// What every connector has to keep, whatever is below it: engines of Node, browsers, the simulated network.
// Runs in Node and in pages alike, so nothing of either is imported here.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Clock, RandomSource } from '../../lib/core/index.ts'
import { limits, type Signal } from '../../lib/protocol/index.ts'
import {
  establishLink,
  statePayloadBytes,
  type Connector,
  type Link,
  type LinkTimings,
} from '../../lib/rtc/index.ts'
import { signalWay, type SignalWay } from './signalWay.ts'

/** One side of a {@link ConnectorPair}. */
export interface ConnectorSide {
  connector: Connector
  clock: Clock
  random: RandomSource
}

/** The network between both sides, to be made bad. Both directions are meant. */
export interface PairPath {
  set(conditions: {
    delayMs?: number
    jitterMs?: number
    lossPercent?: number
    /** Lets jitter, or whatever the path has for it, change the order. */
    reorder?: boolean
  }): void | Promise<void>
  block(): void | Promise<void>
  unblock(): void | Promise<void>
}

/** Two sides that can connect, and the means to watch them. */
export interface ConnectorPair {
  initiator: ConnectorSide
  responder: ConnectorSide
  /** Without one, what takes a bad network is left out. */
  path?: PairPath
  /** Lets `ms` pass, for both sides. */
  pass(ms: number): Promise<void>
  /** What is open now, as a number that close() has to bring back to what it was: sockets, timers. */
  openResources?(): number
  /** Whether many datagrams at once make a queue somewhere; not so where the path is as wide as you like. */
  queues?: boolean
  close?(): void | Promise<void>
}

/** Gaps between two looks at a condition, ms. */
const lookEveryMs = 10
/** How long conditions may take: generous, since machines are busy. Nothing is asserted about speed. */
const patienceMs = 15_000
/** How much later than promised things may happen on a busy machine, ms. */
const toleranceMs = 600

/** Runs the suite on pairs made by `makePair`, a fresh one for each test, told whether the test needs a `path`. */
export function describeConnector(
  name: string,
  makePair: (needs: { path: boolean }) => ConnectorPair | Promise<ConnectorPair>,
  { badNetwork = true }: { badNetwork?: boolean } = {},
): void {
  describe(`links over ${name}`, () => {
    let pair: ConnectorPair
    let way: SignalWay
    let links: Link[]

    async function setUp(needs: { path: boolean }): Promise<void> {
      pair = await makePair(needs)
      way = signalWay()
      links = []
    }

    afterEach(async () => {
      for (const link of links) link.close()
      await pair.close?.()
    })

    async function until(what: string, condition: () => boolean): Promise<void> {
      for (let waited = 0; waited < patienceMs; waited += lookEveryMs) {
        if (condition()) return
        await pair.pass(lookEveryMs)
      }
      if (!condition()) throw new Error(`Waited in vain for ${what}.`)
    }

    async function settle<T>(what: string, work: Promise<T>): Promise<T> {
      let settled = false
      work.finally(() => (settled = true)).catch(() => undefined)
      await until(what, () => settled)
      return work
    }

    function begin(timings: Partial<LinkTimings> = {}, signal?: AbortSignal): [Promise<Link>, Promise<Link>] {
      const side = (initiator: boolean): Promise<Link> => {
        const { connector, clock, random } = initiator ? pair.initiator : pair.responder
        const signals = initiator ? way.initiator : way.responder
        const link = establishLink({
          connector,
          initiator,
          signals,
          clock,
          random,
          timings,
          ...(signal && { signal }),
        })
        link.then((made) => links.push(made)).catch(() => undefined)
        return link
      }
      return [side(true), side(false)]
    }

    async function connected(timings: Partial<LinkTimings> = {}): Promise<[Link, Link]> {
      return settle('both links', Promise.all(begin(timings)))
    }

    const bothWays = (ends: [Link, Link]): [Link, Link][] => [ends, [ends[1], ends[0]]]

    describe('on a good network', () => {
      beforeEach(() => setUp({ path: false }))

      it('[LNK-1] [LNK-5] carry messages both ways on both channels', async () => {
        const ends = await connected()
        for (const [from, to] of bothWays(ends)) {
          expect(from.state).toBe('open')
          const control = collect(to)
          const state: number[][] = []
          to.onState((payload) => state.push([...payload]))
          from.sendControl(Uint8Array.of(1, 2, 3))
          await until('a control message', () => control.length === 1)
          await until('a datagram', () => (from.sendState(Uint8Array.of(4, 5)), state.length > 0))
          expect(control).toEqual([[1, 2, 3]])
          expect(state[0]).toEqual([4, 5])
        }
      })

      it('[LNK-31] deliver 500 control messages each way, exactly once and in order', async () => {
        const ends = await connected()
        const received = ends.map((link) => collect(link))
        for (let number = 0; number < 500; number++) {
          for (const link of ends) link.sendControl(Uint8Array.of(number >> 8, number & 255))
        }
        await until('all of them', () => received.every((messages) => messages.length >= 500))
        await pair.pass(50)
        const expected = Array.from({ length: 500 }, (_, number) => [number >> 8, number & 255])
        expect(received).toEqual([expected, expected])
      })

      it('[LNK-30] [LNK-10] take messages up to their limits, and refuse larger ones to the sender', async () => {
        const ends = await connected()
        const [from, to] = ends
        const control = collect(to)
        const sizes: number[] = []
        to.onState((payload) => sizes.push(payload.length))
        const largest = new Uint8Array(limits.controlMessageBytes).map((_, index) => index % 251)
        from.sendControl(largest)
        await until('the largest control message', () => control.length === 1)
        expect(control[0]).toEqual([...largest])
        await until(
          'the largest datagram',
          () => (from.sendState(new Uint8Array(statePayloadBytes)), sizes.length > 0),
        )
        expect(sizes[0]).toBe(statePayloadBytes)
        const tooLarge = expect.objectContaining({ code: 'message-too-large' }) as unknown
        expect(catching(() => from.sendControl(new Uint8Array(limits.controlMessageBytes + 1)))).toEqual(
          tooLarge,
        )
        expect(catching(() => from.sendState(new Uint8Array(statePayloadBytes + 1)))).toEqual(tooLarge)
      })

      it('[LNK-36] keep control messages for a listener that comes later', async () => {
        const [from, to] = await connected()
        for (const number of [1, 2, 3]) from.sendControl(Uint8Array.of(number))
        await until('them to arrive', () => to.quality().bytesReceived >= 3)
        await pair.pass(100)
        const received = collect(to)
        await until('all of them', () => received.length >= 3)
        expect(received).toEqual([[1], [2], [3]])
      })

      it('[LNK-60] [LNK-61] measure the round trip and the difference of both clocks', async () => {
        const ends = await connected()
        await driving(ends, 20)
        for (const [link, other] of bothWays(ends)) {
          const [own, its] =
            link === ends[0] ? [pair.initiator, pair.responder] : [pair.responder, pair.initiator]
          expect(other.quality().rttMs).toBeGreaterThanOrEqual(0)
          const period = 2 ** 24 / 4
          const difference = (own.clock.now() - its.clock.now() - (link.clockOffset ?? NaN)) / period
          const error = Math.abs(difference - Math.round(difference)) * period
          expect(error).toBeLessThanOrEqual((link.quality().minRttMs ?? 0) / 2 + 1)
        }
      })

      it('[LNK-50] close from either side, tell the other, and leave nothing', async () => {
        const before = pair.openResources?.()
        for (const closing of [0, 1] as const) {
          const ends = await connected()
          const reasons = ends.map((link) => closings(link))
          ends[closing].close()
          ends[closing].close()
          expect(reasons[closing]).toEqual(['local'])
          await until('the other side to hear of it', () => reasons[1 - closing]?.length === 1)
          expect(reasons[1 - closing]).toEqual(['remote'])
          expect(ends.map((link) => link.state)).toEqual(['closed', 'closed'])
          expect(ends[0].sendState(Uint8Array.of(1))).toBe(false)
          expect(catching(() => ends[0].sendControl(Uint8Array.of(1)))).toMatchObject({ code: 'closed' })
          way = signalWay()
        }
        await until('everything to be freed', () => (pair.openResources?.() ?? 0) <= (before ?? 0))
      })

      it('[LNK-6] refuse and count malformed, oversized and foreign signals, and connect all the same', async () => {
        let tampered = false
        way.intercept = (signal, deliver) => {
          if (signal.type === 'offer' && !tampered) {
            tampered = true
            for (const bad of badSignals(signal.sdp)) deliver(bad as Signal)
          }
          deliver(signal)
        }
        const [, responder] = await connected()
        const { dropped } = responder.quality()
        const count = Object.values(dropped).reduce((sum, amount) => sum + amount, 0)
        expect(tampered).toBe(true)
        expect(count).toBeGreaterThanOrEqual(badSignals('').length)
      })

      it('[LNK-3] [LNK-4] try again when all signals of an attempt are lost', async () => {
        const seen = new Set<number>()
        way.intercept = (signal, deliver) => {
          seen.add(signal.attempt)
          if (signal.attempt > 0) deliver(signal)
        }
        const ends = await connected({ attemptMs: 1_500 })
        expect([...seen].slice(0, 2)).toEqual([0, 1])
        expect(ends.map((link) => link.state)).toEqual(['open', 'open'])
      })

      it('[LNK-4] follow a higher attempt and let signals of a lower one go by', async () => {
        const kept: Signal[] = []
        way.intercept = (signal, deliver) => {
          // The first answer is lost, so the initiator tries again; then all signals of the first attempt return.
          if (signal.attempt === 0 && signal.type === 'answer') return void kept.push(signal)
          if (signal.attempt === 1) for (const old of kept) deliver(old)
          deliver(signal)
        }
        const ends = await connected({ attemptMs: 1_500 })
        expect(ends.map((link) => link.state)).toEqual(['open', 'open'])
        expect(ends[0].quality().dropped['signal-attempt']).toBeGreaterThan(0)
      })

      it('[LNK-3] give up after the last attempt, saying what to do', async () => {
        way.intercept = () => undefined
        const both = begin({ attemptMs: 200, attempts: 2 })
        const [initiator] = await settle('the failure', Promise.allSettled([both[0]]))
        expect(initiator).toMatchObject({ status: 'rejected', reason: { code: 'link-failed' } })
        expect((initiator as PromiseRejectedResult).reason).toHaveProperty(
          'message',
          expect.stringMatching(/UDP/),
        )
        both[1].catch(() => undefined)
      })

      it('stop connecting when aborted, and leave nothing', async () => {
        const before = pair.openResources?.()
        const abort = new AbortController()
        way.intercept = (signal, deliver) => {
          if (signal.type !== 'answer') deliver(signal)
        }
        const both = begin({}, abort.signal)
        await pair.pass(100)
        abort.abort()
        for (const outcome of await settle('the end', Promise.allSettled(both))) {
          expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'aborted' } })
        }
        await until('everything to be freed', () => (pair.openResources?.() ?? 0) <= (before ?? 0))
      })

      it('[LNK-15] skip datagrams rather than queue them when too many are sent at once', async () => {
        const ends = await connected()
        if (pair.queues === false) return
        const payload = new Uint8Array(statePayloadBytes)
        let skipped = 0
        for (let number = 0; number < 3_000 && skipped < 100; number++) {
          if (!ends[0].sendState(payload)) skipped++
        }
        expect(skipped).toBe(100)
        expect(ends[0].quality().datagramsSkipped).toBe(100)
        let fresh = 0
        ends[1].onState((received) => received.length === 1 && fresh++)
        await until('the way to be free again', () => (ends[0].sendState(Uint8Array.of(1)), fresh > 0))
      })
    })

    describe.runIf(badNetwork)('on a bad network', () => {
      beforeEach(() => setUp({ path: true }))

      it('[LNK-1] [LNK-62] lose datagrams for good, and hold none up for lost ones', async () => {
        const { path } = pair as Required<ConnectorPair>
        const delayMs = 100
        const ends = await connected()
        await path.set({ delayMs })
        // Once the offset is known to be good, delays can be told.
        await driving(ends, 20)
        await path.set({ delayMs, lossPercent: 20 })
        await driving(ends, 40, 10)
        const delays: number[] = []
        const [from, to] = ends
        to.onState((_, sentAt, receivedAt) => delays.push(receivedAt - sentAt - (to.clockOffset ?? NaN)))
        const received = to.quality().datagramsReceived
        const sent = from.quality().datagramsSent
        await driving(ends, 150, 20)
        await pair.pass(500)
        const share =
          (to.quality().datagramsReceived - received) / Math.max(1, from.quality().datagramsSent - sent)
        // 20 % of about 150, ± 4 standard deviations.
        expect(share).toBeGreaterThan(0.66)
        expect(share).toBeLessThan(0.94)
        expect(to.quality().lossIn).toBeGreaterThan(0.05)
        expect(to.quality().lossIn).toBeLessThan(0.4)
        // Were the 20 % repeated, they and what waits behind them would take at least two more transits. That leaves
        // room for what a busy machine holds up.
        delays.sort((a, b) => a - b)
        expect(delays[Math.floor(delays.length * 0.85)]).toBeLessThan(3 * delayMs)
        // Nothing lost turns up later.
        expect(to.quality().dropped.superseded ?? 0).toBeLessThan(5)
      })

      it('[LNK-13] deliver what is newer only, in whatever order it arrives', async () => {
        const { path } = pair as Required<ConnectorPair>
        const ends = await connected()
        const times: number[] = []
        ends[1].onState((_, sentAt) => times.push(sentAt))
        await path.set({ delayMs: 60, jitterMs: 60, reorder: true })
        await until('some to be overtaken', () => {
          for (const link of ends) link.sendState(Uint8Array.of(1))
          return times.length > 5 && (ends[1].quality().dropped.superseded ?? 0) > 5
        })
        expect(times).toEqual([...times].sort((a, b) => a - b))
      })

      it('[LNK-31] keep control exactly once and in order', async () => {
        const { path } = pair as Required<ConnectorPair>
        const ends = await connected()
        await path.set({ delayMs: 10, jitterMs: 5, lossPercent: 10 })
        const received = collect(ends[1])
        for (let number = 0; number < 100; number++) ends[0].sendControl(Uint8Array.of(number))
        await until('all of them', () => received.length >= 100)
        expect(received).toEqual(Array.from({ length: 100 }, (_, number) => [number]))
      })

      it('[LNK-15] skip state while nothing comes back, and send the newest at once when it does', async () => {
        const { path } = pair as Required<ConnectorPair>
        // Not given up in this test, however slow the machine.
        const ends = await connected({ deadMs: 20_000 })
        await driving(ends, 10)
        await path.block()
        let sent = 0
        await driving(ends, 50, 33, (accepted) => accepted && sent++)
        // 300 ms and a round trip at 30 Hz and two links; far from the 100 that were offered.
        expect(sent).toBeLessThan(50)
        expect(ends[0].quality().datagramsSkipped).toBeGreaterThan(20)
        const ages: number[] = []
        ends[1].onState((_, sentAt, at) => ages.push(at - sentAt - (ends[1].clockOffset ?? 0)))
        await path.unblock()
        await until('fresh state', () => {
          for (const link of ends) link.sendState(Uint8Array.of(1))
          return ages.length > 10
        })
        expect(Math.max(...ages)).toBeLessThan(1_000 + toleranceMs)
      })

      it('[LNK-40] [LNK-41] suspect a peer killed 1.5 s ago, and give it up after 2 s', async () => {
        const { path } = pair as Required<ConnectorPair>
        const ends = await connected()
        await driving(ends, 5)
        const clocks = [pair.initiator.clock, pair.responder.clock]
        const events = ends.map((link, index) => {
          const log: { what: string; at: number }[] = []
          const note = (what: string): void => void log.push({ what, at: clocks[index]?.now() ?? NaN })
          link.on('suspect', () => note('suspect'))
          link.on('closed', ({ reason }) => note(reason))
          return log
        })
        await path.block()
        const blockedAt = clocks.map((clock) => clock.now())
        await until('both to give up', () => events.every((log) => log.length === 2))
        events.forEach((log, index) => {
          expect(log.map(({ what }) => what)).toEqual(['suspect', 'silent'])
          const [suspected, dead] = log.map(({ at }) => at - (blockedAt[index] ?? NaN))
          expect(suspected).toBeLessThan(1_500 + toleranceMs)
          expect(dead).toBeLessThan(2_000 + toleranceMs)
        })
      })

      it('[LNK-40] trust a suspect again once it is heard', async () => {
        const { path } = pair as Required<ConnectorPair>
        // Not given up in this test, however slow the machine.
        const ends = await connected({ suspectMs: 700, deadMs: 20_000 })
        const events = ends.map((link) => {
          const log: string[] = []
          link.on('suspect', () => log.push('suspect'))
          link.on('recovered', () => log.push('recovered'))
          return log
        })
        await path.block()
        await until('suspicion', () => events.every((log) => log.includes('suspect')))
        await path.unblock()
        await until('trust', () => events.every((log) => log.at(-1) === 'recovered'))
        expect(ends.map((link) => link.state)).toEqual(['open', 'open'])
      })
    })

    /** Sends state both ways at a steady pace. */
    async function driving(
      ends: [Link, Link],
      times: number,
      everyMs = 33,
      note: (accepted: boolean) => void = () => undefined,
    ): Promise<void> {
      for (let time = 0; time < times; time++) {
        for (const link of ends) note(link.sendState(new Uint8Array(40)))
        await pair.pass(everyMs)
      }
    }
  })
}

function collect(link: Link): number[][] {
  const messages: number[][] = []
  link.on('control', (message) => messages.push([...message]))
  return messages
}

function closings(link: Link): string[] {
  const reasons: string[] = []
  link.on('closed', ({ reason }) => reasons.push(reason))
  return reasons
}

function catching(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}

// None of these may reach an engine, nor take the place of what comes after it.
function badSignals(sdp: string): unknown[] {
  return [
    null,
    {},
    { type: 'offer', attempt: 0 },
    { type: 'offer', attempt: 0, sdp: 'v=0' },
    { type: 'offer', attempt: 0, sdp: 'x'.repeat(limits.sdpBytes + 1) },
    { type: 'offer', attempt: NaN, sdp },
    { type: 'offer', attempt: -1, sdp },
    { type: 'answer', attempt: 0, sdp },
    { type: 'offer', attempt: 0, sdp: sdp.replace(/a=fingerprint.*\r\n/, '') },
    { type: 'offer', attempt: 0, sdp: sdp.replace(/^m=application/m, 'm=audio') },
    { type: 'candidate', attempt: 0, candidate: 'x'.repeat(513), sdpMid: '0', sdpMLineIndex: 0 },
    { type: 'candidate', attempt: 0, candidate: 'candidate:nonsense', sdpMid: '0', sdpMLineIndex: 0 },
    {
      type: 'candidate',
      attempt: 0,
      candidate: 'candidate:1 1 UDP 1 tracker.example 9 typ host',
      sdpMid: '0',
      sdpMLineIndex: 0,
    },
  ]
}
