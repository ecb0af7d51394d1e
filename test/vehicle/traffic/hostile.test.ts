import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encode } from '@msgpack/msgpack'
import type { Convoy } from '../../../lib/index.ts'
import { Session } from '../../../lib/session/index.ts'
import { trafficId } from '../../../lib/vehicle/traffic/trafficId.ts'
import { at, convoyWithTraffic, droppedBy, ownersBy, seenBy, type ConvoyWithTraffic } from './support.ts'

/** Cleo’s program speaks the protocol, and lies. */
describe('a member that lies about traffic', () => {
  let setUp: ConvoyWithTraffic
  let anna: Convoy
  let ben: Convoy
  let cleo: Convoy
  let session: Session
  let bens: number
  let joinedAt: (name: string) => number

  beforeEach(async () => {
    const sessions = new Map<string, Session>()
    const send = Session.prototype.sendChannel
    vi.spyOn(Session.prototype, 'sendChannel').mockImplementation(function (this: Session, ...message) {
      sessions.set(this.self.name, this)
      return send.apply(this, message)
    })
    setUp = await convoyWithTraffic()
    ;[anna, ben, cleo] = setUp.convoys
    session = sessions.get('cleo') as Session
    joinedAt = (name) => sessions.get(name)?.self.joinedAt ?? NaN
    bens = ben.traffic.spawn(at(210))
    await setUp.world.clock.run(1_000)
  })

  afterEach(async () => {
    vi.restoreAllMocks()
    await setUp.world.close()
  })

  const say = async (message: unknown, ms = 500): Promise<void> => {
    for (const { id } of [anna, ben].map(({ self }) => self))
      session.sendChannel([id], 'traffic', encode(message))
    await setUp.world.clock.run(ms)
  }
  const claim = (id: number, more: object = {}) => ({ id, index: 1, number: 0, model: '', ...more })
  const drops = (name: string): number => droppedBy(anna, name)
  const expectUntouched = (): void => {
    expect(ownersBy(anna)).toEqual(new Map([[bens, ben.self.id]]))
    expect(ben.traffic.owned()).toEqual([bens])
    expect(seenBy(anna).get(bens)?.x).toBeCloseTo(210, 1)
  }

  it.each([
    ['as spawned by itself', 0],
    ['as handed over', 1],
    ['as handed over ever so often', 4_000_000_000],
  ])('[TRF-3] gets no vehicle of somebody else’s by claiming it %s', async (_as, number) => {
    await say({ type: 'spawn', vehicles: [claim(bens, { number })] }, 3_000)
    expectUntouched()
    if (number === 0) expect(drops('traffic-foreign')).toBe(1)
  })

  it('[TRF-3] has its updates for such a vehicle counted', async () => {
    // Its own program goes on publishing under the index that it claims anew.
    const id = cleo.traffic.spawn(at(900))
    await setUp.world.clock.run(500)
    await say({ type: 'list', accepts: false, vehicles: [claim(bens, { number: 7 })] }, 3_000)
    expect(seenBy(anna).get(bens)?.x).toBeCloseTo(210, 1)
    expect(seenBy(anna).has(id)).toBe(false)
    expect(drops('traffic-not-owner')).toBeGreaterThan(3)
  })

  it('[TRF-3] spawns nothing in the name of another, nor of nobody', async () => {
    const foreign = [trafficId(joinedAt('ben'), 77), trafficId(99, 1), Number.MAX_SAFE_INTEGER]
    for (const id of foreign) await say({ type: 'spawn', vehicles: [claim(id)] })
    for (const id of foreign) await say({ type: 'spawn', vehicles: [claim(id, { number: 3 })] })
    expectUntouched()
    expect(drops('traffic-foreign')).toBe(3)
  })

  it('[TRF-4] cannot put two vehicles under one index, nor one under two', async () => {
    const id = (count: number): number => trafficId(joinedAt('cleo'), count)
    await say({ type: 'spawn', vehicles: [claim(id(1)), claim(id(2)), claim(id(1), { index: 2 })] })
    expect(drops('traffic-index-taken')).toBe(2)
  })

  it('[TRF-2] cannot remove what is not its own', async () => {
    await say({ type: 'remove', ids: [bens, 12345] })
    expectUntouched()
    expect(drops('traffic-foreign')).toBe(2)
  })

  it('[TRF-20] cannot give vehicles to itself or to others', async () => {
    const place = [1, 2, 3, 0, 0]
    for (const owner of [cleo.self.id, anna.self.id, 'nobody']) {
      await say({ type: 'assign', vehicles: [{ id: bens, number: 9, owner, model: '', place }] })
    }
    expectUntouched()
    expect(drops('traffic-not-arbiter')).toBe(3)
  })

  it('[TRF-22] cannot offer what is not its own, nor ask those who do not decide', async () => {
    await say({ type: 'offer', id: bens, to: cleo.self.id })
    expectUntouched()
    expect(drops('traffic-foreign')).toBe(1)
    expect(droppedBy(ben, 'traffic-not-arbiter')).toBe(1)
  })

  it('[TRF-10] shows no more vehicles than the rules let it, however many it announces', async () => {
    const vehicles = Array.from({ length: 127 }, (_, place) =>
      claim(trafficId(joinedAt('cleo'), place + 1), { index: place + 1 }),
    )
    await say({ type: 'spawn', vehicles })
    expect(drops('traffic-over-limit')).toBe(77)
    // Nobody else is crowded out.
    for (let count = 0; count < 40; count++) ben.traffic.spawn(at(220))
    await setUp.world.clock.run(1_000)
    expect(seenBy(anna).size).toBe(41)
  })

  it('[TRF-3] has updates under an index that it announced nothing for counted', async () => {
    const id = cleo.traffic.spawn(at(320))
    await setUp.world.clock.run(1_000)
    expect(seenBy(anna).has(id)).toBe(true)
    await say({ type: 'list', accepts: false, vehicles: [] }, 2_000)
    expect(seenBy(anna).has(id)).toBe(false)
    expect(drops('traffic-unannounced')).toBeGreaterThan(2)
  })

  it('[TRF-5] has what fits no schema counted, and nothing breaks', async () => {
    const wrong: unknown[] = [
      null,
      { type: 'spawn' },
      { type: 'spawn', vehicles: [claim(-1)] },
      { type: 'spawn', vehicles: [claim(1.5)] },
      { type: 'spawn', vehicles: [claim(1, { index: 0 })] },
      { type: 'spawn', vehicles: [claim(1, { index: 128 })] },
      { type: 'spawn', vehicles: [claim(1, { model: 'x'.repeat(49) })] },
      { type: 'spawn', vehicles: Array.from({ length: 128 }, () => claim(1)) },
      { type: 'spawn', vehicles: [claim(1, { more: 1 })] },
      { type: 'remove', ids: ['1'] },
      {
        type: 'assign',
        vehicles: [{ id: 1, number: 1, owner: 'x', model: '', place: [Infinity, 0, 0, 0, 0] }],
      },
    ]
    for (const message of wrong) await say(message, 100)
    session.sendChannel([anna.self.id], 'traffic', new Uint8Array([0xc1]))
    await setUp.world.clock.run(500)
    expect(drops('traffic-message-malformed')).toBe(wrong.length + 1)
    expectUntouched()
  })

  it('[TRF-5] has a flood cut off, and grows no memory with lists of ever new vehicles', async () => {
    for (let round = 0; round < 1_600; round++) {
      const vehicles = Array.from({ length: 20 }, (_, place) =>
        claim(trafficId(joinedAt('cleo'), round * 20 + place + 1), { index: place + 1 }),
      )
      session.sendChannel([anna.self.id], 'traffic', encode({ type: 'list', accepts: true, vehicles }))
      if (round % 16 === 0) await setUp.world.clock.run(50)
    }
    await setUp.world.clock.run(2_000)
    expect(drops('channel-rate')).toBeGreaterThan(100)
    await say({ type: 'list', accepts: true, vehicles: [] })
    expectUntouched()
  })
})
