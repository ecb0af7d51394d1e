import { describe, expect, it } from 'vitest'
import { ConvoyError } from '../../lib/core/index.ts'
import { datagram, messageFrame, RawSide } from './support/rawSide.ts'

async function established(): Promise<RawSide & { received: number[][]; ended: string[] }> {
  const side = Object.assign(new RawSide(), { received: [] as number[][], ended: [] as string[] })
  const link = await side.establish()
  link.on('control', (message) => side.received.push([...message]))
  link.on('closed', ({ reason }) => side.ended.push(reason))
  return side
}

const nudges = (side: RawSide): number => side.sentControl.filter((frame) => frame[0] === 0x11).length

/** Keeps the link alive without acknowledging anything. */
function live(side: RawSide, ms: number, from = 1, controlReceived = 0): void {
  for (let at = 0; at < ms; at += 50) {
    side.clock.advance(50)
    const sequence = from + at / 50
    side.state(datagram({ sequence, sent: sequence * 200, controlReceived }))
  }
}

describe('control frames', () => {
  it('[LNK-30] are numbered from zero', async () => {
    const side = await established()
    side.link?.sendControl(Uint8Array.of(5, 6))
    side.link?.sendControl(Uint8Array.of())
    expect(side.sentControl).toEqual([messageFrame(0, 5, 6), messageFrame(1)])
  })

  it('[LNK-31] that were received already are dropped and counted', async () => {
    const side = await established()
    for (const number of [0, 0, 1, 0, 1, 2]) side.control(messageFrame(number, number))
    expect(side.received).toEqual([[0], [1], [2]])
    expect(side.dropped('control-duplicate')).toBe(3)
  })

  it('[LNK-31] that leave out a number close the link: its sender is broken', async () => {
    const side = await established()
    side.control(messageFrame(1, 1))
    expect(side.ended).toEqual(['failed'])
    expect(side.closed).toBe(true)
  })

  it('[LNK-2] [LNK-30] of unknown version, kind or size are dropped and counted', async () => {
    const side = await established()
    for (const bytes of [[], [0x20, 0, 0, 1], [0x13], [0x10, 0]]) side.control(Uint8Array.from(bytes))
    side.control(new Uint8Array(60_004).fill(0x10, 0, 1))
    expect(side.dropped('control-version')).toBe(1)
    expect(side.dropped('control-malformed')).toBe(3)
    expect(side.dropped('control-too-large')).toBe(1)
    expect(side.received).toEqual([])
    side.control(messageFrame(0, 1))
    expect(side.received).toEqual([[1]])
  })

  it('[LNK-32] [LNK-16] are acknowledged in the next datagram, within 100 ms', async () => {
    const side = await established()
    side.control(messageFrame(0, 1))
    side.control(messageFrame(1, 1))
    side.sentState.length = 0
    side.clock.advance(100)
    expect(side.sentState.map((bytes) => (bytes[17] ?? 0) * 256 + (bytes[18] ?? 0))).toEqual([2])
  })

  it('[LNK-33] are refused to the sender beyond the backlog, until acknowledged', async () => {
    const side = await established()
    const send = (): void => side.link?.sendControl(Uint8Array.of(1))
    for (let number = 0; number < 2_048; number++) send()
    expect(send).toThrow(expect.objectContaining({ code: 'backlog-full' }) as Error)
    side.state(datagram({ sequence: 1, controlReceived: 10 }))
    for (let number = 0; number < 10; number++) send()
    expect(send).toThrow(expect.objectContaining({ code: 'backlog-full' }) as Error)
  })

  it('[LNK-33] count bytes too', async () => {
    const side = await established()
    const large = new Uint8Array(60_000)
    for (let number = 0; number < 69; number++) side.link?.sendControl(large)
    expect(() => side.link?.sendControl(large)).toThrow(
      expect.objectContaining({ code: 'backlog-full' }) as Error,
    )
  })

  it('[LNK-32] are not acknowledged by numbers never sent', async () => {
    const side = await established()
    side.link?.sendControl(Uint8Array.of(1))
    side.state(datagram({ sequence: 1, controlReceived: 2 }))
    live(side, 1_000, 2)
    expect(nudges(side)).toBeGreaterThan(0)
  })

  it('[LNK-34] are followed by nudges while unacknowledged, ever more seldom, and by none after', async () => {
    const side = await established()
    side.link?.sendControl(Uint8Array.of(1))
    live(side, 10_000)
    // After 250 ms, then 500, 1,000, and 2,000 again and again.
    expect(nudges(side)).toBe(7)
    live(side, 10_000, 201, 1)
    expect(nudges(side)).toBe(7)
  })

  it('[LNK-34] that only nudge are answered like messages', async () => {
    const side = await established()
    side.sentState.length = 0
    side.control(Uint8Array.of(0x11))
    side.clock.advance(100)
    expect(side.sentState.length).toBe(1)
    expect(side.received).toEqual([])
  })

  it('[LNK-35] beyond the budget close the link', async () => {
    const side = await established()
    for (let number = 0; number < 2_501; number++) side.control(messageFrame(number))
    expect(side.received.length).toBe(2_500)
    expect(side.ended).toEqual(['failed'])
    expect(side.dropped('control-flood')).toBe(1)
  })

  it('[LNK-35] count by bytes too', async () => {
    const side = await established()
    const frame = new Uint8Array(60_003)
    for (let number = 0; number < 140; number++) {
      frame.set([0x10, number >> 8, number & 255])
      side.control(frame.slice())
    }
    // 8 MiB at once.
    expect(side.received.length).toBe(139)
    expect(side.ended).toEqual(['failed'])
  })

  it('[LNK-35] are refused to the sender before the other side would close the link', async () => {
    const side = await established()
    let accepted = 0
    const refusals = new Set<unknown>()
    for (let sequence = 1; sequence <= 100; sequence++) {
      for (let count = 0; count < 500; count++) {
        try {
          side.link?.sendControl(Uint8Array.of(1))
          accepted++
        } catch (error) {
          refusals.add((error as { code: unknown }).code)
        }
      }
      side.clock.advance(100)
      side.state(datagram({ sequence, sent: sequence * 400, controlReceived: accepted & 0xffff }))
    }
    expect([...refusals]).toEqual(['rate-limited'])
    // What is taken at once, less what is spared, and then as many a second as are taken.
    expect(accepted).toBeGreaterThan(2_400 + 9_500)
    expect(accepted).toBeLessThanOrEqual(2_400 + 10_000)
    expect(side.dropped('control-send-rate-limited')).toBe(50_000 - accepted)
  })

  it('[LNK-33] leave the backlog that the program chose', async () => {
    const side = new RawSide()
    const link = await side.establish(undefined, {}, { controlBacklogMessages: 64 })
    for (let number = 0; number < 64; number++) link.sendControl(Uint8Array.of(1))
    expect(() => link.sendControl(Uint8Array.of(1))).toThrow(
      expect.objectContaining({ code: 'backlog-full' }) as Error,
    )
    expect(side.dropped('control-send-backlog-full')).toBe(1)
  })

  it('[LNK-36] wait for a listener up to a limit, then close the link', async () => {
    const side = new RawSide()
    const link = await side.establish()
    for (let number = 0; number < 70; number++) {
      const frame = new Uint8Array(60_003)
      frame.set([0x10, 0, number])
      side.control(frame)
    }
    expect(link.state).toBe('closed')
    expect(link.quality().dropped).toEqual({})
  })

  it('[LNK-50] that close end the link at once, and so does a datagram', async () => {
    for (const tell of [
      (side: RawSide) => side.control(Uint8Array.of(0x12)),
      (side: RawSide) => side.state(datagram({ sequence: 1, flags: 8 })),
    ]) {
      const side = await established()
      tell(side)
      expect(side.ended).toEqual(['remote'])
      expect(side.closed).toBe(true)
      expect(side.clock.pendingTimers).toBe(0)
    }
  })

  it('[LNK-50] say goodbye on both channels, then linger for 250 ms at most', async () => {
    const side = await established()
    side.sentState.length = 0
    side.link?.close()
    expect(side.ended).toEqual(['local'])
    expect(side.sentControl).toEqual([Uint8Array.of(0x12)])
    expect(side.sentState.map((bytes) => (bytes[0] ?? 0) & 8)).toEqual([8])
    expect(side.closed).toBe(false)
    side.clock.advance(250)
    expect(side.closed).toBe(true)
    expect(side.clock.pendingTimers).toBe(0)
  })

  it('[LNK-50] end the lingering as soon as the other side ends the connection', async () => {
    const side = await established()
    side.link?.close()
    side.handlers?.closed('remote')
    expect(side.clock.pendingTimers).toBe(0)
  })
})

describe('a side that opens a channel which no link has', () => {
  it.each([false, true])(
    '[LNK-1] ends the link for that reason, whether it may be dialled again: %s',
    async (redials) => {
      const side = new RawSide()
      const link = await side.establish(undefined, {}, {}, redials)
      const cause = new ConvoyError('channel-foreign', 'x')
      const events: unknown[] = []
      link.on('suspect', () => events.push('suspect'))
      link.on('closed', (event) => events.push(event))
      side.handlers?.closed('violated', cause)
      expect(events).toEqual([{ reason: 'failed', cause }])
      expect(side.clock.pendingTimers).toBe(0)
    },
  )
})
