import { Encoder } from '@msgpack/msgpack'
import { describe, expect, it, vi } from 'vitest'
import { Profiles } from '../../lib/comms/profiles.ts'
import { Counters, Emitter } from '../../lib/core/index.ts'
import type { Convoy } from '../../lib/index.ts'
import type { ChannelHandler } from '../../lib/session/channels.ts'
import type { RecordMember, Session } from '../../lib/session/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

const shownBy = (convoy: Convoy, name: string): unknown =>
  convoy.members.find((member) => member.name === name)?.profile

describe('[CHN-40] profiles', () => {
  it('are seen by everyone, by newcomers too, and as they change', async () => {
    const world = new SimulatedWorld()
    const anna = await world.host('Anna', { profile: { company: 'Nordfrakt' } })
    const ben = await world.join('Ben', anna.invite, { profile: { plates: 'B 1' } })
    const changes = recordOf(anna, 'memberChanged')
    await world.clock.run(500)
    ben.setProfile({ plates: 'B 2', tag: 'lead' })
    const cem = await world.join('Cem', anna.invite)
    await world.clock.runUntil(() => isFullyConnected(cem, 3))
    await world.clock.run(500)
    for (const convoy of [anna, ben, cem]) {
      expect(shownBy(convoy, 'Anna')).toEqual({ company: 'Nordfrakt' })
      expect(shownBy(convoy, 'Ben')).toEqual({ plates: 'B 2', tag: 'lead' })
      expect(shownBy(convoy, 'Cem')).toEqual({})
    }
    expect(changes.filter(({ name }) => name === 'Ben').at(-1)?.profile.tag).toBe('lead')
    await world.close()
    expect(world.clock.pendingTimers).toBe(0)
  })

  it('of a megabyte, with unknown fields, or changing all the time are refused with an error', async () => {
    const world = new SimulatedWorld()
    const megabyte = 'x'.repeat(1_000_000)
    await expect(world.host('Anna', { profile: { paint: megabyte } })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const refused = (code: string): unknown => expect.objectContaining({ code })
    expect(() => ben.setProfile({ company: megabyte })).toThrow(refused('invalid-argument'))
    expect(() => ben.setProfile({ mood: 'fine' } as never)).toThrow(refused('invalid-argument'))
    for (let change = 0; change < 5; change++) ben.setProfile({ tag: `${change}` })
    expect(() => ben.setProfile({ tag: '5' })).toThrow(refused('rate-limited'))
    await world.clock.run(500)
    expect(shownBy(anna, 'Ben')).toEqual({ tag: '4' })
    await world.close()
  })

  it('that come over the network and are larger than any, or malformed, are counted and change nothing', () => {
    const dropped = new Counters()
    let arrive: ChannelHandler = () => undefined
    const session = {
      environment: { clock: new SimulatedClock(), dropped },
      events: new Emitter(),
      self: { id: 'anna' },
      peer: () => ({}),
      peers: () => [],
      onChannel: (_name: string, handler: ChannelHandler) => (arrive = handler),
    } as unknown as Session
    const changed = vi.fn()
    const profiles = new Profiles(session, {}, changed)
    profiles.start()
    const ben = { id: 'ben' } as RecordMember
    arrive(ben, new Encoder().encode({ tag: 'mine' }))
    // More than a link carries in one message: a megabyte never gets as far as this.
    arrive(ben, new Uint8Array(1_000_000))
    arrive(ben, new Encoder().encode({ tag: 'x'.repeat(17) }))
    arrive(ben, new Encoder().encode({ tag: 'x', mood: 'fine' }))
    expect(dropped.snapshot()).toEqual({ 'profile-message-too-large': 1, 'profile-message-malformed': 2 })
    expect(profiles.of('ben')).toEqual({ tag: 'mine' })
    expect(changed).toHaveBeenCalledOnce()
  })

  it('are gone with their member, and come back with it', async () => {
    const world = new SimulatedWorld()
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite, { profile: { tag: 'old' } })
    await world.clock.run(500)
    await world.clock.complete(ben.close())
    await world.clock.run(500)
    await world.join('Ben', anna.invite)
    await world.clock.run(500)
    expect(shownBy(anna, 'Ben')).toEqual({})
    await world.close()
  })
})
