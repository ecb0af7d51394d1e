import { describe, expect, it } from 'vitest'
import { sleep } from '../../lib/core/index.ts'
import { SimulatedClock, SimulatedNetwork } from '../../lib/testing/index.ts'
import { dial } from './support/dial.ts'

/** A mesh on a bad network with everything going wrong at random, and everything that was delivered. */
async function scenario(seed: number, peerCount = 8) {
  const clock = new SimulatedClock()
  const network = new SimulatedNetwork({
    clock,
    seed,
    delayMs: 40,
    jitterMs: 25,
    lossPercent: 8,
    duplicatePercent: 4,
    reorderPercent: 10,
  })
  const deliveries: string[] = []
  for (let b = 1; b < peerCount; b++) {
    for (let a = 0; a < b; a++) {
      for (const [index, end] of dial(clock, network, `p${a}`, `p${b}`).entries()) {
        const name = index === 0 ? `p${a}>p${b}` : `p${b}>p${a}`
        const peer = network.peer(`p${index === 0 ? a : b}`)
        const note = (kind: string) => (bytes: Uint8Array) =>
          deliveries.push(`${clock.now()} ${name} ${kind} ${bytes.join()}`)
        end.state.push = note('state')
        end.control.push = note('control')
        void (async () => {
          for (let round = 0; round < 40; round++) {
            await sleep(clock, 50 + peer.random.next() * 100)
            if (!end.log[0]?.startsWith('open') || end.log.length > 1) continue
            end.connection.sendState(peer.random.bytes(20))
            if (peer.random.next() < 0.2) end.connection.sendControl(peer.random.bytes(30))
          }
        })()
      }
    }
  }
  await clock.run(2_000)
  const heal = network.partition(['p0', 'p1'], ['p2', 'p3'])
  network.freeze(`p${peerCount - 1}`)
  await clock.run(1_000)
  heal()
  network.thaw(`p${peerCount - 1}`)
  network.kill(`p${peerCount - 2}`)
  await clock.run(20_000)
  return { hash: network.traceHash(), deliveries, counts: network.counters.snapshot(), end: clock.now() }
}

describe('a seed', () => {
  it('repeats a run bit for bit', async () => {
    const first = await scenario(42)
    expect(first.deliveries.length).toBeGreaterThan(1_000)
    expect(await scenario(42)).toEqual(first)
  })

  it('gives every other seed a run of its own', async () => {
    const hashes = new Set<string>()
    for (let seed = 0; seed < 10; seed++) hashes.add((await scenario(seed, 3)).hash)
    expect(hashes.size).toBe(10)
  })

  it('gives the others the same luck when one more peer takes part', () => {
    const deliveries = (withCarol: boolean): string[] => {
      const clock = new SimulatedClock()
      const network = new SimulatedNetwork({ clock, seed: 9, delayMs: 40, jitterMs: 25, lossPercent: 30 })
      const [alice, bob] = dial(clock, network, 'alice', 'bob')
      const carols = withCarol ? dial(clock, network, 'alice', 'carol') : []
      const arrived: string[] = []
      bob.state.push = (bytes) => arrived.push(`${bytes[0]} @${clock.now()}`)
      clock.advance(20_000)
      for (let number = 0; number < 200; number++) {
        for (const end of [alice, ...carols]) end.connection.sendState(Uint8Array.of(number))
        clock.advance(13)
      }
      return arrived
    }
    const alone = deliveries(false)
    expect(alone.length).toBeGreaterThan(100)
    expect(deliveries(true)).toEqual(alone)
  })
})
