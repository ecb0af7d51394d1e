import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statePayloadBytes } from '../../lib/rtc/index.ts'
import { datagram, fieldsOf, RawSide } from './support/rawSide.ts'

async function established(): Promise<RawSide & { received: number[][] }> {
  const side = Object.assign(new RawSide(), { received: [] as number[][] })
  const link = await side.establish()
  link.onState((payload) => side.received.push([...payload]))
  side.sentState.length = 0
  return side
}

/** A side whose link has had payloads for ten seconds, more than it takes; the next one has the sequence 101. */
async function settled(): Promise<RawSide> {
  const side = await established()
  for (let sequence = 1; sequence <= 100; sequence++) {
    side.state(datagram({ sequence, sent: sequence * 400 }, [1]))
    side.clock.advance(100)
  }
  side.sentState.length = 0
  return side
}

describe('datagrams', () => {
  it('[LNK-10] [LNK-11] look as the specification draws them', async () => {
    const side = await established()
    side.clock.advance(50)
    side.state(datagram({ sequence: 2, sent: 0x123456 }, [9]))
    side.clock.advance(10)
    side.link?.sendState(Uint8Array.of(7, 8))
    expect(fieldsOf(side.sentState[0] ?? new Uint8Array(19))).toEqual({
      version: 1,
      flags: 1 + 2,
      // The probe that opened the link was the first.
      sequence: 1,
      sent: (10_060 * 4) % 2 ** 24,
      echo: 0x123456,
      hold: 40,
      newest: 2,
      // 1 is missing, 0 arrived; what came before the first is nobody's loss.
      arrivals: 0xfffffffe,
      controlReceived: 0,
      payload: [7, 8],
    })
  })

  it('[LNK-2] [LNK-12] of another version or shape are dropped, counted, and no sign of life', async () => {
    const side = await established()
    side.clock.advance(1_400)
    side.state(datagram({ version: 2, sequence: 1 }, [1]))
    side.state(datagram({ sequence: 1 }, [1]).subarray(0, 18))
    side.state(datagram({ sequence: 1, flags: 0 }, [1]))
    side.state(new Uint8Array(1_151).fill(0x11))
    side.state(new Uint8Array(0))
    expect([side.dropped('version'), side.dropped('malformed'), side.dropped('too-large')]).toEqual([1, 3, 1])
    expect(side.received).toEqual([])
    side.clock.advance(101)
    expect(side.link?.state).toBe('suspect')
  })

  it('[LNK-13] that are not newer are dropped, but count as arrived', async () => {
    const side = await established()
    for (const sequence of [5, 3, 5, 3, 4, 6]) side.state(datagram({ sequence }, [sequence]))
    expect(side.received).toEqual([[5], [6]])
    expect([side.dropped('superseded'), side.dropped('duplicate')]).toEqual([2, 2])
    side.link?.sendState(Uint8Array.of(1))
    // 5, 4, 3 arrived, 2 and 1 did not, 0 did.
    expect((fieldsOf(side.sentState.at(-1) ?? new Uint8Array()).arrivals & 0b111111) >>> 0).toBe(0b100111)
  })

  it('[LNK-13] go on past the end of their numbers', async () => {
    const side = new RawSide()
    const link = await side.establish({ sequence: 65_534, sent: 2 ** 24 - 8 })
    const times: number[] = []
    link.onState((payload, sentAt) => times.push(payload[0] ?? 0, sentAt))
    for (const [sequence, sent] of [
      [65_535, 2 ** 24 - 4],
      [0, 0],
      [1, 4],
    ] as const) {
      side.clock.advance(1)
      side.state(datagram({ sequence, sent }, [sequence & 255]))
    }
    const wrap = 2 ** 24 / 4
    expect(times).toEqual([255, wrap - 1, 0, wrap, 1, wrap + 1])
  })

  it('[LNK-14] held back while the path was dead are dropped as stale, the fresh ones after them are not', async () => {
    const side = await established()
    side.clock.advance(100)
    side.state(datagram({ sequence: 1, sent: 400 }, [1]))
    side.clock.advance(1_200)
    side.state(datagram({ sequence: 2, sent: 600 }, [2]))
    side.state(datagram({ sequence: 3, sent: 1_300 * 4 }, [3]))
    expect(side.received).toEqual([[1], [3]])
    expect(side.dropped('stale')).toBe(1)
  })

  it('[LNK-14] that are all stale for 3 s tell of a clock that jumped, and pass again', async () => {
    const side = await established()
    for (let sequence = 1; sequence <= 50; sequence++) {
      side.clock.advance(100)
      // The other side slept for 2 s, and its clock with it.
      side.state(datagram({ sequence, sent: 400 * sequence - 8_000 }, [sequence]))
    }
    expect(side.dropped('stale')).toBe(30)
    expect(side.received.length).toBe(20)
  })

  it('[LNK-15] are skipped, not queued, while earlier ones wait in the engine', async () => {
    const side = await established()
    side.bufferedBytes = 1_300
    expect(side.link?.sendState(Uint8Array.of(1))).toBe(false)
    expect(side.sentState).toEqual([])
    side.bufferedBytes = 0
    expect(side.link?.sendState(Uint8Array.of(2))).toBe(true)
    expect(side.link?.quality().datagramsSkipped).toBe(1)
  })

  it('[LNK-15] pause when 400 ms and five payloads brought no answer, and go on with the first sign of life', async () => {
    const side = await established()
    const send = (): boolean | undefined => side.link?.sendState(Uint8Array.of(1))
    for (let count = 0; count < 4; count++) expect(send()).toBe(true)
    side.clock.advance(399)
    expect(send()).toBe(true)
    side.clock.advance(2)
    expect(send()).toBe(false)
    side.state(datagram({ sequence: 1, sent: 1_600 }))
    expect(send()).toBe(true)
  })

  it('[LNK-15] do not pause for a lost answer when few are sent', async () => {
    const side = await established()
    for (let count = 0; count < 5; count++) {
      expect(side.link?.sendState(Uint8Array.of(1))).toBe(true)
      side.clock.advance(250)
    }
    expect(side.link?.sendState(Uint8Array.of(1))).toBe(false)
  })

  it('[LNK-15] do not pause because nothing was said for long on either side', async () => {
    const side = await established()
    side.clock.advance(450)
    expect(side.link?.sendState(Uint8Array.of(1))).toBe(true)
  })

  it('[LNK-16] are answered within 100 ms for the four seconds from the first, so that clocks are soon known', async () => {
    const side = await established()
    for (let sequence = 1; sequence <= 10; sequence++) {
      side.state(datagram({ sequence, sent: sequence * 1_600 }, [1]))
      side.clock.advance(99)
      expect(side.sentState.length).toBe(0)
      side.clock.advance(1)
      expect(side.sentState.map((bytes) => fieldsOf(bytes).newest)).toEqual([sequence])
      side.clock.advance(300)
      side.sentState.length = 0
    }
    side.state(datagram({ sequence: 11, sent: 11 * 1_600 }, [1]))
    side.clock.advance(100)
    expect(side.sentState.length).toBe(0)
  })

  it('[LNK-16] are answered within 450 ms later on, probes at once, heartbeats never', async () => {
    const side = await settled()
    side.state(datagram({ sequence: 101, sent: 40_400 }, [1]))
    side.clock.advance(449)
    expect(side.sentState.length).toBe(0)
    side.clock.advance(1)
    expect(side.sentState.map((bytes) => fieldsOf(bytes).flags)).toEqual([2])
    side.state(datagram({ sequence: 102, sent: 42_200, flags: 4 }))
    expect(side.sentState.length).toBe(2)
    side.state(datagram({ sequence: 103, sent: 42_200 }))
    side.clock.advance(499)
    expect(side.sentState.length).toBe(2)
    side.clock.advance(1)
    expect(side.sentState.length).toBe(3)
  })

  it('[LNK-16] are answered within 100 ms of the second later on', async () => {
    const side = await settled()
    side.state(datagram({ sequence: 101, sent: 40_400 }, [1]))
    side.clock.advance(50)
    side.state(datagram({ sequence: 102, sent: 40_600 }, [2]))
    side.clock.advance(99)
    expect(side.sentState.length).toBe(0)
    side.clock.advance(1)
    expect(side.sentState.map((bytes) => fieldsOf(bytes).newest)).toEqual([102])
  })

  it('[LNK-17] beyond the budget are dropped unread, all but the newest', async () => {
    const side = await established()
    for (let sequence = 1; sequence <= 1_000; sequence++) side.state(datagram({ sequence }, [1]))
    // One of the 600 opened the link, and the last one waits.
    expect(side.received.length).toBe(599)
    expect(side.dropped('flood')).toBe(400)
    side.clock.advance(100)
    for (let sequence = 1_001; sequence <= 1_100; sequence++) side.state(datagram({ sequence }, [1]))
    expect(side.received.length).toBe(629)
  })

  it('[LNK-17] that are the last of a burst arrive, as if they had not waited', async () => {
    const side = await established()
    const seen: number[][] = []
    side.link?.onState((payload, _sentAt, receivedAt) => seen.push([payload[0] ?? 0, receivedAt]))
    side.clock.advance(100)
    const cameAt = side.clock.now()
    for (let sequence = 1; sequence <= 900; sequence++) side.state(datagram({ sequence }, [sequence & 255]))
    side.clock.advance(10)
    expect(seen.at(-1)).toEqual([900 & 255, cameAt])
    // Nothing waits any more, and nobody is woken for it again.
    expect(side.dropped('flood')).toBe(900 - seen.length)
    side.link?.close()
    side.handlers?.closed('remote')
    expect(side.clock.pendingTimers).toBe(0)
  })

  it('[LNK-17] have a budget of bytes too', async () => {
    const side = await established()
    const large = Array.from({ length: 1_131 }, () => 1)
    for (let sequence = 1; sequence <= 500; sequence++) side.state(datagram({ sequence }, large))
    // 400,000 bytes at once, of which 19 opened the link.
    expect(side.received.length).toBe(347)
    side.clock.advance(1_000)
    for (let sequence = 501; sequence <= 1_000; sequence++) side.state(datagram({ sequence }, large))
    expect(side.received.length).toBe(347 + 174)
  })

  it('[LNK-17] are bound by the budgets that the program chose', async () => {
    const side = Object.assign(new RawSide(), { received: 0 })
    const budgets = { stateDatagramsPerSecond: 30, stateDatagramsAtOnce: 40 }
    const link = await side.establish(undefined, {}, budgets)
    link.onState(() => side.received++)
    for (let sequence = 1; sequence <= 100; sequence++) side.state(datagram({ sequence }, [1]))
    expect(side.received).toBe(39)
  })

  it('[LNK-12] of any bytes at all change nothing but counts', async () => {
    const side = await established()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), (bytes) => {
        side.clock.advance(5)
        const heard = side.received.length
        side.state(bytes)
        const ours = bytes.length >= 19 && bytes.length <= 1_150 && (bytes[0] ?? 0) >> 4 === 1
        expect(ours || side.received.length === heard).toBe(true)
        expect(['open', 'suspect', 'closed']).toContain(side.link?.state)
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('[LNK-60] [LNK-61] tell round trip and clock offset by the four times', async () => {
    const side = await established()
    const { link } = side
    // The other side's clock is 4,000 ms behind; 30 ms there, 10 ms held, 20 ms back.
    for (let sequence = 1; sequence <= 10; sequence++) {
      link?.sendState(Uint8Array.of(1))
      const { sent } = fieldsOf(side.sentState.at(-1) ?? new Uint8Array(19))
      side.clock.advance(60)
      const other = side.clock.now() - 20 - 4_000
      side.state(datagram({ sequence, flags: 2, sent: other * 4, echo: sent, hold: 40 }))
    }
    const { rttMs, minRttMs, jitterMs } = link?.quality() ?? {}
    expect([rttMs, minRttMs]).toEqual([50, 50])
    expect(jitterMs).toBeLessThan(3)
    // Off by half the difference of both ways.
    expect(link?.clockOffset).toBe(4_000 - 5)
  })

  it('[LNK-62] tell the loss of both directions', async () => {
    const side = await established()
    for (let sequence = 1; sequence <= 400; sequence++) {
      side.clock.advance(20)
      side.link?.sendState(Uint8Array.of(1))
      const own = fieldsOf(side.sentState.at(-1) ?? new Uint8Array(19)).sequence
      // Every fourth of ours is lost, every tenth of theirs.
      let arrivals = 0
      for (let bit = 0; bit < 32; bit++) if ((own - 1 - bit) % 4 !== 0) arrivals |= 1 << bit
      if (own % 4 === 0 || sequence % 10 === 0) continue
      side.state(
        datagram({ sequence, flags: 3, sent: sequence * 80, newest: own, arrivals: arrivals >>> 0 }, [1]),
      )
    }
    const { lossIn = 0, lossOut = 0 } = side.link?.quality() ?? {}
    expect(lossIn).toBeCloseTo(0.325, 1)
    expect(lossOut).toBeCloseTo(0.25, 1)
  })

  it('[LNK-10] hold at most 1,131 bytes of payload', () => {
    expect(statePayloadBytes).toBe(1_131)
  })
})
