import { beforeEach, describe, expect, it } from 'vitest'
import { Counters, seededRandom, silentLogger, utf8 } from '../../lib/core/index.ts'
import { deriveSessionId, type Identity } from '../../lib/identity/index.ts'
import { decodeMessage, defaultRules, encodeMessage, limits } from '../../lib/protocol/index.ts'
import { ControlLink } from '../../lib/session/controlLink.ts'
import { controlMessageSchema, type ControlMessage } from '../../lib/session/controlMessages.ts'
import type { SessionEnvironment } from '../../lib/session/index.ts'
import { MemberRole } from '../../lib/session/memberRole.ts'
import { SessionRecord } from '../../lib/session/record.ts'
import type { RecordMember } from '../../lib/session/recordState.ts'
import { Session } from '../../lib/session/session.ts'
import { checkTicket, issueTicket } from '../../lib/session/ticket.ts'
import { SimulatedClock, simulatedIdentity, simulatedVerify } from '../../lib/testing/index.ts'
import { FakeLink } from '../support/fakeLink.ts'
import { FakeSession } from '../support/fakeSession.ts'

const clock = new SimulatedClock()

function environmentOf(identity: Identity): SessionEnvironment {
  return {
    clock,
    random: seededRandom(99),
    logger: silentLogger,
    identity,
    dropped: new Counters(),
    verify: simulatedVerify,
    connect: () => new Promise(() => undefined),
  }
}

const anna = simulatedIdentity(seededRandom(1))
const ben = simulatedIdentity(seededRandom(2))
const cem = simulatedIdentity(seededRandom(3))
const founderNonce = new Uint8Array(16)
const sessionId = deriveSessionId(anna.signKey, founderNonce)

/** The record of a session of Anna, Ben and Cem. */
async function recordOfThree(): Promise<SessionRecord> {
  const record = new SessionRecord(sessionId, environmentOf(anna))
  const incarnation = new Uint8Array(8)
  await record.append({
    type: 'founded',
    signKey: anna.signKey,
    boxKey: anna.boxKey,
    incarnation,
    name: 'Anna',
    vehicleClass: 'truck',
    founderNonce,
    game: null,
    password: null,
    rules: defaultRules,
  })
  for (const [slot, { signKey, boxKey }] of [ben, cem].entries()) {
    const name = `Member ${slot}`
    await record.append({
      type: 'joined',
      signKey,
      boxKey,
      incarnation,
      slot: slot + 1,
      name,
      vehicleClass: 'truck',
    })
  }
  return record
}

let record: SessionRecord
let bensEnvironment: SessionEnvironment
let cemAsMember: RecordMember

beforeEach(async () => {
  record = await recordOfThree()
  bensEnvironment = environmentOf(ben)
  cemAsMember = record.state.member(cem.signKey) as RecordMember
})

const issued = (member: RecordMember, issuer = anna, session = sessionId): Promise<Uint8Array> =>
  issueTicket(environmentOf(issuer), { sessionId: session, epoch: 0 }, member)
const check = (ticket: Uint8Array, holder = cem.signKey): Promise<void> =>
  checkTicket(bensEnvironment, record, holder, ticket)

