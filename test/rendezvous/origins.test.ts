import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom, toHex } from '../../lib/core/index.ts'
import { tweetnaclSigner, verifySync } from '../../lib/identity/index.ts'
import {
  createMemoryRendezvousHub,
  type MemoryRendezvousHub,
  type Rendezvous,
} from '../../lib/rendezvous/index.ts'
import { Origins } from '../../lib/rendezvous/origins.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { foundSession } from '../compliance/rendezvous.ts'

let clock: SimulatedClock
let hub: MemoryRendezvousHub

beforeEach(() => {
  clock = new SimulatedClock()
  hub = createMemoryRendezvousHub({
    clock,
    random: seededRandom(1),
    verify: verifySync,
    signer: tweetnaclSigner,
  })
})

afterEach(() => clock.complete(hub.close()))

describe('[RDV-37] the origin of a route', () => {
  it('tells a host which joiners come from one address, and nothing to joiners', async () => {
    const session = foundSession(clock)
    const hosted = await clock.complete(hub.rendezvous().announce(await session.announcement()))
    const origins: string[] = []
    hosted.on('route', ({ origin }) => origins.push(origin === undefined ? 'none' : toHex(origin)))
    const [one, other] = [hub.rendezvous(), hub.rendezvous()] as [Rendezvous, Rendezvous]
    for (const each of [one, other, one]) {
      const { route } = await clock.complete(each.reach(session.sessionId))
      expect(route.origin).toBeUndefined()
    }
    await clock.run(100)
    expect(origins).toHaveLength(3)
    expect(origins[0]).toMatch(/^[0-9a-f]{16}$/)
    expect(origins[2]).toBe(origins[0])
    expect(origins[1]).not.toBe(origins[0])
  })

  it('differs between sessions and between services, so that nobody can follow an address', () => {
    const [service, restarted] = [new Origins(seededRandom(1)), new Origins(seededRandom(2))]
    const [session, other] = [new Uint8Array(16), new Uint8Array(16).fill(1)]
    const all = [
      service.of(session, '192.0.2.1'),
      service.of(session, '192.0.2.2'),
      service.of(other, '192.0.2.1'),
      restarted.of(session, '192.0.2.1'),
    ].map((origin) => toHex(origin ?? new Uint8Array(8)))
    expect(new Set(all).size).toBe(4)
    expect(service.of(session, null)).toBeUndefined()
  })
})
