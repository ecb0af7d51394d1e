import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import * as v from 'valibot'
import { silentLogger } from '../../lib/core/index.ts'
import type { Convoy, ConvoyEvents, Logger } from '../../lib/index.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
const unhandled = vi.fn()
beforeEach(() => {
  world = new SimulatedWorld()
  process.on('unhandledRejection', unhandled)
})
afterEach(async () => {
  await world.close()
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

const broken = (): never => {
  throw new Error('The embedding program is broken')
}
const brokenLater = async (): Promise<void> => {
  await Promise.resolve()
  broken()
}
/** As programs write it, though no listener may be asynchronous. */
const brokenListener: () => unknown = brokenLater

const events: (keyof ConvoyEvents)[] = [
  'memberJoined',
  'memberLeft',
  'memberChanged',
  'rulesChanged',
  'chat',
  'hostGone',
  'hostBack',
  'removed',
  'closed',
]

const loggerOf = () => ({ ...silentLogger, error: vi.fn<Logger['error']>() })

/** Whether what `from` says still arrives at `to`. */
async function talks(from: Convoy, to: Convoy): Promise<boolean> {
  const chat = recordOf(to, 'chat')
  from.sendChat('still here')
  await world.clock.run(500)
  return chat.length > 0
}

it('listeners that throw, at once or later, are logged, and the convoy goes on', async () => {
  const logger = loggerOf()
  const anna = await world.host('Anna', { logger })
  const breakAll = (convoy: Convoy): void => {
    for (const name of events) {
      convoy.on(name, broken)
      convoy.on(name, () => void 0)
      convoy.on(name, brokenListener)
    }
  }
  breakAll(anna)
  const ben = await world.join('Ben', anna.invite, { logger })
  breakAll(ben)
  const cem = await world.join('Cem', anna.invite)
  await world.clock.runUntil(() => [anna, ben, cem].every((convoy) => isFullyConnected(convoy, 3)))
  await world.clock.complete(anna.setRules({ speedLimit: 80 }))
  expect(await talks(ben, cem)).toBe(true)
  expect(await talks(cem, anna)).toBe(true)
  const heal = world.network.isolate('Ben')
  await world.clock.run(20_000)
  heal()
  await world.clock.runUntil(() => isFullyConnected(ben, 3))
  await world.clock.complete(anna.kick(cem.self.id))
  await world.clock.complete(anna.kick(ben.self.id))
  await world.clock.run(2_000)
  expect(anna.members).toHaveLength(1)
  const told = new Set(logger.error.mock.calls.map(([message]) => message))
  expect([...told].sort()).toEqual(events.map((name) => `A listener of "${name}" threw.`).sort())
})

it('a logger that throws disturbs nothing', async () => {
  const logger: Logger = { debug: broken, info: broken, warn: broken, error: broken }
  const anna = await world.host('Anna', { logger, admit: ({ name }) => (name === 'Cem' ? broken() : true) })
  anna.on('memberJoined', broken)
  anna.intercept((event) => (event.type === 'chat' && event.text === 'rude' ? broken() : 'pass'))
  const ben = await world.join('Ben', anna.invite, { logger })
  await expect(world.join('Cem', anna.invite)).rejects.toMatchObject({ code: 'admit-refused' })
  ben.sendChat('rude')
  expect(await talks(ben, anna)).toBe(true)
  const heal = world.network.cut('Anna', 'Ben')
  await world.clock.run(20_000)
  heal()
  await world.clock.runUntil(() => isFullyConnected(ben, 2))
})

it('an admit hook that fails later refuses, and one that never answers does so in the end', async () => {
  const anna = await world.host('Anna', {
    admit: ({ name }) => {
      if (name === 'Ben') return brokenLater().then(() => true)
      if (name === 'Cem') return new Promise(() => undefined)
      return true
    },
  })
  await expect(world.join('Ben', anna.invite)).rejects.toMatchObject({ code: 'admit-refused' })
  await expect(world.join('Cem', anna.invite)).rejects.toMatchObject({ code: 'admit-refused' })
  await world.join('Dora', anna.invite)
  expect(anna.members.map(({ name }) => name)).toEqual(['Anna', 'Dora'])
})

it('a schema, a validate hook, an interceptor and listeners of a channel that throw drop their message only', async () => {
  const logger = loggerOf()
  const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
  const cem = await world.join('Cem', anna.invite, { logger })
  await world.clock.runUntil(() => isFullyConnected(cem, 3))
  const schema = v.object({ text: v.string() })
  const strict = v.pipe(
    schema,
    v.check(({ text }) => (text === 'schema' ? broken() : true)),
  )
  const validate = ({ text }: { text: string }): boolean => (text === 'validate' ? broken() : true)
  const sides = [
    anna.channel('words', { schema, authority: 'host', validate }),
    ben.channel('words', { schema, authority: 'host' }),
    cem.channel('words', { schema: strict, authority: 'host' }),
  ] as const
  cem.intercept((event) =>
    event.type === 'channel' && (event.message as { text: string }).text === 'intercept' ? broken() : 'pass',
  )
  const heard: string[] = []
  sides[2].on('message', ({ message }) => {
    heard.push(message.text)
    broken()
  })
  for (const text of ['schema', 'validate', 'intercept', 'fine', 'again']) sides[1].send({ text })
  await world.clock.run(500)
  expect(heard).toEqual(['fine', 'again'])
  expect(logger.error).toHaveBeenCalled()
})
