import { Encoder } from '@msgpack/msgpack'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import { sealMessage, signEnvelope, type EnvelopeContent, type Identity } from '../../lib/identity/index.ts'
import { decodeInvite, isConvoyError, type Convoy } from '../../lib/index.ts'
import { limits, protocolVersion } from '../../lib/protocol/index.ts'
import type { Rendezvous } from '../../lib/rendezvous/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'
import { Attack } from './support/knockAttack.ts'

const random = seededRandom(666)
let world: SimulatedWorld
let anna: Convoy
let host: Identity
let mallory: Identity
let sessionId: Uint8Array
let rendezvous: Rendezvous

beforeEach(async () => {
  world = new SimulatedWorld()
  host = world.identity('Anna')
  mallory = world.identity('Mallory')
  anna = await world.host('Anna', { rules: { maxPlayers: 4 } })
  sessionId = decodeInvite(anna.invite).sessionId
  rendezvous = world.hub.rendezvous()
})

afterEach(async () => {
  expect(anna.members.map(({ name }) => name)).toEqual(['Anna'])
  await world.close()
  expect(world.clock.pendingTimers).toBe(0)
})

const beginAttack = (): Promise<Attack> => Attack.begin(world, rendezvous, { sessionId, host, mallory })

const knockFields = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: 'knock',
  protocol: protocolVersion,
  sessionId,
  boxKey: mallory.boxKey,
  secret: null,
  incarnation: new Uint8Array(8),
  name: 'Mallory',
  game: null,
  vehicleClass: 'truck',
  claims: [],
  ...changes,
})

const encode = (message: unknown): Uint8Array => new Encoder().encode(message)

async function sealed(
  message: unknown,
  content: Partial<EnvelopeContent> = {},
  signedBy = mallory,
): Promise<Uint8Array> {
  const envelope = await signEnvelope(
    signedBy,
    { purpose: 'knock', body: encode(message), audience: host.signKey, lifetimeMs: 60_000, ...content },
    { clock: world.clock, random },
  )
  return sealMessage(host.boxKey, envelope, random)
}

/** Mallory with a signer that knows no key. */
const forger = (): Identity => ({
  ...mallory,
  signer: { publicKey: mallory.signKey, sign: () => new Uint8Array(64) },
})

const dropped = (): Readonly<Record<string, number>> => anna.stats().dropped

