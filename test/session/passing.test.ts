import { Encoder } from '@msgpack/msgpack'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sealMessage, signEnvelope, type EnvelopeContent } from '../../lib/identity/index.ts'
import { emptyVehicleState, type Convoy } from '../../lib/index.ts'
import { decodeMessage, encodeMessage } from '../../lib/protocol/index.ts'
import { passMessageBytes, passMessageSchema, type PassMessage } from '../../lib/session/passMessages.ts'
import { FakeSession, type FakeMember } from '../support/fakeSession.ts'
import { recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

describe('members without a link', () => {
  let world: SimulatedWorld
  let all: [Convoy, Convoy, Convoy]
  beforeEach(async () => {
    world = new SimulatedWorld()
    world.network.cut('Ben', 'Cem')
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite, { profile: { tag: 'lead' } })
    const cem = await world.join('Cem', anna.invite, { vehicleClass: null, profile: { tag: 'watches' } })
    all = [anna, ben, cem]
    await world.clock.run(1_000)
  })
  afterEach(async () => {
    await world.close()
    expect(world.network.openConnections).toBe(0)
    expect(world.clock.pendingTimers).toBe(0)
  })

  it('[FWD-10] hear each other’s chat in order, to all and to one, and the host only what is for it', async () => {
    const [anna, ben, cem] = all
    const atAnna = recordOf(anna, 'chat')
    const atCem = recordOf(cem, 'chat')
    const lines = Array.from({ length: 20 }, (_, number) => `line ${number}`)
    for (const line of lines) ben.sendChat(line)
    ben.sendChat('Only for you', cem.self.id)
    await world.clock.run(1_000)
    expect(atCem.map(({ text, to, from }) => [from.name, text, to?.name ?? null])).toEqual([
      ...lines.map((line) => ['Ben', line, null]),
      ['Ben', 'Only for you', 'Cem'],
    ])
    expect(atAnna.map(({ text }) => text)).toEqual(lines)
  })

  it('[FWD-10] get messages of channels', async () => {
    const open = (convoy: Convoy) => convoy.channel('jobs', { schema: v.object({ tons: v.number() }) })
    const [, ben, cem] = all
    const jobs = open(ben)
    const heard: number[] = []
    open(cem).on('message', ({ message }) => heard.push(message.tons))
    expect(jobs.send({ tons: 22 }, cem.self.id)).toBe(1)
    await world.clock.run(1_000)
    expect(heard).toEqual([22])
  })

  it('[FWD-13] know each other’s profile, the spectator’s as well, and as it changes', async () => {
    const [, ben, cem] = all
    ben.setVehicle({ ...emptyVehicleState(), x: 100 })
    await world.clock.run(4_000)
    const profileOf = (convoy: Convoy, other: Convoy) =>
      convoy.members.find(({ id }) => id === other.self.id)?.profile
    expect(profileOf(cem, ben)).toEqual({ tag: 'lead' })
    expect(profileOf(ben, cem)).toEqual({ tag: 'watches' })
    ben.setProfile({ tag: 'rear' })
    await world.clock.run(1_000)
    expect(profileOf(cem, ben)).toEqual({ tag: 'rear' })
  })

  it('[FWD-10] lose what nobody can bring, and find another way once there is one', async () => {
    const [anna, ben, cem] = all
    await world.join('Dora', anna.invite)
    await world.clock.run(2_000)
    const heard = recordOf(cem, 'chat')
    world.network.cut('Anna', 'Ben')
    await world.clock.run(1_000)
    ben.sendChat('through Dora')
    await world.clock.run(500)
    expect(heard.map(({ text }) => text)).toEqual(['through Dora'])
    world.network.cut('Dora', 'Ben')
    await world.clock.run(2_500)
    ben.sendChat('through nobody')
    await world.clock.run(500)
    expect(heard.length).toBe(1)
  })
})

/** A host that passes on and is passed to, with two members that are the test's. */
async function setUp() {
  const fake = await FakeSession.found()
  const heard: string[] = []
  fake.session.onChannel('chat', (from, body) => heard.push(`${from.name}: ${body.join()}`))
  return { fake, heard, ben: await fake.member('Ben'), cem: await fake.member('Cem') }
}

const bytesOf = (message: PassMessage): Uint8Array =>
  encodeMessage(passMessageSchema, message, passMessageBytes)

