import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isConvoyError, type Convoy } from '../../lib/index.ts'
import { recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
beforeEach(() => {
  world = new SimulatedWorld()
})
afterEach(async () => {
  await world.close()
  expect(world.clock.pendingTimers).toBe(0)
})

/** Has `send` called each `everyMs` while Ben is cut off from Anna for 12 s, and a while before and after. */
async function throughOutage(everyMs: number, send: (number: number) => void): Promise<number> {
  let number = 0
  const drive = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += everyMs) {
      send(number++)
      await world.clock.run(everyMs)
    }
  }
  await drive(1_000)
  const heal = world.network.cut('Anna', 'Ben')
  await drive(12_000)
  heal()
  await drive(5_000)
  await world.clock.run(3_000)
  return number
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number)

describe('what is sent at a legal rate through an outage of 12 s', () => {
  it('[CHN-1] arrives, where it is chat', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const atAnna = recordOf(anna, 'chat')
    const sent = await throughOutage(20, (number) => ben.sendChat(`${number}`))
    expect(atAnna.map(({ text }) => Number(text))).toEqual(upTo(sent))
    expect(anna.stats().dropped['channel-rate']).toBeUndefined()
  })

  it('[CHN-11] arrives, where it is a channel with a rate of its own', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const options = { schema: v.number(), rate: 100 }
    const got: number[] = []
    anna.channel('numbers', options).on('message', ({ message }) => got.push(message))
    const channel = ben.channel('numbers', options)
    const sent = await throughOutage(10, (number) => channel.send(number))
    expect(got).toEqual(upTo(sent))
    expect(anna.stats().dropped['channel-rate']).toBeUndefined()
  })

  it('[LNK-33] is refused with an error where it is more than may wait, and all that was not arrives', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const options = { schema: v.number(), rate: 400 }
    const got: number[] = []
    anna.channel('numbers', options).on('message', ({ message }) => got.push(message))
    const channel = ben.channel('numbers', options)
    const accepted: number[] = []
    const refusals = new Set<string>()
    await throughOutage(2.5, (number) => {
      try {
        channel.send(number)
        accepted.push(number)
      } catch (error) {
        if (!isConvoyError(error)) throw error
        refusals.add(error.code)
      }
    })
    expect([...refusals]).toEqual(['backlog-full'])
    expect(got).toEqual(accepted)
    const [link] = ben.stats().links
    expect(link?.dropped['control-send-backlog-full']).toBeGreaterThan(0)
    expect(ben.members).toHaveLength(2)
  })
})
