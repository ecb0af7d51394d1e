import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PeerConvoy } from '../../lib/convoy/peerConvoy.ts'
import type { SimulationHooks } from '../../lib/convoy/environment.ts'
import type { Convoy, HostOptions, JoinOptions } from '../../lib/index.ts'
import type { Link } from '../../lib/rtc/index.ts'
import type { ControlMessage } from '../../lib/session/controlMessages.ts'
import { controlMessageSchema } from '../../lib/session/controlMessages.ts'
import { decodeMessage, limits } from '../../lib/protocol/index.ts'
import type { SessionRecord } from '../../lib/session/record.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld

beforeEach(() => {
  world = new SimulatedWorld()
})

afterEach(async () => {
  await world.close()
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
})

/** What one side of each link says. */
type Saying = (message: ControlMessage, bytes: Uint8Array) => Uint8Array

/** Hosts that take a snapshot each `snapshotBytes` of entries, and say what `saying` makes of it. */
const hooks = (snapshotBytes: number | undefined, saying: Saying = (_, bytes) => bytes): SimulationHooks => ({
  alterEnvironment: (environment) => ({
    ...environment,
    ...(snapshotBytes === undefined ? {} : { snapshotBytes }),
    connect: async (options) => overheard(await environment.connect(options), saying),
  }),
})

