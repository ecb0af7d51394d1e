import { Encoder } from '@msgpack/msgpack'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom, type RandomSource } from '../../lib/core/index.ts'
import { protocolVersion } from '../../lib/protocol/index.ts'
import { sealMessage, signEnvelope, type EnvelopeContent, type Identity } from '../../lib/identity/index.ts'
import { decodeInvite, type Convoy } from '../../lib/index.ts'
import { SimulatedWorld, isFullyConnected, recordOf } from '../support/simulatedWorld.ts'
import { Attack } from './support/knockAttack.ts'

const random = seededRandom(667)
let world: SimulatedWorld
let anna: Convoy
let ben: Convoy
let host: Identity
let sessionId: Uint8Array
let incarnationOfBen: Uint8Array

beforeEach(async () => {
  world = new SimulatedWorld()
  host = world.identity('Anna')
  anna = await world.host('Anna')
  sessionId = decodeInvite(anna.invite).sessionId
  const drawn: Uint8Array[] = []
  const parts = world.parts('Ben')
  ben = await world.join('Ben', anna.invite, { random: recording(parts.random, drawn) })
  // The first eight bytes that it draws name the incarnation.
  incarnationOfBen = drawn[0] as Uint8Array
  await world.clock.runUntil(() => isFullyConnected(ben, 2))
})

afterEach(async () => {
  await world.close()
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
})

function recording(source: RandomSource, drawn: Uint8Array[]): RandomSource {
  return {
    next: () => source.next(),
    bytes: (length) => {
      const bytes = source.bytes(length)
      if (length === 8) drawn.push(bytes)
      return bytes
    },
  }
}

const fields = (by: Identity, changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: 'resume',
  protocol: protocolVersion,
  sessionId,
  boxKey: by.boxKey,
  incarnation: incarnationOfBen,
  ...changes,
})

async function sealed(
  message: Record<string, unknown>,
  signedBy: Identity,
  content: Partial<EnvelopeContent> = {},
): Promise<Uint8Array> {
  const body = new Encoder().encode(message)
  const envelope = await signEnvelope(
    signedBy,
    { purpose: 'knock', body, audience: host.signKey, lifetimeMs: 60_000, ...content },
    { clock: world.clock, random },
  )
  return sealMessage(host.boxKey, envelope, random)
}

/** A route on which `reader` opens what the host answers. */
const begin = (reader: Identity): Promise<Attack> =>
  Attack.begin(world, world.hub.rendezvous(), { sessionId, host, mallory: reader })

const dropped = (): Readonly<Record<string, number>> => anna.stats().dropped

const refusal = { type: 'refused', code: 'unknown-member', message: 'You are no member. Join again.' }