describe('a ticket', () => {
  it('[TKT-2] of the host for the present incarnation counts', async () => {
    await expect(check(await issued(cemAsMember))).resolves.toBeUndefined()
  })

  it('[TKT-2] that a member signed for itself does not count', async () => {
    await expect(check(await issued(cemAsMember, cem))).rejects.toMatchObject({ code: 'message-unauthentic' })
  })

  it('[TKT-2] of another member does not count', async () => {
    const bens = record.state.member(ben.signKey) as RecordMember
    await expect(check(await issued(bens))).rejects.toMatchObject({ code: 'message-misaddressed' })
  })

  it('[TKT-2] of a former incarnation, or of another session, does not count', async () => {
    const former = { ...cemAsMember, incarnation: new Uint8Array(8).fill(1) }
    await expect(check(await issued(former))).rejects.toMatchObject({ code: 'message-misaddressed' })
    const elsewhere = await issued(cemAsMember, anna, new Uint8Array(16))
    await expect(check(elsewhere)).rejects.toMatchObject({ code: 'message-misaddressed' })
  })

  it('[TKT-2] of somebody who left the roster does not count', async () => {
    const ticket = await issued(cemAsMember)
    await record.append({ type: 'left', signKey: cem.signKey, reason: 'left', detail: '' })
    await expect(check(ticket)).rejects.toMatchObject({ code: 'message-unauthentic' })
  })

  it('[TKT-1] counts for a day', async () => {
    const ticket = await issued(cemAsMember)
    clock.advance(25 * 3_600_000)
    await expect(check(ticket)).rejects.toMatchObject({ code: 'message-expired' })
  })

  it('[TKT-3] is issued anew every six hours, to each member and to the host itself', async () => {
    const fake = await FakeSession.found()
    const member = await fake.member('Ben')
    let own: Uint8Array | undefined
    const { role } = fake.session
    if (role !== undefined) role.renewed = (ticket) => (own = ticket)
    await fake.clock.run(6 * 3_600_000 + 1_000)
    const messages = member.link.sent.map((bytes) =>
      decodeMessage(controlMessageSchema, bytes, limits.controlMessageBytes),
    )
    const [renewed] = messages.filter((message) => message.type === 'ticket')
    const { record: held, environment, self } = fake.session
    await checkTicket(environment, held, member.identity.signKey, renewed?.ticket ?? new Uint8Array())
    await checkTicket(environment, held, self.signKey, own ?? new Uint8Array())
    await fake.close()
    expect(fake.clock.pendingTimers).toBe(0)
  })

  it('[TKT-3] is taken anew from the host only, and only one that fits', async () => {
    const bens = record.state.member(ben.signKey) as RecordMember
    const session = new Session(bensEnvironment, record, bens)
    const role = new MemberRole(session, new Uint8Array(1))
    session.role = role
    const taken: Uint8Array[] = []
    role.renewed = (ticket) => taken.push(ticket)
    const [fromCem, fromHost] = [new FakeLink(), new FakeLink()]
    session.attach(cemAsMember, new ControlLink(fromCem, bensEnvironment), true)
    session.attach(session.host, new ControlLink(fromHost, bensEnvironment), true)
    const ticket = await issued(bens)
    const arrive = (at: FakeLink, bytes: Uint8Array): void =>
      at.arrive(
        encodeMessage(controlMessageSchema, { type: 'ticket', ticket: bytes }, limits.controlMessageBytes),
      )
    arrive(fromCem, ticket)
    arrive(fromHost, await issued(bens, cem))
    arrive(fromHost, await issued(cemAsMember))
    await clock.run(10)
    expect(taken).toEqual([])
    arrive(fromHost, ticket)
    await clock.run(10)
    expect(taken).toEqual([ticket])
    await session.close()
  })

  it('[TKT-2] is needed before any state or channel message of a member counts', async () => {
    const session = new Session(bensEnvironment, record, record.state.member(ben.signKey) as RecordMember)
    session.role = new MemberRole(session, new Uint8Array(1))
    const states: string[] = []
    const texts: string[] = []
    session.onState((member) => states.push(member.name))
    session.onChannel('chat', (member) => texts.push(member.name))
    const link = new FakeLink()
    session.attach(cemAsMember, new ControlLink(link, bensEnvironment), false)
    const arrive = async (message: ControlMessage): Promise<void> => {
      link.arrive(encodeMessage(controlMessageSchema, message, limits.controlMessageBytes))
      await clock.run(1)
    }

    link.arriveState(utf8('state'))
    await arrive({ type: 'channel', channel: 'chat', body: utf8('hi') })
    await arrive({ type: 'hello', ticket: await issued(cemAsMember, cem) })
    link.arriveState(utf8('state'))
    expect([states, texts]).toEqual([[], []])
    expect(bensEnvironment.dropped.snapshot()).toEqual({
      'state-unticketed': 2,
      'channel-unticketed': 1,
      'control-message-unauthentic': 1,
    })

    await arrive({ type: 'hello', ticket: await issued(cemAsMember) })
    link.arriveState(utf8('state'))
    await arrive({ type: 'channel', channel: 'chat', body: utf8('hi') })
    expect([states, texts]).toEqual([[cemAsMember.name], [cemAsMember.name]])
  })

  it('[TKT-2] does not count for a link that took the place of the one it was shown on', async () => {
    let letThrough = (): void => undefined
    const slow = new Promise<void>((resolve) => (letThrough = resolve))
    const environment: SessionEnvironment = {
      ...bensEnvironment,
      verify: async (...parts) => {
        await slow
        return simulatedVerify(...parts)
      },
    }
    const session = new Session(environment, record, record.state.member(ben.signKey) as RecordMember)
    session.role = new MemberRole(session, new Uint8Array(1))
    const states: string[] = []
    session.onState((member) => states.push(member.name))
    const [former, latter] = [new FakeLink(), new FakeLink()]
    const hello: ControlMessage = { type: 'hello', ticket: await issued(cemAsMember) }
    session.attach(cemAsMember, new ControlLink(former, environment), false)
    former.arrive(encodeMessage(controlMessageSchema, hello, limits.controlMessageBytes))
    await clock.run(1)
    session.attach(cemAsMember, new ControlLink(latter, environment), false)
    letThrough()
    await clock.run(1)
    latter.arriveState(utf8('state'))
    expect(states).toEqual([])
    expect(environment.dropped.snapshot()).toEqual({ 'state-unticketed': 1 })
  })

  it('[REC-2] does not let a member speak as the host', async () => {
    const session = new Session(bensEnvironment, record, record.state.member(ben.signKey) as RecordMember)
    session.role = new MemberRole(session, new Uint8Array(1))
    const link = new FakeLink()
    session.attach(cemAsMember, new ControlLink(link, bensEnvironment), true)
    const before = record.length
    const messages: ControlMessage[] = [
      { type: 'entries', epoch: 0, entries: [record.entries[0] as Uint8Array], committed: 99 },
      { type: 'removed', reason: 'banned', detail: 'Mallory says so' },
      { type: 'signal', peer: anna.signKey, sealed: new Uint8Array(10) },
    ]
    for (const message of messages)
      link.arrive(encodeMessage(controlMessageSchema, message, limits.controlMessageBytes))
    link.arrive(utf8('not MessagePack at all'))
    link.arrive(new Uint8Array(limits.controlMessageBytes + 1))
    await clock.run(1)
    expect(record.length).toBe(before)
    expect(session.isClosed).toBe(false)
    expect(bensEnvironment.dropped.snapshot()).toEqual({
      'control-unexpected-removed': 1,
      'signal-addressee-unknown': 1,
      'control-message-malformed': 1,
      'control-message-too-large': 1,
    })
  })
})