function overheard(link: Link, saying: Saying): Link {
  const sendControl = (bytes: Uint8Array): void =>
    link.sendControl(saying(decodeMessage(controlMessageSchema, bytes, limits.controlMessageBytes), bytes))
  return new Proxy(link, {
    get: (target, name) => {
      if (name === 'sendControl') return sendControl
      const value: unknown = Reflect.get(target, name, target)
      // Methods of a class with private fields know their own object only.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

const recordIn = (convoy: Convoy): SessionRecord => {
  if (!(convoy instanceof PeerConvoy)) throw new Error('Convoys are peer convoys.')
  return convoy.session.record
}

const host = (options: Partial<HostOptions> & SimulationHooks): Promise<Convoy> => world.host('Anna', options)

const join = (
  name: string,
  to: Convoy,
  options: Partial<JoinOptions> & SimulationHooks = {},
): Promise<Convoy> => world.join(name, to.invite, options)

const together = (...convoys: Convoy[]): Promise<void> =>
  world.clock.runUntil(() => convoys.every((convoy) => isFullyConnected(convoy, convoys.length)))

async function decide(convoy: Convoy, times: number): Promise<void> {
  for (let time = 0; time < times; time++)
    await world.clock.complete(convoy.setRules({ speedLimit: 30 + (time % 100) }))
}

describe('a convoy that decided much', () => {
  it('[REC-13] [ADM-10] after 2,000 changes of rules hands a newcomer a snapshot and some, who then decides in its turn', async () => {
    const said: string[] = []
    const note: Saying = ({ type }, bytes) => {
      if (type === 'snapshot' || type === 'entries') said.push(`${type} ${bytes.length}`)
      return bytes
    }
    const anna = await host(hooks(undefined, note))
    const ben = await join('Ben', anna)
    const cem = await join('Cem', anna)
    await together(anna, ben, cem)
    await world.clock.run(3_000)
    await decide(anna, 2_000)
    await world.clock.run(2_000)
    for (const convoy of [anna, ben, cem]) {
      expect(recordIn(convoy).committed).toBeGreaterThan(2_000)
      expect(recordIn(convoy).bytes).toBeLessThan(320_000)
    }
    said.length = 0
    const dora = await join('Dora', anna)
    const handed = said.map((text) => Number(text.split(' ')[1])).reduce((sum, bytes) => sum + bytes, 0)
    expect(said.filter((text) => text.startsWith('snapshot'))).toHaveLength(1)
    expect(handed).toBeLessThan(150_000)
    await together(anna, ben, cem, dora)
    expect(dora.rules).toEqual(anna.rules)
    expect(recordIn(dora).first).toBeGreaterThan(1_000)
    await world.clock.complete(anna.transferHost(dora.self.id))
    await world.clock.runUntil(() => dora.isHost)
    world.network.peer('Anna').kill()
    await world.clock.run(20_000)
    await world.clock.complete(dora.setRules({ speedLimit: 33 }))
    const emil = await join('Emil', dora)
    await together(ben, cem, dora, emil)
    world.network.peer('Dora').kill()
    await world.clock.runUntil(() => [ben, cem, emil].some(({ isHost }) => isHost))
    const next = [ben, cem, emil].find(({ isHost }) => isHost) as Convoy
    await world.clock.complete(next.setRules({ speedLimit: 44 }))
    await world.clock.run(1_000)
    for (const convoy of [ben, cem, emil]) expect(convoy.rules.speedLimit).toBe(44)
    const digests = [ben, cem, emil].map((convoy) => convoy.stats().record.digest)
    expect(new Set(digests).size).toBe(1)
  })

  it('[LNK-74] [REC-12] brings back who was away for hundreds of decisions, and tells it what is new', async () => {
    const anna = await host(hooks(5_000))
    const ben = await join('Ben', anna)
    const cem = await join('Cem', anna)
    const dora = await join('Dora', anna)
    await together(anna, ben, cem, dora)
    const told = {
      rules: recordOf(ben, 'rulesChanged'),
      left: recordOf(ben, 'memberLeft'),
      joined: recordOf(ben, 'memberJoined'),
      banned: recordOf(ben, 'banned'),
      muted: recordOf(ben, 'muted'),
    }
    const heal = world.network.isolate('Ben')
    await world.clock.run(20_000)
    await decide(anna, 300)
    await world.clock.complete(anna.ban(dora.self.id, { reason: 'Rammed a bus.' }))
    await world.clock.complete(anna.mute(cem.self.id, { reason: 'Sings.' }))
    const emil = await join('Emil', anna)
    await together(anna, cem, emil)
    await decide(anna, 200)
    heal()
    await world.clock.runUntil(() => isFullyConnected(ben, 4))
    expect(recordIn(ben).first).toBeGreaterThan(300)
    expect(ben.rules).toEqual(anna.rules)
    expect(told.rules.at(-1)?.rules).toEqual(anna.rules)
    expect(told.rules.length).toBeLessThan(60)
    expect(told.left.map(({ member }) => member.name)).toContain('Dora')
    expect(told.joined.map(({ name }) => name)).toContain('Emil')
    expect(told.banned.map(({ reason }) => reason)).toEqual(['Rammed a bus.'])
    expect(told.muted.map(({ member, reason }) => `${member.name} ${reason}`)).toEqual(['Cem Sings.'])
    await decide(anna, 20)
    await world.clock.run(1_000)
    expect(ben.stats().record.digest).toBe(anna.stats().record.digest)
  })

  it('[ADM-9] hands who comes back what it lacks only, where that is still there', async () => {
    const said: ControlMessage['type'][] = []
    const note: Saying = ({ type }, bytes) => {
      said.push(type)
      return bytes
    }
    const anna = await host(hooks(10_000, note))
    const ben = await join('Ben', anna)
    const cem = await join('Cem', anna)
    await together(anna, ben, cem)
    await decide(anna, 100)
    expect(recordIn(anna).first).toBeGreaterThan(0)
    const heal = world.network.isolate('Ben')
    await world.clock.run(20_000)
    await decide(anna, 5)
    said.length = 0
    const rules = recordOf(ben, 'rulesChanged')
    heal()
    await world.clock.runUntil(() => isFullyConnected(ben, 3))
    expect(said).not.toContain('snapshot')
    expect(rules).toHaveLength(5)
    expect(ben.rules).toEqual(anna.rules)
  })

  it('[AUT-4] hands a snapshot over an open link to who did not hear for long', async () => {
    const anna = await host(hooks(1_000))
    const others: Convoy[] = []
    for (const name of ['Ben', 'Cem', 'Dora', 'Emil', 'Fay']) others.push(await join(name, anna))
    await together(anna, ...others)
    const fay = others[4] as Convoy
    world.network.peer('Fay').freeze()
    await world.clock.run(6_000)
    await decide(anna, 60)
    world.network.peer('Fay').thaw()
    await world.clock.runUntil(() => recordIn(fay).committed === recordIn(anna).committed)
    expect(recordIn(fay).first).toBeGreaterThan(0)
    expect(fay.rules).toEqual(anna.rules)
    expect(fay.stats().record.digest).toBe(anna.stats().record.digest)
  })

  it('[REC-12] turns away with a clear error who is handed a forged snapshot, and lets it in later', async () => {
    let forging = true
    const forge: Saying = ({ type }, bytes) => {
      if (type !== 'snapshot' || !forging) return bytes
      const forged = bytes.slice()
      forged[forged.length - 100] = (forged[forged.length - 100] ?? 0) ^ 1
      return forged
    }
    const anna = await host(hooks(1_000, forge))
    await decide(anna, 20)
    await expect(join('Ben', anna)).rejects.toMatchObject({ name: 'ConvoyError', code: 'message-malformed' })
    forging = false
    const cem = await join('Cem', anna)
    await together(anna, cem)
    expect(cem.rules).toEqual(anna.rules)
    expect(anna.members.map(({ name }) => name)).toEqual(['Anna', 'Cem'])
  })
})
