import { describe, expect, it } from 'vitest'
import { fromUtf8, seededRandom, utf8 } from '../../lib/core/index.ts'
import { tweetnaclSigner, verifySync } from '../../lib/identity/index.ts'
import { createMemoryRendezvousHub, type Announcement } from '../../lib/rendezvous/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { describeRendezvous, foundSession, type RendezvousSubject } from '../compliance/rendezvous.ts'

describeRendezvous('the in-memory service on simulated time', async (): Promise<RendezvousSubject> => {
  const clock = new SimulatedClock()
  const hub = createMemoryRendezvousHub({
    clock,
    random: seededRandom(1),
    verify: verifySync,
    signer: tweetnaclSigner,
  })
  return {
    clock,
    rendezvous: () => hub.rendezvous(),
    goDown: async () => hub.goDown(),
    comeBack: async () => hub.comeBack(),
    complete: (work) => clock.complete(work),
    until: (condition) => clock.runUntil(condition),
    clients: () => hub.stats().clients,
    async close() {
      await clock.complete(hub.close())
      // What was under way at the end arrives; nothing may be armed after that.
      await clock.run(1_000)
      expect(clock.pendingTimers).toBe(0)
    },
  }
})

describe('the in-memory service', () => {
  /** Everything that happens between a host and three joiners, with the times at which it does. */
  async function story(seed: number, envelope: Announcement): Promise<string[]> {
    const clock = new SimulatedClock()
    const random = seededRandom(seed)
    const hub = createMemoryRendezvousHub({
      clock,
      random,
      verify: verifySync,
      signer: tweetnaclSigner,
      latencyMs: () => 1 + 50 * random.next(),
    })
    const told: string[] = []
    const tell = (what: string): void => void told.push(`${clock.now()} ${what}`)
    const hosted = await clock.complete(hub.rendezvous().announce(envelope))
    hosted.on('lost', () => tell('lost'))
    hosted.on('restored', () => tell('restored'))
    hosted.on('route', (route) => {
      tell('route')
      route.on('message', (message) => tell(fromUtf8(message)))
      route.on('closed', () => tell('closed'))
    })
    for (let joiner = 0; joiner < 3; joiner++) {
      const { route } = await clock.complete(hub.rendezvous().reach(envelope.sessionId))
      for (let count = 0; count < 10; count++) route.send(utf8(`${joiner}.${count}`))
    }
    await clock.run(1_000)
    hub.goDown()
    await clock.run(2_000)
    hub.comeBack()
    await clock.run(20_000)
    await clock.complete(hub.close())
    return told
  }

  it('keeps the order of messages whatever their delays, and replays from a seed', async () => {
    const announcement = await foundSession(new SimulatedClock()).announcement()
    const told = await story(7, announcement)
    const texts = told.map((line) => line.split(' ')[1]!).filter((word) => word.startsWith('1.'))
    expect(texts).toEqual(Array.from({ length: 10 }, (_, count) => `1.${count}`))
    expect(told.map((line) => line.split(' ')[1])).toContain('restored')
    expect(await story(7, announcement)).toEqual(told)
    expect(await story(8, announcement)).not.toEqual(told)
  })

  it('has nothing to tell while it is down', async () => {
    const clock = new SimulatedClock()
    const hub = createMemoryRendezvousHub({ clock, random: seededRandom(1) })
    hub.goDown()
    hub.goDown()
    expect(hub.stats()).toMatchObject({ clients: 0, sessions: 0 })
    await clock.complete(hub.close())
    expect(() => hub.rendezvous()).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
  })
})
