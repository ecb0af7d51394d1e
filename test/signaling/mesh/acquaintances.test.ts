import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../lib/core/index.ts'
import { SimulatedClock } from '../../../lib/testing/index.ts'
import { Acquaintances, type AcquaintancesOptions } from '../../../signaling/mesh/acquaintances.ts'

let clock: SimulatedClock
let dialled: { at: number; address: string }[]
let connected: Set<string>
/** Who answers at an address; nobody at others. */
let answers: Map<string, string>
let unreachable: string[]
let acquaintances: Acquaintances

function start(named: AcquaintancesOptions['named'] = []): Acquaintances {
  return (acquaintances = new Acquaintances({
    clock,
    random: seededRandom(1),
    ownId: 'own',
    named,
    unreachable: (address) => unreachable.push(address),
    network: {
      async dial([address = '']) {
        dialled.push({ at: clock.now(), address })
        const id = answers.get(address)
        if (id === undefined) throw new Error('Nobody is there.')
        if (id !== 'own') connected.add(id)
        return id
      },
      isConnected: (id) => connected.has(id),
    },
  }))
}

beforeEach(() => {
  clock = new SimulatedClock()
  dialled = []
  unreachable = []
  connected = new Set()
  answers = new Map()
})
afterEach(() => {
  acquaintances.close()
  expect(clock.pendingTimers).toBe(0)
})

describe('the services that one knows of', () => {
  it('[MSH-2] are dialled once, and again only when they are gone', async () => {
    answers.set('/one', 'one')
    start([{ address: '/one', id: undefined }])
    await clock.run(100_000)
    expect(dialled).toEqual([{ at: 0, address: '/one' }])
    expect(acquaintances.isNamed('one')).toBe(true)
    connected.clear()
    await clock.run(5_000)
    expect(dialled).toHaveLength(2)
  })

  it('[MSH-13] are tried less and less often while nobody answers, but go on being tried', async () => {
    start([{ address: '/one', id: 'one' }])
    await clock.run(600_000)
    const waits = dialled.map(({ at }, index) => at - (dialled[index - 1]?.at ?? 0))
    expect(waits[1]).toBeLessThan(2_500)
    expect(waits.at(-1)).toBeGreaterThan(44_000)
    expect(waits.at(-1)).toBeLessThan(77_000)
    expect(unreachable).toHaveLength(dialled.length)
    answers.set('/one', 'one')
    await clock.run(77_000)
    expect(connected.has('one')).toBe(true)
  })

  it('[MSH-2] behind a load balancer are dialled again until it is not this one that answers', async () => {
    answers.set('/balanced', 'own')
    start([{ address: '/balanced', id: undefined }])
    await clock.run(30_000)
    expect(acquaintances.isNamed('own')).toBe(false)
    answers.set('/balanced', 'other')
    await clock.run(77_000)
    expect(connected).toEqual(new Set(['other']))
    expect(acquaintances.isNamed('other')).toBe(true)
  })

  it('[MSH-2] and of which others tell are dialled too, at a pace that harms nobody', async () => {
    start()
    for (let count = 0; count < 300; count++) acquaintances.heard(`id-${count}`, [`/at-${count}`])
    acquaintances.heard('own', ['/mine'])
    acquaintances.heard('nowhere', [])
    expect(acquaintances.size).toBe(256)
    await clock.run(1_000)
    expect(dialled.length).toBeLessThanOrEqual(17)
    await clock.run(60_000)
    expect(dialled.length).toBeLessThanOrEqual(78)
    expect(acquaintances.isNamed('id-0')).toBe(false)
    expect(unreachable).toEqual([])
  })

  it('[MSH-13] are remembered for an hour after they were heard of, and longer while connected', async () => {
    answers.set('/here', 'here')
    start()
    acquaintances.heard('here', ['/here'])
    acquaintances.heard('gone', ['/gone'])
    await clock.run(3_500_000)
    expect(acquaintances.size).toBe(2)
    await clock.run(200_000)
    expect(acquaintances.size).toBe(1)
    connected.clear()
    await clock.run(2_000)
    expect(acquaintances.size).toBe(0)
  })

  it('are dialled where they said last that they are', async () => {
    start()
    acquaintances.heard('one', ['/former'])
    await clock.run(10_000)
    acquaintances.heard('one', ['/newer'])
    answers.set('/newer', 'one')
    await clock.run(80_000)
    expect(connected.has('one')).toBe(true)
  })
})
