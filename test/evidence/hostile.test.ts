import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyVehicleState } from '../../lib/index.ts'
import { Evidence, type TakenReport } from '../../lib/evidence/index.ts'
import { hashOfMessage, signEvidence, type EvidenceContent } from '../../lib/evidence/evidenceDigest.ts'
import {
  evidenceMessageBytes,
  evidenceMessageSchema,
  type EvidenceMessage,
} from '../../lib/evidence/evidenceMessages.ts'
import { writeReport } from '../../lib/evidence/reportFile.ts'
import {
  reportMessageBytes,
  reportMessageSchema,
  type ReportMessage,
} from '../../lib/evidence/reportMessages.ts'
import { decodeMessage, encodeMessage } from '../../lib/protocol/index.ts'
import { evidenceChannel, reportChannel, type RecordMember } from '../../lib/session/index.ts'
import { incarnationTag, VehiclePublisher, VehicleReceiver } from '../../lib/vehicle/index.ts'
import { FakeSession, type FakeMember } from '../support/fakeSession.ts'
import { knownOf } from '../vehicle/support/known.ts'

let fake: FakeSession
let evidence: Evidence
let publisher: VehiclePublisher
let vehicles: VehicleReceiver
let reports: TakenReport[]
beforeEach(async () => {
  fake = await FakeSession.found()
  const { clock, session } = fake
  vehicles = new VehicleReceiver(clock)
  publisher = new VehiclePublisher({ clock, tag: incarnationTag(session.self.incarnation) })
  reports = []
  evidence = new Evidence({
    session,
    vehicles,
    publisher,
    keeps: true,
    sink: undefined,
    distanceTo: () => 10,
    isStrained: () => false,
    gameMinutes: () => undefined,
    reported: (report) => reports.push(report),
  })
})
afterEach(async () => {
  evidence.close()
  publisher.close()
  await fake.close()
  expect(fake.clock.pendingTimers).toBe(0)
})

/** A member that was asked for digests. */
async function asked(): Promise<FakeMember> {
  const member = await fake.member()
  await fake.clock.run(2_500)
  expect(heard(member)).toContainEqual({ type: 'ask', on: true })
  return member
}

function heard(member: FakeMember): EvidenceMessage[] {
  return fake.heard(member).map((body) => decodeMessage(evidenceMessageSchema, body, evidenceMessageBytes))
}

/** Lets a member sign a digest as if it were `signer`, about itself, for whom the test wants. */
async function digestOf(
  { identity, member }: FakeMember,
  content: EvidenceContent,
  audience: RecordMember = fake.session.self,
): Promise<Uint8Array> {
  const { environment, record } = fake.session
  const asMember = {
    environment: { ...environment, identity },
    record,
    self: member,
  }
  return signEvidence(asMember, audience, content)
}

const nothing: EvidenceContent = { samples: null, messages: new Uint8Array(0) }

async function say(from: FakeMember, envelope: Uint8Array): Promise<Partial<Record<string, number>>> {
  fake.say(
    from,
    evidenceChannel,
    encodeMessage(evidenceMessageSchema, { type: 'digest', envelope }, evidenceMessageBytes),
  )
  await fake.clock.run(10)
  return fake.dropped
}

describe('a digest', () => {
  it('[EVD-5] that was not asked for is dropped unverified', async () => {
    const member = await fake.member()
    const envelope = await digestOf(member, nothing)
    expect(await say(member, envelope)).toMatchObject({ 'evidence-unasked': 1 })
  })

  it('[EVD-5] is refused where another signed it, or it is for another, altered, or about another process', async () => {
    const ben = await asked()
    const cem = await asked()
    const altered = await digestOf(ben, nothing)
    altered[altered.length - 1]! ^= 1
    const former = { ...ben, member: { ...ben.member, incarnation: new Uint8Array(8) } }
    await say(ben, await digestOf(cem, nothing))
    await say(ben, await digestOf(ben, nothing, cem.member))
    await say(ben, altered)
    await say(ben, await digestOf(former, nothing))
    expect(fake.dropped).toMatchObject({
      'evidence-message-unauthentic': 2,
      'evidence-message-misaddressed': 2,
    })
  })

  it('[EVD-5] whose signer disowns a sample that it sent is not kept, and counted', async () => {
    const ben = await asked()
    const state = { ...emptyVehicleState(), x: 5 }
    const now = fake.clock.now()
    vehicles.setMember(ben.member.id, incarnationTag(ben.member.incarnation))
    vehicles.receiveForwarded(ben.member.id, ben.member.id, knownOf(state, 4_000), {
      sampledAt: now,
      sentAt: now,
      receivedAt: now,
    })
    const other = { from: 3_000, to: 5_000, hashes: new Uint8Array(8) }
    // Through another member: nothing that Ben signs for this one names it.
    expect((await say(ben, await digestOf(ben, { ...nothing, samples: other })))['evidence-disputed']).toBe(
      undefined,
    )
    vehicles.recorder?.(
      ben.member.id,
      knownOf({ ...state, x: 6 }, 4_400),
      { sampledAt: now + 100, receivedAt: now + 100 },
      false,
    )
    expect(await say(ben, await digestOf(ben, { ...nothing, samples: other }))).toMatchObject({
      'evidence-disputed': 1,
    })
  })

  it('[EVD-5] in a flood costs no more than a member may send, and malformed ones nothing', async () => {
    const ben = await asked()
    const envelope = await digestOf(ben, nothing)
    for (let time = 0; time < 500; time++) await say(ben, envelope)
    const { 'channel-rate': rate = 0, quarantined = 0 } = fake.dropped
    expect(rate + quarantined).toBeGreaterThan(450)
    const cem = await fake.member()
    fake.say(cem, evidenceChannel, new Uint8Array([1, 2, 3]))
    await fake.clock.run(10)
    expect(fake.dropped).toMatchObject({ 'evidence-message-malformed': 1 })
  })

  it('[EVD-3] goes to at most 24 who ask', async () => {
    const members = [] as FakeMember[]
    for (let count = 0; count < 26; count++) members.push(await fake.member())
    const ask = encodeMessage(evidenceMessageSchema, { type: 'ask', on: true }, evidenceMessageBytes)
    for (const member of members) fake.say(member, evidenceChannel, ask)
    await fake.clock.run(10)
    expect(fake.dropped).toMatchObject({ 'evidence-askers': 2 })
  })

  it('[EVD-4] names messages by channel and bytes', () => {
    const body = new Uint8Array([1])
    expect(hashOfMessage('chat', body)).not.toEqual(hashOfMessage('app/chat', body))
    expect(hashOfMessage('chat', body)).toHaveLength(8)
  })
})