describe('a message that is passed on', () => {
  let around: Awaited<ReturnType<typeof setUp>>
  beforeEach(async () => {
    around = await setUp()
  })
  afterEach(() => around.fake.close())

  /** What Cem signs for the host, whoever brings it. */
  async function sealedBy(
    changes: Record<string, unknown> = {},
    content: Partial<EnvelopeContent> = {},
    signer = around.cem.identity,
  ): Promise<Uint8Array> {
    const { cem, fake } = around
    const { session, clock, random } = fake
    const body = new Encoder().encode({
      sessionId: session.record.sessionId,
      from: cem.member.incarnation,
      to: session.self.incarnation,
      channel: 'chat',
      body: Uint8Array.of(1, 2, 3),
      ...changes,
    })
    const envelope = await signEnvelope(
      signer,
      { purpose: 'message', body, audience: session.self.signKey, lifetimeMs: 60_000, ...content },
      { clock, random },
    )
    return sealMessage(session.self.boxKey, envelope, random)
  }

  /** Lets Ben say something to the host. */
  const say = (message: PassMessage): void => around.fake.say(around.ben, 'pass', bytesOf(message))

  const heardBy = (member: FakeMember): PassMessage[] =>
    around.fake.heard(member).map((body) => decodeMessage(passMessageSchema, body, passMessageBytes))

  async function bring(sealed: Uint8Array): Promise<void> {
    say({ type: 'passed', from: around.cem.member.signKey, sealed })
    await around.fake.clock.run(1)
  }

  it('[FWD-11] counts as its author’s, once', async () => {
    const sealed = await sealedBy()
    await bring(sealed)
    await bring(sealed)
    expect(around.heard).toEqual(['Cem: 1,2,3'])
    expect(around.fake.dropped).toEqual({ 'pass-message-replayed': 1 })
  })

  const cases: [name: string, counted: string, make: () => Promise<Uint8Array>][] = [
    ['that is not sealed', 'pass-message-unauthentic', () => Promise.resolve(new Uint8Array(200))],
    ['signed by who brings it', 'pass-message-unauthentic', () => sealedBy({}, {}, around.ben.identity)],
    [
      'for somebody else',
      'pass-message-misaddressed',
      () => sealedBy({}, { audience: around.ben.member.signKey }),
    ],
    ['for nobody', 'pass-message-misaddressed', () => sealedBy({}, { audience: undefined })],
    ['for another purpose', 'pass-message-misaddressed', () => sealedBy({}, { purpose: 'signal' })],
    ['of a former process', 'pass-message-misaddressed', () => sealedBy({ from: new Uint8Array(8) })],
    ['to a former process', 'pass-message-misaddressed', () => sealedBy({ to: new Uint8Array(8) })],
    ['of another session', 'pass-message-misaddressed', () => sealedBy({ sessionId: new Uint8Array(16) })],
    ['with a field too many', 'pass-message-malformed', () => sealedBy({ more: 1 })],
    ['about forwarding', 'pass-channel', () => sealedBy({ channel: 'forward' })],
    ['within another', 'pass-channel', () => sealedBy({ channel: 'pass' })],
  ]
  it.each(cases)('[FWD-11] %s is counted as %s and not heard', async (_name, counted, make) => {
    await bring(await make())
    expect(around.heard).toEqual([])
    expect(around.fake.dropped).toEqual({ [counted]: 1 })
  })

  it('[FWD-11] in the name of somebody who is no member is not even opened', async () => {
    const from = new Uint8Array(32)
    say({ type: 'passed', from, sealed: new Uint8Array(100) })
    await around.fake.clock.run(1)
    expect(around.fake.dropped).toEqual({ 'pass-author-unknown': 1 })
  })

  it('[FWD-12] goes to its addressee as it is, and back as undeliverable where there is no link', async () => {
    const sealed = Uint8Array.of(1, 2, 3)
    const { ben, cem } = around
    say({ type: 'pass', to: cem.member.signKey, sealed })
    await around.fake.clock.run(1)
    expect(heardBy(cem)).toEqual([{ type: 'passed', from: ben.member.signKey, sealed }])
    const nobody = new Uint8Array(32)
    say({ type: 'pass', to: nobody, sealed })
    await around.fake.clock.run(1)
    expect(heardBy(ben)).toEqual([{ type: 'unpassed', to: nobody }])
  })

  it('[FWD-12] is bounded in number and bytes for each member', async () => {
    const { cem } = around
    for (let index = 0; index < 100; index++) {
      say({ type: 'pass', to: cem.member.signKey, sealed: new Uint8Array(50_000) })
    }
    await around.fake.clock.run(1)
    expect(heardBy(cem).length).toBe(5)
    expect(around.fake.dropped).toEqual({ 'pass-rate': 95 })
    for (let index = 0; index < 100; index++) {
      say({ type: 'pass', to: cem.member.signKey, sealed: new Uint8Array(1) })
    }
    await around.fake.clock.run(1)
    expect(around.fake.dropped['channel-rate']).toBe(80)
  })
})
