import { Encoder } from '@msgpack/msgpack'
import { beforeEach, describe, expect, it } from 'vitest'
import { Counters, seededRandom, silentLogger } from '../../lib/core/index.ts'
import {
  sealMessage,
  signEnvelope,
  VerificationBudget,
  type EnvelopeContent,
} from '../../lib/identity/index.ts'
import { encodeMessage, limits } from '../../lib/protocol/index.ts'
import { peerVerifications } from '../../lib/session/constants.ts'
import { ControlLink } from '../../lib/session/controlLink.ts'
import { controlMessageSchema, type ControlMessage } from '../../lib/session/controlMessages.ts'
import type { SessionEnvironment } from '../../lib/session/index.ts'
import { PeerDialer } from '../../lib/session/peerDialer.ts'
import type { RecordMember } from '../../lib/session/recordState.ts'
import { SimulatedClock, simulatedIdentity, simulatedVerify } from '../../lib/testing/index.ts'
import { FakeLink } from '../support/fakeLink.ts'

const random = seededRandom(5)
const ben = simulatedIdentity(seededRandom(2))
const cem = simulatedIdentity(seededRandom(3))
const mallory = simulatedIdentity(seededRandom(4))

const memberOf = ({ signKey, boxKey }: typeof ben, joinedAt: number): RecordMember => ({
  id: `member ${joinedAt}`,
  signKey,
  boxKey,
  incarnation: new Uint8Array(8).fill(joinedAt),
  slot: joinedAt,
  name: 'A member',
  vehicleClass: 'truck',
  joinedAt,
})
const benAsMember = memberOf(ben, 1)
const cemAsMember = memberOf(cem, 2)

let clock: SimulatedClock
let environment: SessionEnvironment
let dials: number
let dialer: PeerDialer

beforeEach(() => {
  clock = new SimulatedClock()
  dials = 0
  environment = {
    clock,
    random,
    logger: silentLogger,
    identity: ben,
    dropped: new Counters(),
    verify: simulatedVerify,
    connect: ({ signals }) => {
      dials++
      signals.onSignal(() => undefined)
      return new Promise(() => undefined)
    },
  }
  dialer = new PeerDialer({
    environment,
    verifications: new VerificationBudget({ clock, ...peerVerifications }),
    self: () => benAsMember,
    member: () => cemAsMember,
    relay: () => undefined,
    connected: () => undefined,
    isHost: () => false,
    isUrgent: () => false,
  })
})

const offer = { type: 'offer', attempt: 0, sdp: 'v=0' }
const body = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  dial: 1,
  from: cemAsMember.incarnation,
  to: benAsMember.incarnation,
  signal: offer,
  ...changes,
})

async function sealed(
  message: unknown,
  content: Partial<EnvelopeContent> = {},
  signedBy = cem,
): Promise<Uint8Array> {
  const envelope = await signEnvelope(
    signedBy,
    {
      purpose: 'signal',
      body: new Encoder().encode(message),
      audience: ben.signKey,
      lifetimeMs: 60_000,
      ...content,
    },
    { clock, random },
  )
  return sealMessage(ben.boxKey, envelope, random)
}

