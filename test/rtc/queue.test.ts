import { describe, expect, it } from 'vitest'
import { establishLink, type Link } from '../../lib/rtc/index.ts'
import { SimulatedClock, SimulatedNetwork } from '../../lib/testing/index.ts'
import { signalWay } from '../compliance/signalWay.ts'

describe('[LNK-63] the queue on the way out', () => {
  it('is seen by the side that sends into it only, and not taken for the path’s own delay within a minute', async () => {
    const clock = new SimulatedClock()
    const network = new SimulatedNetwork({ clock, delayMs: 40, jitterMs: 5 })
    const way = signalWay()
    const link = (name: string, initiator: boolean): Promise<Link> => {
      const { connector, clock: own, random } = network.peer(name, initiator ? {} : { driftPpm: 50 })
      const signals = initiator ? way.initiator : way.responder
      return establishLink({ connector, initiator, signals, clock: own, random })
    }
    const [a, b] = await clock.complete(Promise.all([link('alice', true), link('bob', false)]))
    const drive = async (seconds: number): Promise<void> => {
      for (let tick = 0; tick < seconds * 10; tick++) {
        a.sendState(new Uint8Array(20))
        b.sendState(new Uint8Array(20))
        await clock.run(100)
      }
    }
    await drive(5)
    expect(a.quality().queueOutMs).toBeLessThan(15)
    network.setConditionsFrom('alice', 'bob', { delayMs: 190 })
    await drive(60)
    expect(Math.abs(a.quality().queueOutMs - 150)).toBeLessThan(15)
    expect(b.quality().queueOutMs).toBeLessThan(15)
    network.setConditionsFrom('alice', 'bob', { delayMs: 40 })
    await drive(5)
    expect(a.quality().queueOutMs).toBeLessThan(15)
    a.close()
    b.close()
  })
})
