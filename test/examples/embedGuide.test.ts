import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { smallMachine, trySend, whoFloods } from '../../examples/embed/guide/budgets.ts'
import { drawFrame, type Game } from '../../examples/embed/guide/frameLoop.ts'
import { driveTraffic, shareTraffic, spawn, type TrafficGame } from '../../examples/embed/guide/traffic.ts'
import { explainFailure } from '../../examples/embed/guide/explainFailure.ts'
import { jobChannels, mute, openJobs } from '../../examples/embed/guide/jobs.ts'
import { obey } from '../../examples/embed/guide/hostCommands.ts'
import { actionsOn, waitSeconds } from '../../examples/embed/guide/moderate.ts'
import {
  ConvoyError,
  emptyVehicleState,
  errorCodes,
  hostConvoy,
  joinConvoy,
  vehicleFlags,
  type Convoy,
  type ErrorCode,
  type HostOptions,
  type JoinOptions,
  type LoadOrder,
  type VehicleState,
} from '../../lib/index.ts'
import {
  SimulatedClock,
  simulatedIdentity,
  SimulatedNetwork,
  SimulatedRendezvous,
  simulatedVerify,
} from '../../lib/testing/index.ts'
import { seededRandom } from '../../lib/core/index.ts'
import { quotesIn } from '../../scripts/quotedFiles.ts'

const modsOf = (...names: string[]): LoadOrder => ({
  mods: names.map((name) => ({ package: name, name, optional: false })),
  dlcs: [],
})

/** A host and what friends need to join it, in simulated time. */
async function simulatedHost(more: Partial<HostOptions> = {}) {
  const clock = new SimulatedClock()
  const network = new SimulatedNetwork({ clock, seed: 1, delayMs: 20 })
  const signaling = new SimulatedRendezvous({ network })
  const optionsOf = (name: string) => {
    const process = network.peer(name)
    return {
      name,
      clock: process.clock,
      random: process.random,
      connector: process.connector,
      rendezvous: signaling.rendezvous(name),
      identity: simulatedIdentity(process.random),
      verify: simulatedVerify,
    }
  }
  const host = await clock.complete(hostConvoy({ ...optionsOf('anna'), ...more }))
  const join = (name: string, more: Partial<JoinOptions> = {}): Promise<Convoy> =>
    clock.complete(joinConvoy(host.invite, { ...optionsOf(name), ...more }))
  return { clock, host, join }
}