describe('a resume', () => {
  const cases: [name: string, by: string, prepare: () => Promise<Record<string, unknown>>][] = [
    ['of a stranger', 'Mallory', () => Promise.resolve({})],
    [
      "of another member, with Ben's incarnation",
      'Cem',
      async () => {
        await world.join('Cem', anna.invite)
        return {}
      },
    ],
    [
      'with an incarnation that is not present',
      'Ben',
      () => Promise.resolve({ incarnation: new Uint8Array(8) }),
    ],
    ['for another session', 'Ben', () => Promise.resolve({ sessionId: new Uint8Array(16) })],
    [
      'of a member that was kicked',
      'Ben',
      async () => {
        await world.clock.complete(anna.kick(ben.self.id))
        return {}
      },
    ],
    [
      'of a member that was banned',
      'Ben',
      async () => {
        await world.clock.complete(anna.ban(ben.self.id))
        return {}
      },
    ],
    [
      'of a member that left',
      'Ben',
      async () => {
        await world.clock.complete(ben.close())
        await world.clock.run(1_000)
        return {}
      },
    ],
  ]
  for (const [name, by, prepare] of cases) {
    it(`[LNK-73] ${name} is counted, and refused in the same words as any other`, async () => {
      const changes = await prepare()
      const signer = world.identity(by)
      const attack = await begin(signer)
      attack.send(await sealed(fields(signer, changes), signer))
      await attack.settle()
      expect(attack.answers).toEqual([refusal])
      expect(attack.closed).toBe(true)
      expect(dropped()).toMatchObject({ 'resume-refused': 1 })
    })
  }

  it('[LNK-73] that is sent again on another route is counted and answered with nothing', async () => {
    const signer = world.identity('Ben')
    const message = await sealed(fields(signer), signer)
    const first = await begin(signer)
    first.send(message)
    await first.settle()
    expect(first.answers).toEqual([{ type: 'welcome' }])
    const second = await begin(signer)
    second.send(message)
    await second.settle()
    expect(second.answers).toEqual([])
    expect(dropped()).toEqual({ 'knock-message-replayed': 1 })
    first.route.close()
  })

  it('[LNK-73] with a signature of nobody is counted and answered with nothing', async () => {
    const signer = world.identity('Ben')
    const attack = await begin(signer)
    const forger = {
      ...signer,
      signer: { publicKey: signer.signKey, sign: () => new Uint8Array(64) },
    }
    attack.send(await sealed(fields(signer), forger))
    await attack.settle()
    expect(attack.answers).toEqual([])
    expect(dropped()).toEqual({ 'knock-message-unauthentic': 1 })
  })

  it('[LNK-73] of Ben that names the box key of somebody else is answered to Ben alone', async () => {
    const signer = world.identity('Ben')
    const mallory = world.identity('Mallory')
    const attack = await begin(mallory)
    attack.send(await sealed(fields(signer, { boxKey: mallory.boxKey }), signer))
    await attack.settle()
    expect(attack.answers).toEqual([])
    attack.route.close()
  })

  it('[LNK-73] that is malformed is counted and answered with nothing', async () => {
    const signer = world.identity('Ben')
    const attack = await begin(signer)
    attack.send(await sealed(fields(signer, { incarnation: new Uint8Array(7) }), signer))
    attack.send(await sealed(fields(signer, { isHost: true }), signer))
    await attack.settle()
    expect(attack.answers).toEqual([])
    expect(dropped()).toEqual({ 'knock-message-malformed': 2 })
  })

  it('[LNK-73] for a link that is fine leaves it as it is, and its route ends by itself', async () => {
    const changes = [recordOf(anna, 'memberChanged'), recordOf(anna, 'memberLeft'), recordOf(ben, 'hostGone')]
    const signer = world.identity('Ben')
    for (let round = 0; round < 5; round++) {
      const attack = await begin(signer)
      attack.send(await sealed(fields(signer), signer))
      await attack.settle()
      expect(attack.answers).toEqual([{ type: 'welcome' }])
      await attack.settle(13_000)
      expect(attack.closed).toBe(true)
    }
    expect(changes.flat()).toEqual([])
    const chat = recordOf(anna, 'chat')
    ben.sendChat('still here')
    await world.clock.run(500)
    expect(chat.map(({ text }) => text)).toEqual(['still here'])
    // And when that link does break, Ben's own resume is what counts.
    const heal = world.network.cut('Anna', 'Ben')
    await world.clock.run(5_000)
    heal()
    await world.clock.run(5_000)
    expect(isFullyConnected(ben, 2)).toBe(true)
    expect(changes[2]).toEqual([])
  })

  it('[LNK-73] out of turn ends the conversation', async () => {
    const signer = world.identity('Ben')
    const attack = await begin(signer)
    const knock = {
      ...fields(signer, { type: 'knock' }),
      secret: null,
      name: 'Ben',
      game: null,
      vehicleClass: 'truck',
      claims: [],
    }
    attack.send(await sealed(knock, signer))
    attack.send(await sealed(fields(signer), signer))
    await attack.settle()
    expect(attack.answers.map(({ type }) => type)).toEqual(['challenge'])
    expect(attack.closed).toBe(true)
  })
})