async function reportOf({ identity, member }: FakeMember, sessionId?: Uint8Array): Promise<Uint8Array> {
  const { signKey, boxKey, incarnation, name } = member
  const person = { signKey, boxKey, incarnation, name }
  return writeReport(
    identity,
    {
      type: 'report',
      sessionId: sessionId ?? fake.session.record.sessionId,
      lobbyName: '',
      reporter: person,
      subject: person,
      category: 'other',
      text: '',
      gameMinutes: null,
      clipMs: 1_000,
      members: [],
    },
    fake.session.environment,
  )
}

const id = new Uint8Array(16)

async function tell(from: FakeMember, ...messages: ReportMessage[]): Promise<ReportMessage[]> {
  for (const message of messages)
    fake.say(from, reportChannel, encodeMessage(reportMessageSchema, message, reportMessageBytes))
  await fake.clock.run(10)
  return fake.heard(from).flatMap((body) => {
    try {
      return [decodeMessage(reportMessageSchema, body, reportMessageBytes)]
    } catch {
      return []
    }
  })
}

const handIn = (from: FakeMember, file: Uint8Array): Promise<ReportMessage[]> =>
  tell(from, { type: 'begin', id, bytes: file.length }, { type: 'part', id, offset: 0, bytes: file })

describe('a report that is handed in', () => {
  it('[EVD-7] is taken from who signed it about this session, and from nobody else', async () => {
    const ben = await fake.member()
    const cem = await fake.member()
    expect(await handIn(ben, await reportOf(ben))).toEqual([{ type: 'taken', id }])
    expect(reports).toHaveLength(1)
    const forged = [{ type: 'refused', id, reason: 'forged' }]
    expect(await handIn(cem, await reportOf(ben))).toEqual(forged)
    expect(await handIn(cem, await reportOf(cem, new Uint8Array(16)))).toEqual(forged)
    const altered = await reportOf(cem)
    altered[altered.length - 3]! ^= 1
    expect((await handIn(cem, altered))[0]).toMatchObject({ type: 'refused' })
    expect(reports).toHaveLength(1)
  })

  it('[EVD-7] is refused where it can’t be read, or comes with gaps or too much', async () => {
    const malformed = [{ type: 'refused', id, reason: 'malformed' }]
    const ben = await fake.member()
    expect(await handIn(ben, new Uint8Array(100))).toEqual(malformed)
    const bytes = new Uint8Array(10)
    expect(await tell(ben, { type: 'begin', id, bytes: 20 }, { type: 'part', id, offset: 5, bytes })).toEqual(
      malformed,
    )
    expect(await tell(ben, { type: 'begin', id, bytes: 5 }, { type: 'part', id, offset: 0, bytes })).toEqual(
      malformed,
    )
    await tell(ben, { type: 'part', id, offset: 0, bytes })
    expect(fake.dropped).toMatchObject({ 'report-unasked': 1, 'report-malformed': 3 })
  })

  it('[EVD-7] in a flood of one member is refused from the fourth on, until two minutes later', async () => {
    const ben = await fake.member()
    const file = await reportOf(ben)
    for (let time = 0; time < 3; time++) expect((await handIn(ben, file))[0]?.type).toBe('taken')
    const [refused] = await handIn(ben, file)
    expect(refused).toMatchObject({ reason: 'too-many' })
    await fake.clock.run(121_000)
    expect((await handIn(ben, file))[0]?.type).toBe('taken')
  })

  it('[EVD-7] in a flood of many holds at most four megabytes, and what stays unfinished is given up', async () => {
    const members = [] as FakeMember[]
    for (let count = 0; count < 6; count++) members.push(await fake.member())
    const answers: ReportMessage[] = []
    for (const member of members)
      answers.push(...(await tell(member, { type: 'begin', id, bytes: 1_048_576 })))
    expect(answers).toEqual([
      { type: 'refused', id, reason: 'busy' },
      { type: 'refused', id, reason: 'busy' },
    ])
    await fake.clock.run(21_000)
    const last = members[5]!
    expect((await handIn(last, await reportOf(last)))[0]?.type).toBe('taken')
  })

  it('[EVD-7] larger than a megabyte is malformed', async () => {
    const ben = await fake.member()
    const begin = { type: 'begin', id, bytes: 1_048_577 }
    const { Encoder } = await import('@msgpack/msgpack')
    fake.say(ben, reportChannel, new Encoder().encode(begin))
    await fake.clock.run(10)
    expect(fake.dropped).toMatchObject({ 'report-message-malformed': 1 })
  })
})
