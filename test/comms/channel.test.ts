import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { emptyVehicleState, type ChannelOptions, type Convoy } from '../../lib/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

const noteSchema = v.strictObject({ text: v.pipe(v.string(), v.maxLength(2_000)) })
type Note = v.InferOutput<typeof noteSchema>

interface Side {
  convoy: Convoy
  send: (message: Note, to?: Parameters<ReturnType<Convoy['channel']>['send']>[1]) => number
  got: string[]
}

/** A channel `notes` on each convoy, and what arrives on it as `author: text`. */
function sidesOf(convoys: Convoy[], options: Partial<ChannelOptions<Note>> = {}): Side[] {
  return convoys.map((convoy) => {
    const channel = convoy.channel('notes', { schema: noteSchema, ...options })
    const got: string[] = []
    channel.on('message', ({ author, message }) => got.push(`${author?.name}: ${message.text}`))
    return { convoy, send: (message, to) => channel.send(message, to), got }
  })
}

async function inWorld(names: string[], story: (world: SimulatedWorld, convoys: Convoy[]) => Promise<void>) {
  const world = new SimulatedWorld()
  const [host = 'Anna', ...members] = names
  await story(world, await world.convoy(host, ...members))
  await world.close()
  expect(world.clock.pendingTimers).toBe(0)
}

const trio = ['Anna', 'Ben', 'Cem']