describe('a signal between members', () => {
  const cases: [name: string, counted: string, make: () => Promise<Uint8Array>][] = [
    ['that is not sealed', 'signal-message-unauthentic', () => Promise.resolve(new Uint8Array(100))],
    ['of another member than it came from', 'signal-message-unauthentic', () => sealed(body(), {}, mallory)],
    ['for another purpose', 'signal-message-misaddressed', () => sealed(body(), { purpose: 'knock' })],
    [
      'for another member',
      'signal-message-misaddressed',
      () => sealed(body(), { audience: mallory.signKey }),
    ],
    [
      'for nobody in particular',
      'signal-message-misaddressed',
      () => sealed(body(), { audience: undefined }),
    ],
    [
      'of a former incarnation',
      'signal-message-misaddressed',
      () => sealed(body({ from: new Uint8Array(8) })),
    ],
    ['to a former incarnation', 'signal-message-misaddressed', () => sealed(body({ to: new Uint8Array(8) }))],
    ['of a dial that is no number', 'signal-message-malformed', () => sealed(body({ dial: -1 }))],
    ['with a field too many', 'signal-message-malformed', () => sealed(body({ more: 1 }))],
    [
      'that was signed long ago',
      'signal-message-expired',
      async () => {
        const message = await sealed(body())
        await clock.run(3_600_000)
        return message
      },
    ],
  ]

  it.each(cases)('[LNK-21] %s is counted as %s and dials nothing', async (_name, counted, make) => {
    dialer.receive(cemAsMember, await make())
    await clock.run(1)
    expect(environment.dropped.snapshot()).toEqual({ [counted]: 1 })
    expect(dials).toBe(0)
    // Sound ones are still heard.
    dialer.receive(cemAsMember, await sealed(body()))
    await clock.run(1)
    expect(dials).toBe(1)
    dialer.close()
    expect(clock.pendingTimers).toBe(0)
  })

  it('[LNK-21] that comes twice, or of a former dial, is refused', async () => {
    const second = await sealed(body({ dial: 2 }))
    dialer.receive(cemAsMember, second)
    dialer.receive(cemAsMember, second)
    dialer.receive(cemAsMember, await sealed(body({ dial: 1 })))
    await clock.run(1)
    expect(environment.dropped.snapshot()).toEqual({ 'signal-message-replayed': 2 })
    expect(dials).toBe(1)
  })

  it('[LNK-21] of ever new dials makes no more than five connections at once', async () => {
    for (let dial = 1; dial <= 30; dial++) dialer.receive(cemAsMember, await sealed(body({ dial })))
    await clock.run(1)
    expect(dials).toBe(5)
    expect(environment.dropped.snapshot()).toEqual({ 'signal-rate-limited': 25 })
  })

  it('[LNK-21] costs no more checks than its sender’s budget', async () => {
    let opened = 0
    const { unseal } = ben
    ben.unseal = (bytes) => {
      opened++
      return unseal.call(ben, bytes)
    }
    for (let index = 0; index < 1_000; index++) {
      dialer.receive(cemAsMember, random.bytes(200))
      await clock.run(1)
    }
    ben.unseal = unseal
    expect(opened).toBeLessThan(230)
  })

  it('leaves no timer when the member it dials is forgotten', async () => {
    dialer.close()
    const leaving = new PeerDialer({
      environment: {
        ...environment,
        connect: ({ signal }) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(new Error('aborted')))
          }),
      },
      verifications: new VerificationBudget({ clock, ...peerVerifications }),
      self: () => cemAsMember,
      member: () => benAsMember,
      relay: () => undefined,
      connected: () => undefined,
      isHost: () => false,
      isUrgent: () => false,
    })
    leaving.connect(benAsMember)
    leaving.forget(benAsMember.id)
    await clock.run(1)
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('the control side of a link', () => {
  it('closes rather than leaving out a message when the other side floods', async () => {
    const link = new FakeLink()
    const control = new ControlLink(link, environment)
    control.onMessage(() => new Promise(() => undefined))
    const message: ControlMessage = { type: 'channel', channel: 'chat', body: new Uint8Array(50_000) }
    const bytes = encodeMessage(controlMessageSchema, message, limits.controlMessageBytes)
    for (let index = 0; index < 200 && link.state !== 'closed'; index++) link.arrive(bytes)
    expect(link.state).toBe('closed')
    expect(environment.dropped.snapshot()).toEqual({ 'control-flood': 1 })
    await clock.run(1)
  })

  it('tells of a link that closed before anybody could listen', async () => {
    const link = new FakeLink()
    link.close()
    const reasons: string[] = []
    new ControlLink(link, environment).onClosed((reason) => reasons.push(reason))
    await clock.run(1)
    expect(reasons).toEqual(['failed'])
  })

  it('tells that it closed after every message before, to whoever listens by then', async () => {
    const link = new FakeLink()
    const control = new ControlLink(link, environment)
    const told: string[] = []
    control.onClosed(() => told.push('former'))
    control.onMessage(() => {
      control.onClosed(() => told.push('closed'))
      control.onMessage(({ type }) => void told.push(type))
    })
    for (const type of ['leave', 'leave'] as const)
      link.arrive(encodeMessage(controlMessageSchema, { type }, limits.controlMessageBytes))
    link.close()
    await clock.run(1)
    expect(told).toEqual(['leave', 'closed'])
  })
})
