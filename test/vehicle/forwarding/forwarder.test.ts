import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { statePayloadBytes } from '../../../lib/rtc/index.ts'
import { ForwardDecoder } from '../../../lib/vehicle/forwarding/forwardPayload.ts'
import { forwardsInTotal, forwardsPerAsker } from '../../../lib/vehicle/forwarding/constants.ts'
import type { PublishedSamples } from '../../../lib/vehicle/forwarding/digest.ts'
import { stateWith } from '../support/states.ts'
import type { FakeMember } from '../../support/fakeSession.ts'
import { FakeNeighbours } from './support/fakeNeighbours.ts'

let around: FakeNeighbours
let asker: FakeMember
let driver: FakeMember
beforeEach(async () => {
  around = await FakeNeighbours.begin()
  asker = await around.member()
  driver = await around.member()
})
afterEach(async () => {
  await around.close()
  expect(around.clock.pendingTimers).toBe(0)
})

const somewhere = stateWith({ x: 100, y: 5, z: -7, trailerCount: 3 })
const ask = (origin: FakeMember, on = true) =>
  ({ type: 'forward', origin: origin.member.signKey, on }) as const

/** How many vehicles each payload held that went to a member. */
function vehiclesSent({ link }: FakeMember): number[] {
  return link.states.splice(0).map((payload) => {
    const decoder = new ForwardDecoder()
    expect(decoder.open(payload)).toBe(true)
    expect(payload.length).toBeLessThanOrEqual(statePayloadBytes)
    let count = 0
    decoder.forEach(payload, () => count++)
    return count
  })
}

describe('a member that is asked to forward', () => {
  it('[FWD-3] refuses members that are none, the asker itself, and those it has no link with', async () => {
    driver.link.state = 'suspect'
    for (const origin of [asker.member.signKey, new Uint8Array(32), driver.member.signKey]) {
      around.say(asker, { type: 'forward', origin, on: true })
      await around.clock.run(1)
      expect(around.heard(asker)).toEqual([{ type: 'refused', origin, reason: 'unlinked' }])
    }
    expect(around.dropped).toEqual({ 'forward-refused': 3 })
    expect(around.heard(driver)).toEqual([])
  })

  it('[FWD-3] asks the driver for digests while anybody wants its vehicle, and no longer', async () => {
    const second = await around.member()
    around.say(asker, ask(driver))
    around.say(second, ask(driver))
    around.say(second, ask(driver))
    await around.clock.run(1)
    expect(around.heard(driver)).toEqual([{ type: 'digests', on: true }])
    around.say(asker, ask(driver, false))
    await around.clock.run(1)
    expect(around.heard(driver)).toEqual([])
    second.link.close()
    await around.clock.run(1)
    expect(around.heard(driver)).toEqual([{ type: 'digests', on: false }])
    expect(around.forwarding.forOthers.forwards).toBe(0)
  })

  it('[FWD-3] forwards a bounded number to one and to all, in one datagram each, and refuses more', async () => {
    const drivers = [driver]
    while (drivers.length < forwardsPerAsker + 1) drivers.push(await around.member())
    const askers = [asker]
    while (askers.length < forwardsInTotal / forwardsPerAsker + 1) askers.push(await around.member())
    for (const each of askers) {
      for (const origin of drivers) around.say(each, ask(origin))
      await around.clock.run(1)
    }
    const refusals = askers.map((each) => around.heard(each).map((message) => message.type))
    expect(refusals.map((each) => each.filter((type) => type === 'refused').length)).toEqual([1, 1, 1, 21])
    expect(around.forwarding.forOthers.forwards).toBe(forwardsInTotal)
    for (const each of drivers) around.drive(each, somewhere)
    await around.clock.run(260)
    expect(askers.map(vehiclesSent)).toEqual([[20], [20], [20], []])
  })

  it('[FWD-3] drops what goes over the budget of one member', async () => {
    for (let index = 0; index < 500; index++) around.say(asker, ask(driver, index % 2 === 0))
    await around.clock.run(1)
    // Who goes on and on over its budget is quarantined ([MOD-16]).
    const { quarantined = 0, 'channel-rate': overBudget = 0 } = around.dropped
    expect(overBudget + quarantined).toBeGreaterThan(300)
    around.fake.say(asker, 'forward', Uint8Array.of(1, 2, 3))
    await around.clock.run(5_000)
    around.fake.say(asker, 'forward', Uint8Array.of(1, 2, 3))
    await around.clock.run(1)
    expect(around.dropped['forward-message-malformed']).toBe(1)
  })

  it('[FWD-4] sends each sample once, and nothing while there is none', async () => {
    around.say(asker, ask(driver))
    await around.clock.run(1_000)
    expect(vehiclesSent(asker)).toEqual([])
    around.drive(driver, somewhere)
    await around.clock.run(2_000)
    expect(vehiclesSent(asker)).toEqual([1])
  })

  it('[FWD-3] says so when the link to the driver carries nothing any more', async () => {
    around.say(asker, ask(driver))
    await around.clock.run(1)
    driver.link.state = 'suspect'
    await around.clock.run(1_000)
    // Besides, this member asks for the driver itself.
    expect(around.heard(asker)).toContainEqual({
      type: 'refused',
      origin: driver.member.signKey,
      reason: 'unlinked',
    })
    expect(around.forwarding.forOthers.forwards).toBe(0)
  })
})