describe('a message on a route that', () => {
  const cases: [name: string, counted: string, make: () => Promise<Uint8Array>][] = [
    ['is not sealed', 'knock-message-unauthentic', () => Promise.resolve(encode(knockFields()))],
    ['is empty', 'knock-message-unauthentic', () => Promise.resolve(new Uint8Array(0))],
    [
      'is sealed to somebody else',
      'knock-message-unauthentic',
      async () => sealMessage(mallory.boxKey, await sealed(knockFields()), random),
    ],
    [
      'holds no envelope',
      'knock-message-malformed',
      () => Promise.resolve(sealMessage(host.boxKey, Uint8Array.of(1, 2, 3), random)),
    ],
    [
      'was signed for another purpose',
      'knock-message-misaddressed',
      () => sealed(knockFields(), { purpose: 'signal' }),
    ],
    [
      'was signed for another host',
      'knock-message-misaddressed',
      () => sealed(knockFields(), { audience: mallory.signKey }),
    ],
    [
      'was signed for nobody in particular',
      'knock-message-misaddressed',
      () => sealed(knockFields(), { audience: undefined }),
    ],
    ['is signed wrongly', 'knock-message-unauthentic', () => sealed(knockFields(), {}, forger())],
    [
      'was signed long ago',
      'knock-message-expired',
      async () => {
        const message = await sealed(knockFields(), { lifetimeMs: 1 })
        await world.clock.run(600_000)
        return message
      },
    ],
    ['is of no known type', 'knock-message-malformed', () => sealed({ type: 'sesame' })],
    ['is no map', 'knock-message-malformed', () => sealed([1, 2, 3])],
    ['has a field too many', 'knock-message-malformed', () => sealed(knockFields({ isAdmin: true }))],
    ['poses as another name', 'knock-message-malformed', () => sealed(knockFields({ name: 'Anna\u202e' }))],
    [
      'claims more than anybody has',
      'knock-message-malformed',
      () => sealed(knockFields({ claims: Array.from({ length: 17 }, (_, index) => `c${index}`) })),
    ],
    [
      'comes before any knock',
      'knock-signal-early',
      () =>
        sealed({
          type: 'signal',
          signal: { type: 'candidate', attempt: 0, candidate: 'x', sdpMid: '0', sdpMLineIndex: 0 },
        }),
    ],
  ]

  it.each(cases)('[ADM-1] %s is counted as %s and answered with nothing', async (_name, counted, make) => {
    const message = await make()
    const attack = await beginAttack()
    attack.send(message)
    await attack.settle()
    expect(dropped()).toEqual({ [counted]: 1 })
    expect(attack.answers).toEqual([])
    // The route is still of use to who is sound.
    attack.send(await sealed(knockFields()))
    await attack.settle()
    expect(attack.answers.map(({ type }) => type)).toEqual(['challenge'])
  })

  it('[ADM-1] is larger than a rendezvous takes does not leave the sender', async () => {
    const attack = await beginAttack()
    expect(() => attack.send(new Uint8Array(limits.rendezvousMessageBytes + 1))).toThrow(
      expect.objectContaining({ code: 'message-too-large' }),
    )
  })

  it('[ADM-1] was seen before is counted, on the same route and on another', async () => {
    const message = await sealed(knockFields())
    const first = await beginAttack()
    first.send(message)
    first.send(message)
    await first.settle()
    const second = await beginAttack()
    second.send(message)
    await second.settle()
    expect(dropped()).toEqual({ 'knock-message-replayed': 2 })
    expect([first, second].map(({ answers }) => answers.length)).toEqual([1, 0])
  })

  it('[ADM-1] comes from somebody else than who knocked does not count', async () => {
    const attack = await beginAttack()
    attack.send(await sealed(knockFields()))
    await attack.settle()
    const { nonce } = attack.answers[0] as { nonce: Uint8Array }
    attack.send(await sealed({ type: 'proof', nonce, password: null }, {}, world.identity('Eve')))
    await attack.settle()
    expect(dropped()).toEqual({ 'knock-message-unauthentic': 1 })
    expect(attack.answers).toHaveLength(1)
  })
})