describe('a flood of resumes', () => {
  it('[ADM-14] costs no more than the budget of strangers, and leaves the convoy as it is', async () => {
    let opened = 0
    const { unseal } = host
    host.unseal = (message) => {
      opened++
      return unseal.call(host, message)
    }
    const mallory = world.identity('Mallory')
    const attackOnce = async (): Promise<void> => {
      const { route } = await world.hub.rendezvous().reach(sessionId)
      route.send(await sealed(fields(mallory), mallory))
    }
    for (let round = 0; round < 20; round++) {
      await world.clock.complete(Promise.all(Array.from({ length: 20 }, attackOnce)))
      await world.clock.run(50)
    }
    host.unseal = unseal
    expect(opened).toBeLessThan(64 + 20 * 5)
    // Those that got no answer hold their routes for a while, and the rest find none free.
    const { 'knock-rate-limited': unopened = 0, 'knock-busy': unheard = 0 } = dropped()
    expect(unopened).toBeGreaterThan(0)
    expect(unopened + unheard).toBeGreaterThan(200)
    expect(isFullyConnected(anna, 2)).toBe(true)
    await world.clock.run(10_000)
    const cem = await world.join('Cem', anna.invite)
    await world.clock.runUntil(() => isFullyConnected(cem, 3))
  })

  it('[ADM-3] of members in good standing holds at most 32 routes', async () => {
    const signer = world.identity('Ben')
    const attacks: Attack[] = []
    for (let index = 0; index < 40; index++) {
      const attack = await begin(signer)
      attack.send(await sealed(fields(signer), signer))
      attacks.push(attack)
    }
    await world.clock.run(200)
    expect(attacks.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(8)
    expect(isFullyConnected(ben, 2)).toBe(true)
    // They end by themselves, and then there is room again.
    await world.clock.run(13_000)
    const cem = await world.join('Cem', anna.invite)
    await world.clock.runUntil(() => isFullyConnected(cem, 3))
  })
})

describe('a knock that claims to come back', () => {
  const knock = (by: Identity, former: Uint8Array): Record<string, unknown> => ({
    ...fields(by, { type: 'knock' }),
    incarnation: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    former,
    secret: null,
    name: 'Ben',
    game: null,
    vehicleClass: 'truck',
    claims: [],
  })

  async function verdictOn(former: Uint8Array): Promise<Record<string, unknown> | undefined> {
    const signer = world.identity('Ben')
    const attack = await begin(signer)
    attack.send(await sealed(knock(signer, former), signer))
    await attack.settle()
    const { nonce } = attack.answers[0] as { nonce: Uint8Array }
    attack.send(await sealed({ type: 'proof', nonce, password: null }, signer))
    await attack.settle()
    attack.route.close()
    await attack.settle(5_000)
    return attack.answers.at(-1)
  }

  it('[ADM-16] as another incarnation than the one that is present is refused as replaced', async () => {
    expect(await verdictOn(new Uint8Array(8))).toMatchObject({ type: 'refused', code: 'replaced' })
    expect(isFullyConnected(ben, 2)).toBe(true)
  })

  it('[ADM-16] as the one that is present is welcome', async () => {
    expect(await verdictOn(incarnationOfBen)).toEqual({ type: 'welcome' })
  })

  it('[ADM-16] after a kick is refused with the words of the kick, until somebody joins it anew', async () => {
    await world.clock.complete(anna.kick(ben.self.id, { reason: 'Ramming', coolOffMs: 0 }))
    expect(await verdictOn(incarnationOfBen)).toMatchObject({
      code: 'kicked',
      message: 'The host removed you meanwhile. Ramming',
    })
    const again = await world.join('Ben', anna.invite)
    await world.clock.complete(again.close())
    await world.clock.run(1_000)
    expect(await verdictOn(incarnationOfBen)).toEqual({ type: 'welcome' })
  })
})
