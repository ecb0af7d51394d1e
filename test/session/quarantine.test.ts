import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConvoyError } from '../../lib/core/index.ts'
import { encodeMessage, limits } from '../../lib/protocol/index.ts'
import { controlMessageSchema, type ControlMessage } from '../../lib/session/controlMessages.ts'
import { FakeSession, type FakeMember } from '../support/fakeSession.ts'

let fake: FakeSession
let ben: FakeMember
let cem: FakeMember
let heard: number[]

beforeEach(async () => {
  fake = await FakeSession.found()
  ben = await fake.member('Ben')
  cem = await fake.member('Cem')
  heard = []
  fake.session.onChannel('chat', (_, body) => heard.push(body[0] ?? 0))
})

afterEach(async () => {
  await fake.close()
  expect(fake.clock.pendingTimers).toBe(0)
})

const say = (member: FakeMember, message: ControlMessage): void =>
  member.link.arrive(encodeMessage(controlMessageSchema, message, limits.controlMessageBytes))

/** Says `count` texts at once. */
async function chat(member: FakeMember, count: number): Promise<void> {
  for (let index = 0; index < count; index++) fake.say(member, 'chat', Uint8Array.of(index))
  await fake.clock.run(10)
}

const statusOf = ({ member }: FakeMember) => fake.session.quarantine.statusOf(member.id)
const quarantinedFrom = ({ member }: FakeMember): number =>
  fake.session.environment.dropped.from(member.id).quarantined ?? 0

describe('a member that keeps going over its budgets', () => {
  it('[MOD-16] is quarantined, and only a trickle of what it says is taken; others are heard as before', async () => {
    await chat(ben, 900)
    expect(statusOf(ben)).toEqual({ quarantined: false, quarantines: 0 })
    await chat(ben, 200)
    expect(statusOf(ben)).toEqual({ quarantined: true, quarantines: 1 })
    await fake.clock.run(20_000)
    heard = []
    const before = quarantinedFrom(ben)
    await chat(ben, 50)
    expect(heard).toHaveLength(10)
    expect(quarantinedFrom(ben) - before).toBe(40)
    await chat(cem, 50)
    expect(heard).toHaveLength(60)
  })

  it('[MOD-16] is let go after a while, and stays twice as long the next time', async () => {
    await chat(ben, 1_200)
    await fake.clock.run(29_000)
    expect(statusOf(ben).quarantined).toBe(true)
    await fake.clock.run(2_000)
    expect(statusOf(ben)).toEqual({ quarantined: false, quarantines: 1 })
    heard = []
    await chat(ben, 100)
    expect(heard).toHaveLength(100)
    await fake.clock.run(60_000)
    await chat(ben, 1_200)
    await fake.clock.run(58_000)
    expect(statusOf(ben)).toEqual({ quarantined: true, quarantines: 2 })
    await fake.clock.run(3_000)
    expect(statusOf(ben).quarantined).toBe(false)
  })

  it('[MOD-16] is not quarantined for one busy moment now and then', async () => {
    for (let minute = 0; minute < 10; minute++) {
      await chat(ben, 900)
      await fake.clock.run(60_000)
    }
    expect(statusOf(ben)).toEqual({ quarantined: false, quarantines: 0 })
  })

  it('[MOD-16] is quarantined when its link closed since it flooded control', () => {
    ben.link.fail(new ConvoyError('rate-limited', 'The other side floods the control channel.'))
    expect(statusOf(ben).quarantined).toBe(false)
    // The tolerance was used up; the next offence is one too many.
    fake.session.environment.dropped.addFrom(ben.member.id, 'channel-rate')
    expect(statusOf(ben).quarantined).toBe(true)
  })

  it('[MOD-16] is quarantined when its datagrams were too many for seconds on end', async () => {
    for (let second = 1; second <= 12; second++) {
      ben.link.dropped = { flood: second * 1_000 }
      await fake.clock.run(1_000)
    }
    expect(statusOf(ben).quarantined).toBe(true)
    expect(statusOf(cem).quarantined).toBe(false)
  })

  it('[MOD-16] still says what it holds of the record, and goodbye', async () => {
    await chat(ben, 1_200)
    const holds = {
      type: 'holds',
      epoch: 0,
      length: 0,
      digest: new Uint8Array(32),
      committed: 0,
      missing: true,
    } as const
    const before = quarantinedFrom(ben)
    for (let index = 0; index < 30; index++) say(ben, holds)
    await fake.clock.run(100)
    expect(quarantinedFrom(ben)).toBe(before)
    say(ben, { type: 'leave' })
    await fake.clock.run(100)
    expect(fake.session.peer(ben.member.id)).toBeUndefined()
  })

  it('[MOD-15] makes this one check no more than its share of votes', async () => {
    for (let index = 0; index < 400; index++) say(ben, { type: 'vote', vote: new Uint8Array(400) })
    await fake.clock.run(10)
    expect(fake.dropped['authority-rate']).toBe(200)
    expect(fake.session.verifications.left(ben.member.id)).toBe(0)
    expect(fake.session.verifications.left(cem.member.id)).toBe(200)
  })
})