describe('a knock', () => {
  const refusals: [name: string, code: string, words: string, changes: () => Record<string, unknown>][] = [
    ['for another session', 'message-unauthentic', 'invite', () => ({ sessionId: new Uint8Array(16) })],
    ['of another protocol', 'protocol-version', 'Update', () => ({ protocol: protocolVersion + 1 })],
    [
      'of a protocol with other fields',
      'protocol-version',
      'Update',
      () => ({ protocol: 9, name: undefined, horses: 500 }),
    ],
  ]

  it.each(refusals)('[ADM-3] %s is refused as %s, in words', async (_name, code, words, changes) => {
    const attack = await beginAttack()
    attack.send(await sealed(knockFields(changes())))
    await attack.settle()
    expect(attack.answers).toMatchObject([{ type: 'refused', code }])
    expect(attack.answers[0]?.message).toContain(words)
    expect(attack.closed).toBe(true)
  })

  it('[ADM-5] answered with the nonce of another challenge is refused', async () => {
    const attack = await beginAttack()
    attack.send(await sealed(knockFields()))
    await attack.settle()
    attack.send(await sealed({ type: 'proof', nonce: new Uint8Array(16), password: null }))
    await attack.settle()
    expect(attack.answers).toMatchObject([{ type: 'challenge' }, { code: 'message-unauthentic' }])
  })

  const outOfTurn: [name: string, make: () => Record<string, unknown>[]][] = [
    ['a second knock', () => [knockFields(), knockFields()]],
    ['a proof before the knock', () => [{ type: 'proof', nonce: new Uint8Array(16), password: null }]],
    ['a challenge', () => [{ type: 'challenge', nonce: new Uint8Array(16), password: null }]],
    ['a welcome', () => [knockFields(), { type: 'welcome' }]],
    ['a refusal', () => [knockFields(), { type: 'refused', code: 'banned', message: 'no' }]],
  ]

  it.each(outOfTurn)('[ADM-1] ends with %s out of turn', async (_name, make) => {
    const attack = await beginAttack()
    for (const message of make()) attack.send(await sealed(message))
    await attack.settle()
    expect(attack.closed).toBe(true)
    expect(dropped()).toEqual({ 'knock-message-malformed': 1 })
  })

  it('[ADM-1] that goes no further is given up after 10 s', async () => {
    const attack = await beginAttack()
    attack.send(await sealed(knockFields()))
    await attack.settle(11_000)
    expect(attack.closed).toBe(true)
    expect(dropped()).toEqual({ 'knock-timeout': 1 })
  })

  it('[ADM-8] that is welcomed and then never connects leaves nothing', async () => {
    const attack = await beginAttack()
    attack.send(await sealed(knockFields()))
    await attack.settle()
    const { nonce } = attack.answers[0] as { nonce: Uint8Array }
    attack.send(await sealed({ type: 'proof', nonce, password: null }))
    await attack.settle()
    expect(attack.answers.at(-1)).toMatchObject({ type: 'welcome' })
    attack.route.close()
    await attack.settle(5_000)
    expect(dropped()).toEqual({ 'knock-closed': 1 })
  })
})

describe('a flood', () => {
  it('[ADM-1] of 10,000 junk messages closes the route, and the host goes on admitting', async () => {
    const attack = await beginAttack()
    for (let index = 0; index < 10_000; index++) attack.send(random.bytes(60))
    await attack.settle()
    expect(attack.closed).toBe(true)
    const ben = await world.join('Ben', anna.invite)
    await world.clock.complete(ben.close())
    await world.clock.run(1_000)
  })

  it('[ADM-14] of signatures from many routes costs no more than its budget', async () => {
    let opened = 0
    const { unseal } = host
    host.unseal = (sealed) => {
      opened++
      return unseal.call(host, sealed)
    }
    const junk = await sealed(knockFields(), {}, forger())
    for (let round = 0; round < 100; round++) {
      const attack = await beginAttack()
      for (let index = 0; index < 10; index++) attack.send(junk)
      await attack.settle(1)
    }
    host.unseal = unseal
    // 64 at once, and 20 a second for the few seconds that it takes.
    expect(opened).toBeLessThan(64 + 20 * 5)
    expect(dropped()['knock-rate-limited']).toBeGreaterThan(300)
    // And once it is over, friends get in.
    await world.clock.run(5_000)
    const ben = await world.join('Ben', anna.invite)
    await world.clock.complete(ben.close())
    await world.clock.run(1_000)
  })

  it('[ADM-3] of knocks leaves at most 32 under way, and room again once they end', async () => {
    const attacks: Attack[] = []
    for (let index = 0; index < 40; index++) attacks.push(await beginAttack())
    await world.clock.run(100)
    expect(attacks.filter(({ closed }) => closed)).toHaveLength(8)
    expect(dropped()).toEqual({ 'knock-busy': 8 })
    try {
      await world.join('Ben', anna.invite)
      expect.unreachable()
    } catch (error) {
      expect(isConvoyError(error, 'closed')).toBe(true)
    }
    await world.clock.run(11_000)
    const ben = await world.join('Ben', anna.invite)
    await world.clock.complete(ben.close())
    await world.clock.run(1_000)
  })
})
