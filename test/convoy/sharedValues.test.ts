import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Convoy } from '../../lib/index.ts'
import { recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld

beforeEach(() => {
  world = new SimulatedWorld()
})

afterEach(() => world.close())

const set = (convoy: Convoy, name: string, value: unknown): Promise<void> =>
  world.clock.complete(convoy.shared.set(name, value))

describe('shared values', () => {
  it('[REC-7] reach everyone, newcomers included, and outlive the host that set them', async () => {
    const [anna, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    const changes = recordOf(ben, 'sharedChanged')
    await world.clock.run(3_000)
    await set(anna, 'weather', { rain: 0.8 })
    await set(anna, 'job', { cargo: 'Steel' })
    await set(anna, 'job', undefined)
    await world.clock.run(500)
    expect(changes.map(({ name, value, by }) => [name, value, by.name])).toEqual([
      ['weather', { rain: 0.8 }, 'Anna'],
      ['job', { cargo: 'Steel' }, 'Anna'],
      ['job', undefined, 'Anna'],
    ])
    world.network.kill('Anna')
    await world.clock.run(3_000)
    const host = ben.isHost ? ben : cem
    expect(host.shared.names()).toEqual(['weather'])
    await set(host, 'event', { lap: 3 })
    await world.clock.run(500)
    expect([ben, cem].map(({ shared }) => shared.get('event'))).toEqual([{ lap: 3 }, { lap: 3 }])
  })

  it('[REC-7] are refused where they are too large, too many, badly named, or not the host’s to set', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    await expect(set(ben, 'weather', 1)).rejects.toMatchObject({ code: 'not-permitted' })
    await expect(set(anna, 'two words', 1)).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(set(anna, 'big', 'x'.repeat(5_000))).rejects.toMatchObject({ code: 'message-too-large' })
    await expect(set(anna, 'code', () => 1)).rejects.toMatchObject({ code: 'invalid-argument' })
    for (let index = 0; index < 32; index++) await set(anna, `value${index}`, index)
    await expect(set(anna, 'one-more', 1)).rejects.toMatchObject({ code: 'invalid-argument' })
    await set(anna, 'value3', 33)
    await world.clock.run(500)
    expect(ben.shared.get('value3')).toBe(33)
  })
})