describe('the guide for embedders', () => {
  it('shows no code but that of files which tests run', () => {
    const guide = readFileSync('docs/embedding.md', 'utf8')
    expect(guide.match(/^```ts$/gm)?.length).toBe(quotesIn(guide).length)
    expect(quotesIn(guide).length).toBeGreaterThan(4)
  })

  it('names only error codes that exist', () => {
    const guide = readFileSync('docs/embedding.md', 'utf8')
    const [, table = ''] = /<!-- error codes -->([\s\S]*?)<!-- end -->/.exec(guide) ?? []
    const named = [...table.matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => code)
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((code) => !(code in errorCodes))).toEqual([])
  })
})

describe('the frame loop of the guide', () => {
  it('draws each truck where it is, and lets nobody crash into ghosts or what fades away', async () => {
    const { clock, host, join } = await simulatedHost()
    const friend = await join('ben')
    const drawn: { x: number; opacity: number; collides: boolean }[] = []
    const game: Game = {
      ownTruck: () => null,
      drawTruck: (_, { x }, opacity, collides) => drawn.push({ x, opacity, collides }),
    }
    const draw = () => {
      drawn.length = 0
      drawFrame(friend, game)
      return drawn
    }

    host.setVehicle({ ...emptyVehicleState(), x: 100 })
    await clock.run(2_000)
    expect(draw()).toEqual([{ x: expect.closeTo(100, 1) as number, opacity: 1, collides: true }])
    host.setVehicle({ ...emptyVehicleState(), x: 100, flags: vehicleFlags.ghost })
    await clock.run(2_000)
    expect(draw()).toMatchObject([{ opacity: 1, collides: false }])
    host.setVehicle(null)
    await clock.run(3_000)
    expect(draw()).toEqual([])
    await clock.complete(friend.close())
    await clock.complete(host.close())
  })
})

describe('the explanations of the guide', () => {
  it('tell a player with the wrong mods what to do, step by step', async () => {
    const { clock, host, join } = await simulatedHost({ loadOrder: modsOf('map', 'sound') })
    const error: unknown = await join('ben', { loadOrder: modsOf('map') }).catch((error: unknown) => error)
    const { offer, steps } = explainFailure(error)
    expect(offer).toBe('try again')
    expect(steps).toEqual([expect.stringContaining('Activate “sound”')])
    await clock.complete(host.close())
  })

  it('have words and a next step for every error, and hide no mistake of the program', () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const details = { findings: [] }
      expect(explainFailure(new ConvoyError(code, 'What to do.', { details })).text).toBe('What to do.')
    }
    const mistake = new TypeError('x is undefined')
    expect(() => explainFailure(mistake)).toThrow(mistake)
  })
})

describe('the commands of the guide', () => {
  it('change rules, remove members and talk', async () => {
    const { clock, host, join } = await simulatedHost()
    const friend = await join('ben')
    const heard: string[] = []
    friend.on('chat', ({ text }) => heard.push(text))
    let removedBecause = ''
    friend.on('removed', ({ detail }) => (removedBecause = detail))

    await obey(host, 'Mind the bridge')
    await clock.complete(obey(host, '/limit 80'))
    await clock.run(500)
    expect(heard).toEqual(['Mind the bridge'])
    expect(friend.rules.speedLimit).toBe(80)
    await expect(obey(host, '/kick nobody')).rejects.toThrow('Nobody here is called nobody.')
    await clock.complete(obey(host, '/kick ben'))
    await clock.run(2_000)
    expect(removedBecause).toBe('The host asked you to leave.')
    await clock.complete(host.close())
  })
})

describe('the channel of the guide', () => {
  it('offers jobs under the authority of the host, and refuses programs of another version', async () => {
    const { clock, host, join } = await simulatedHost({ channels: jobChannels })
    const friend = await join('ben', { channels: jobChannels })
    openJobs(host)
    const jobs = openJobs(friend)
    const offered: unknown[] = []
    jobs.on('message', ({ author, message }) => offered.push([author?.name, message.cargo]))
    jobs.send({ cargo: 'Steel', tons: 22 })
    jobs.send({ cargo: 'A bridge', tons: 400 })
    await clock.run(500)
    expect(offered).toEqual([['ben', 'Steel']])
    expect(() => jobs.send({ cargo: 'Steel', tons: -1 })).toThrow(ConvoyError)

    await expect(join('cleo', { channels: { jobs: 2 } })).rejects.toMatchObject({ code: 'channel-mismatch' })
    await clock.complete(friend.close())
    await clock.complete(host.close())
  })

  it('waits where it is told to, and names who floods', async () => {
    const { clock, host, join } = await simulatedHost({
      budgets: { ...smallMachine, channelMessagesAtOnce: 5 },
    })
    const friend = await join('ben')
    const options = { schema: v.number(), rate: 2 }
    host.channel('numbers', options)
    const numbers = friend.channel('numbers', options)
    expect([1, 2, 3].map((number) => trySend(numbers, number))).toEqual(['sent', 'sent', 'wait'])
    expect(() => trySend(numbers, 'four' as never)).toThrow(ConvoyError)
    expect(whoFloods(host)).toEqual([])
    for (let line = 0; line < 20; line++) friend.sendChat(`${line}`)
    await clock.run(1_000)
    expect(whoFloods(host)).toEqual([friend.self.id])
    await clock.complete(friend.close())
    await clock.complete(host.close())
  })

  it('mutes members until told otherwise', async () => {
    const { clock, host, join } = await simulatedHost()
    const friend = await join('ben')
    const heard: string[] = []
    friend.on('chat', ({ text }) => heard.push(text))
    const unmute = mute(friend, new Set([host.self.id]))
    host.sendChat('one')
    await clock.run(500)
    unmute()
    host.sendChat('two')
    await clock.run(500)
    expect(heard).toEqual(['two'])
    await clock.complete(friend.close())
    await clock.complete(host.close())
  })
})

describe('the traffic of the guide', () => {
  /** Vehicles that drive east, a metre a frame. */
  const game = () => {
    const simulated = new Map<number, VehicleState>()
    const drawn = new Map<number, string>()
    const implementation: TrafficGame = {
      take: (id, _model, state) => simulated.set(id, state),
      drop: (id) => simulated.delete(id),
      step: () => {
        drawn.clear()
        for (const state of simulated.values()) state.x++
        return simulated
      },
      draw: (id, model) => drawn.set(id, model),
    }
    return { simulated, drawn, implementation }
  }

  it('is simulated by one, drawn by the other, and goes on when its owner leaves', async () => {
    const { clock, host, join } = await simulatedHost()
    const friend = await join('ben')
    const [games, friendsGame] = [game(), game()]
    shareTraffic(host, games.implementation)
    shareTraffic(friend, friendsGame.implementation)
    const run = async (frames: number): Promise<void> => {
      for (let frame = 0; frame < frames; frame++) {
        driveTraffic(host, games.implementation)
        driveTraffic(friend, friendsGame.implementation)
        await clock.run(50)
      }
    }
    expect(spawn(friend, friendsGame.implementation, 'van', { ...emptyVehicleState(), x: 100, y: 10 })).toBe(
      true,
    )
    await run(20)
    const [id] = friend.traffic.owned()
    expect([...games.drawn]).toEqual([[id, 'van']])
    await clock.complete(friend.close())
    await run(20)
    expect([...games.simulated.keys()]).toEqual([id])
    await clock.complete(host.setRules({ traffic: false }))
    expect(games.simulated.size).toBe(0)
    expect(spawn(host, games.implementation, 'van', emptyVehicleState())).toBe(false)
    await clock.complete(host.close())
  })
})

describe('moderation in the guide', () => {
  it('offers what a member may do, and tells who was kicked when to try again', async () => {
    const { clock, host, join } = await simulatedHost()
    const ben = await join('ben')
    const identity = simulatedIdentity(seededRandom(4))
    const cem = await join('cem', { identity })
    await clock.complete(host.setRole(ben.self.id, 'staff'))
    await clock.run(1_000)
    const cemAt = (convoy: Convoy) => convoy.members.find(({ id }) => id === cem.self.id) ?? convoy.self
    expect(Object.keys(actionsOn(host, cemAt(host)))).toEqual([
      'Mute for ten minutes',
      'Kick',
      'Ban for a week',
      'Make staff',
    ])
    expect(Object.keys(actionsOn(cem, ben.self))).toEqual([])
    const actions = actionsOn(ben, cemAt(ben))
    expect(Object.keys(actions)).toEqual(['Mute for ten minutes', 'Kick'])
    await clock.complete(actions.Kick?.() ?? Promise.reject(new Error('No such action.')))
    await clock.run(1_000)
    expect(host.members).toHaveLength(2)
    const refused = await join('cem', { identity }).catch((error: unknown) => error)
    expect(waitSeconds(refused)).toBeGreaterThan(290)
    expect(waitSeconds(new Error('Something else.'))).toBeUndefined()
    await clock.complete(Promise.all([host.close(), ben.close()]))
  })
})