describe('[CHN-10] a channel of the embedding program', () => {
  it('carries typed messages to all, to some, and to one', () =>
    inWorld(trio, async (world, convoys) => {
      const [anna, ben, cem] = sidesOf(convoys) as [Side, Side, Side]
      expect(ben.send({ text: 'all' })).toBe(2)
      expect(ben.send({ text: 'one' }, cem.convoy.self.id)).toBe(1)
      expect(ben.send({ text: 'some' }, [anna.convoy.self.id])).toBe(1)
      await world.clock.run(500)
      expect(anna.got).toEqual(['Ben: all', 'Ben: some'])
      expect(cem.got).toEqual(['Ben: all', 'Ben: one'])
      expect(ben.got).toEqual([])
    }))

  it('carries messages to those whose vehicle is near', () =>
    inWorld(trio, async (world, convoys) => {
      const sides = sidesOf(convoys) as [Side, Side, Side]
      for (const [index, { convoy }] of sides.entries())
        convoy.setVehicle({ ...emptyVehicleState(), x: 1_000 + index * 400 })
      await world.clock.run(1_000)
      expect(sides[0].send({ text: 'near' }, { within: 500 })).toBe(1)
      await world.clock.run(500)
      expect(sides.map(({ got }) => got.length)).toEqual([0, 1, 0])
    }))

  it('refuses its sender what fits no schema, is too large, or comes too often', () =>
    inWorld(['Anna', 'Ben'], async (world, convoys) => {
      const [anna, ben] = sidesOf(convoys, { maxBytes: 64, rate: 3 }) as [Side, Side]
      expect(() => ben.send({ text: 7 } as never)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
      expect(() => ben.send({ text: 'x'.repeat(65) })).toThrow(
        expect.objectContaining({ code: 'message-too-large' }),
      )
      expect(() => ben.send({ text: '' }, 'nobody')).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
      for (const text of ['1', '2', '3']) ben.send({ text })
      expect(() => ben.send({ text: '4' })).toThrow(expect.objectContaining({ code: 'rate-limited' }))
      await world.clock.run(1_000)
      ben.send({ text: '5' })
      await world.clock.run(500)
      expect(anna.got).toEqual(['Ben: 1', 'Ben: 2', 'Ben: 3', 'Ben: 5'])
    }))

  it('[CHN-11] drops and counts what breaks the limits of the receiver, who goes on', () =>
    inWorld(['Anna', 'Ben'], async (world, convoys) => {
      const [anna, ben] = convoys as [Convoy, Convoy]
      const [strict] = sidesOf([anna], { maxBytes: 40, rate: 1 }) as [Side]
      const loose = ben.channel('notes', { schema: v.any(), rate: 100 })
      loose.send({ text: 'x'.repeat(60) })
      loose.send({ text: 7 })
      // Sixteen seconds' worth pass at once: what may have waited for an outage.
      for (let index = 0; index < 34; index++) loose.send({ text: 'again' })
      await world.clock.run(500)
      expect(strict.got).toHaveLength(14)
      const counted = {
        'channel-message-too-large': 1,
        'channel-invalid-argument': 1,
        'channel-rate': 20,
      }
      expect(anna.stats().dropped).toMatchObject(counted)
      const standing = { quarantined: false, quarantines: 0, verificationsLeft: 200 }
      expect(anna.stats().members).toEqual([{ memberId: ben.self.id, dropped: counted, ...standing }])
      expect(anna.members).toHaveLength(2)
    }))

  it('refuses a name that is taken or none, rates beyond what a link takes, and schemas that are none', () =>
    inWorld(['Anna'], async (_world, [anna]) => {
      const open = (name: string, options: object) => () =>
        anna?.channel(name, { schema: noteSchema, ...options })
      open('notes', {})()
      for (const wrong of [
        open('notes', {}),
        open('', {}),
        open('two words', {}),
        open('fast', { rate: 401 }),
        open('much', { rate: 390 }),
        open('datagrams', { reliable: false, maxBytes: 1_101 }),
        open('odd', { schema: {} }),
        open('odd', { reliable: false, authority: 'host' }),
      ]) {
        expect(wrong).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
      }
      expect(open('chat', {})).not.toThrow()
      return Promise.resolve()
    }))

  it('[CHN-2] loses nothing that comes before its receiver opens it, where it is declared', async () => {
    const world = new SimulatedWorld()
    const anna = await world.host('Anna', { channels: { notes: 1 } })
    const channel = anna.channel('notes', { schema: noteSchema })
    anna.on('memberJoined', ({ id }) => channel.send({ text: 'Welcome' }, id))
    const ben = await world.join('Ben', anna.invite, { channels: { notes: 1 } })
    await world.clock.run(2_000)
    const [side] = sidesOf([ben]) as [Side]
    expect(side.got).toEqual(['Anna: Welcome'])
    await world.close()
  })

  it('goes on when a listener or a schema throws', () =>
    inWorld(['Anna', 'Ben'], async (world, convoys) => {
      const [anna, ben] = convoys as [Convoy, Convoy]
      const broken = v.pipe(
        v.any(),
        v.check(() => {
          throw new Error('Broken schema')
        }),
      )
      anna.channel('broken', { schema: broken })
      const got: unknown[] = []
      const fine = anna.channel('fine', { schema: noteSchema })
      fine.on('message', () => {
        throw new Error('Broken listener')
      })
      fine.on('message', ({ message }) => got.push(message))
      ben.channel('broken', { schema: v.any() }).send(1)
      ben.channel('fine', { schema: noteSchema }).send({ text: 'still' })
      await world.clock.run(500)
      expect(got).toEqual([{ text: 'still' }])
      expect(anna.stats().dropped).toMatchObject({ 'channel-internal': 1 })
    }))
})

describe('[CHN-12] a channel that is not reliable', () => {
  it('carries messages as datagrams, beside vehicles', () =>
    inWorld(['Anna', 'Ben'], async (world, convoys) => {
      const [anna, ben] = sidesOf(convoys, { reliable: false }) as [Side, Side]
      ben.convoy.setVehicle({ ...emptyVehicleState(), x: 10 })
      for (let index = 0; index < 20; index++) {
        ben.send({ text: `${index}` })
        await world.clock.run(100)
      }
      expect(anna.got.length).toBeGreaterThan(10)
      expect(anna.convoy.vehicles.sample()).toHaveLength(1)
    }))

  it('drops and counts what goes over its rate, the oldest first, without an error', () =>
    inWorld(['Anna', 'Ben'], async (world, convoys) => {
      const [anna, ben] = sidesOf(convoys, { reliable: false, rate: 1 }) as [Side, Side]
      expect(ben.send({ text: 'a' })).toBe(1)
      expect(ben.send({ text: 'b' })).toBe(0)
      expect(ben.send({ text: 'c' })).toBe(0)
      expect(ben.convoy.stats().dropped).toMatchObject({ 'channel-send-rate': 1 })
      await world.clock.run(1_500)
      expect(anna.got).toEqual(['Ben: a', 'Ben: c'])
      // What still waits when the convoy closes is gone, and nobody is woken for it.
      ben.send({ text: 'd' })
      ben.send({ text: 'e' })
    }))

  it('takes the newest of what comes beyond its rate, and counts the others', () =>
    inWorld(['Anna', 'Ben'], async (world, convoys) => {
      const [anna, ben] = convoys as [Convoy, Convoy]
      const [strict] = sidesOf([anna], { reliable: false, rate: 1 }) as [Side]
      const loose = ben.channel('notes', { schema: noteSchema, reliable: false, rate: 50 })
      for (let index = 0; index < 10; index++) {
        loose.send({ text: `${index}` })
        await world.clock.run(20)
      }
      expect(strict.got).toEqual(['Ben: 0', 'Ben: 1'])
      await world.clock.run(1_000)
      expect(strict.got).toEqual(['Ben: 0', 'Ben: 1', 'Ben: 9'])
      expect(anna.stats().dropped['channel-rate']).toBe(7)
    }))
})

describe('[CHN-20] a channel on which the host has authority', () => {
  it('lets nobody receive what the host refuses, and everybody what it made of the rest', () =>
    inWorld(trio, async (world, convoys) => {
      const sides = sidesOf(convoys, {
        authority: 'host',
        validate: ({ text }, from) => {
          if (text === 'throw') throw new Error('Broken hook')
          return text === 'change' ? { text: `changed for ${from.name}` } : text !== 'refuse'
        },
      }) as [Side, Side, Side]
      for (const text of ['refuse', 'throw', 'change', 'pass']) sides[1].send({ text })
      sides[0].send({ text: 'host' })
      await world.clock.run(500)
      expect([...sides[0].got]).toEqual(['Ben: changed for Ben', 'Ben: pass'])
      expect(sides[1].got.sort()).toEqual(['Anna: host', 'Ben: changed for Ben', 'Ben: pass'])
      expect(sides[2].got.sort()).toEqual(['Anna: host', 'Ben: changed for Ben', 'Ben: pass'])
      expect(sides[0].convoy.stats().dropped).toMatchObject({ 'channel-refused': 2 })
    }))

  it('sends on no more than 400 a second, however many channels and authors there are', () =>
    inWorld(['Anna', 'Ben', 'Cem', 'Dora'], async (world, convoys) => {
      const schema = v.number()
      let arrived = 0
      for (const name of ['one', 'two']) {
        const options = { schema, rate: 200, authority: 'host' } as const
        const channels = convoys.map((convoy) => convoy.channel(name, options))
        channels[1]?.on('message', () => arrived++)
        for (const channel of channels.slice(1)) for (let index = 0; index < 200; index++) channel.send(index)
      }
      await world.clock.run(500)
      expect(arrived).toBeGreaterThanOrEqual(400)
      expect(arrived).toBeLessThan(410)
      const [anna] = convoys
      expect(anna?.stats().dropped['channel-broadcast-rate']).toBe(1_200 - arrived)
      expect(convoys.every(({ members }) => members.length === 4)).toBe(true)
    }))

  it('[CHN-21] takes the word of nobody but the host', () =>
    inWorld(trio, async (world, convoys) => {
      const [anna, ben, cem] = convoys as [Convoy, Convoy, Convoy]
      const sides = sidesOf([anna, ben], { authority: 'host' }) as [Side, Side]
      cem.channel('notes', { schema: v.any() }).send({ author: anna.self.id, message: new Uint8Array(1) })
      await world.clock.run(500)
      expect(sides.map(({ got }) => got)).toEqual([[], []])
      expect(ben.stats().dropped).toMatchObject({ 'channel-not-host': 1 })
      expect(anna.stats().dropped).toMatchObject({ 'channel-message-malformed': 1 })
    }))
})

describe('[CHN-30] interceptors', () => {
  it('pass, drop or replace chat and channel messages before anyone hears of them', () =>
    inWorld(['Anna', 'Ben'], async (world, convoys) => {
      const [anna, ben] = sidesOf(convoys) as [Side, Side]
      const texts: string[] = []
      anna.convoy.on('chat', ({ text }) => texts.push(text))
      anna.convoy.intercept((event) => {
        if (event.type === 'chat') return event.text === 'bad' ? 'drop' : { replace: `${event.text}!` }
        return (event.message as Note).text === 'bad' ? 'drop' : 'pass'
      })
      const stop = anna.convoy.intercept(() => 'drop')
      stop()
      for (const text of ['bad', 'good']) {
        ben.convoy.sendChat(text)
        ben.send({ text })
      }
      await world.clock.run(500)
      expect(texts).toEqual(['good!'])
      expect(anna.got).toEqual(['Ben: good'])
    }))

  it('[CHN-31] that throw, or replace by what fits no schema, drop what they judged and nothing else', () =>
    inWorld(['Anna', 'Ben'], async (world, convoys) => {
      const [anna, ben] = sidesOf(convoys) as [Side, Side]
      anna.convoy.intercept((event) => {
        if (event.type === 'chat') throw new Error('Broken filter')
        return (event.message as Note).text === 'odd' ? { replace: 7 } : 'pass'
      })
      ben.convoy.sendChat('hello')
      ben.send({ text: 'odd' })
      ben.send({ text: 'fine' })
      await world.clock.run(500)
      expect(anna.got).toEqual(['Ben: fine'])
      expect(anna.convoy.stats().dropped).toMatchObject({ 'intercept-failed': 2 })
    }))
})
