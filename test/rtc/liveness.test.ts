import { describe, expect, it } from 'vitest'
import { datagram, fieldsOf, RawSide } from './support/rawSide.ts'

async function established(): Promise<RawSide & { events: string[] }> {
  const side = Object.assign(new RawSide(), { events: [] as string[] })
  const link = await side.establish()
  const start = side.clock.now()
  const note = (what: string): void => void side.events.push(`${what} @${side.clock.now() - start}`)
  link.on('suspect', () => note('suspect'))
  link.on('recovered', () => note('recovered'))
  link.on('closed', ({ reason }) => note(reason))
  return side
}

describe('a link', () => {
  it('[LNK-5] is not established by open channels alone: the other side has to be heard', async () => {
    const side = new RawSide()
    const link = side.establish({ version: 3 })
    let made = false
    void link.then(() => (made = true))
    side.clock.advance(500)
    await Promise.resolve()
    expect(made).toBe(false)
    expect(side.sentState.map((bytes) => fieldsOf(bytes).flags)).toEqual([4, 4, 4, 4, 4, 4])
    side.state(datagram({}))
    expect((await link).state).toBe('open')
  })

  it('[LNK-40] [LNK-41] is suspect after 1.5 s of silence, dead after 2 s, probed in between', async () => {
    const side = await established()
    side.sentState.length = 0
    side.clock.advance(5_000)
    expect(side.events).toEqual(['suspect @1500', 'silent @2000'])
    const flags = side.sentState.map((bytes) => fieldsOf(bytes).flags & 4)
    expect(flags.filter((flag) => flag === 4).length).toBe(5)
    expect(side.clock.pendingTimers).toBe(0)
  })

  it('[LNK-40] recovers with the first sign of life', async () => {
    const side = await established()
    side.clock.advance(1_700)
    side.state(datagram({ sequence: 1, sent: 1_700 * 4 }))
    side.clock.advance(1_000)
    expect(side.events).toEqual(['suspect @1500', 'recovered @1700'])
  })

  it('[LNK-41] is not given up by a process that was itself asleep', async () => {
    const side = await established()
    side.ownClock.freeze()
    side.clock.advance(60_000)
    side.ownClock.thaw()
    // Its timers come first, and then what arrived meanwhile.
    side.clock.advance(0)
    side.state(datagram({ sequence: 1, sent: 4 * 60_000 }))
    side.clock.advance(400)
    expect(side.events.map((event) => event.split(' ')[0])).toEqual(['suspect', 'recovered'])
  })

  it('closed by a listener of its own events leaves no timer', async () => {
    for (const event of ['suspect', 'control'] as const) {
      const side = await established()
      side.link?.on(event, () => side.link?.close())
      if (event === 'control') side.control(Uint8Array.of(0x10, 0, 0, 1))
      side.clock.advance(2_500)
      expect(side.clock.pendingTimers).toBe(0)
    }
  })

  it('closed by whoever takes its state leaves no timer', async () => {
    const side = await established()
    side.link?.onState(() => side.link?.close())
    side.state(datagram({ sequence: 1 }, [1]))
    side.clock.advance(300)
    expect(side.clock.pendingTimers).toBe(0)
  })
})