describe('a digest that arrives at a forwarder', () => {
  /** Lets the driver's vehicle arrive, and be forwarded. @returns what an honest digest says of it. */
  const sendOne = async (): Promise<PublishedSamples> => {
    around.say(asker, ask(driver))
    await around.clock.run(1)
    around.drive(driver, somewhere)
    const hashes = around.hashOf(somewhere)
    const at = around.clock.now() * 4
    await around.clock.run(260)
    around.heard(asker)
    return { from: at - 400, to: at, hashes }
  }

  it('[FWD-5] is passed on as it is once it was held against what came from the driver', async () => {
    const digest = await around.digest(driver, await sendOne())
    around.say(driver, digest)
    await around.clock.run(1)
    expect(around.heard(asker)).toEqual([digest])
  })

  it('[FWD-6] without what its signer sent here is not: forwarding it would pass for forgery', async () => {
    const samples = await sendOne()
    around.say(driver, await around.digest(driver, { ...samples, hashes: new Uint8Array(8) }))
    await around.clock.run(1)
    const refusal = { type: 'refused', origin: driver.member.signKey, reason: 'disputed' }
    expect(around.heard(asker)).toEqual([refusal])
    expect(around.dropped).toEqual({ 'forward-disputed': 1 })
    around.say(asker, ask(driver))
    await around.clock.run(1)
    expect(around.heard(asker)).toEqual([refusal])
  })

  const about = { from: 0, to: 10, hashes: new Uint8Array(0) }
  it.each([
    ['for another purpose', 'digest-message-misaddressed', { content: { purpose: 'report' } }],
    ['of another session', 'digest-message-misaddressed', { body: { sessionId: new Uint8Array(16) } }],
    ['of a former process', 'digest-message-misaddressed', { body: { incarnation: new Uint8Array(8) } }],
    ['that ends before it begins', 'digest-message-malformed', { body: { to: -1 } }],
    ['about too long a time', 'digest-message-malformed', { body: { to: 2 ** 20 } }],
    ['about half a tick', 'digest-message-malformed', { body: { from: 0.5 } }],
    ['with half a hash', 'digest-message-malformed', { body: { hashes: new Uint8Array(12) } }],
    ['with a field too many', 'digest-message-malformed', { body: { more: 1 } }],
  ] as const)('[FWD-5] %s is counted as %s and goes no further', async (_name, counted, changes) => {
    await sendOne()
    around.say(driver, await around.digest(driver, about, changes))
    await around.clock.run(1)
    expect(around.heard(asker)).toEqual([])
    expect(around.dropped).toEqual({ [counted]: 1 })
  })

  it('[FWD-6] is verified twenty times in ten seconds at most, whatever comes', async () => {
    await sendOne()
    const bogus = await around.digest(driver, about)
    if (bogus.type !== 'digest') throw new Error('A digest is one.')
    bogus.envelope.fill(0, bogus.envelope.length - 8)
    for (let index = 0; index < 100; index++) around.say(driver, bogus)
    await around.clock.run(1)
    expect(around.dropped['digest-message-unauthentic']).toBe(20)
    expect(around.dropped['digest-rate']).toBe(80)
  })

  it('[FWD-5] signed by somebody else, or that nobody asked for, is not even verified', async () => {
    await sendOne()
    around.say(driver, await around.digest(asker, about))
    around.say(asker, await around.digest(asker, about))
    around.say(driver, { type: 'digest', envelope: new Uint8Array(300) })
    await around.clock.run(1)
    expect(around.heard(asker)).toEqual([])
    expect(around.dropped).toEqual({ 'digest-unasked': 3 })
  })
})

describe('a driver', () => {
  it('[FWD-5] sends no two samples of the same time, nor one that was taken before another, whatever it is given', async () => {
    const sent: number[] = []
    around.publisher.add(asker.link)
    around.publisher.observer = ({ sampledAt, ticks }) => {
      expect(ticks).toBe(Math.floor(sampledAt * 4))
      sent.push(ticks)
    }
    for (const sampledAt of [1_000, 1_000, 900, 1_000.1, undefined, 0]) {
      around.publisher.setVehicle({ ...somewhere, x: sent.length }, sampledAt)
      await around.clock.run(250)
    }
    around.publisher.setVehicle(null, 0)
    await around.clock.run(250)
    expect(new Set(sent).size).toBeGreaterThan(6)
    expect(sent).toEqual([...sent].sort((a, b) => a - b))
  })

  it('[FWD-5] signs once a second what it sent to anybody, for as long as somebody wants it', async () => {
    around.publisher.add(asker.link)
    around.publisher.add(driver.link)
    around.publisher.setVehicle(somewhere)
    await around.clock.run(5_000)
    expect(around.heard(asker)).toEqual([])
    around.say(asker, { type: 'digests', on: true })
    await around.clock.run(5_000)
    const digests = around.heard(asker)
    expect(digests.map(({ type }) => type)).toEqual(Array.from({ length: 5 }, () => 'digest'))
    around.say(asker, { type: 'digests', on: false })
    await around.clock.run(5_000)
    expect(around.heard(asker)).toEqual([])
  })
})
