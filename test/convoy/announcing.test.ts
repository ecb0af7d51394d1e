import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConvoyError, Counters, Emitter, seededRandom, silentLogger } from '../../lib/core/index.ts'
import { fingerprintBytes, openAnnouncement, succession, type Identity } from '../../lib/identity/index.ts'
import { defaultRules } from '../../lib/protocol/index.ts'
import {
  createMemoryRendezvousHub,
  type MemoryRendezvousHub,
  type MemoryRendezvousOptions,
  type Rendezvous,
  type Route,
} from '../../lib/rendezvous/index.ts'
import { announcementLifetimeMs, type Session, type SessionEvents } from '../../lib/session/index.ts'
import {
  SimulatedClock,
  simulatedIdentity,
  simulatedSigner,
  simulatedVerify,
} from '../../lib/testing/index.ts'
import { Announcing } from '../../lib/convoy/announcing.ts'
import { nextMacrotask } from '../../lib/testing/macrotask.ts'
import { ScriptedRecord } from '../support/scriptedRecord.ts'

const random = seededRandom(11)
const [anna, ben, cem] = [simulatedIdentity(random), simulatedIdentity(random), simulatedIdentity(random)]

let clock: SimulatedClock
let hub: MemoryRendezvousHub
let record: ScriptedRecord
let routes: Route[]
const opened: { close(): Promise<void> }[] = []

beforeEach(async () => {
  clock = new SimulatedClock()
  hub = makeHub()
  record = new ScriptedRecord(anna, { clock, random })
  await record.other()
  await record.voters(anna, [anna, ben, cem])
  routes = []
})
afterEach(async () => {
  await clock.complete(Promise.all(opened.splice(0).map((each) => each.close())))
  await clock.complete(hub.close())
  await clock.run(1_000)
  expect(clock.pendingTimers).toBe(0)
})

const makeHub = (options: Partial<MemoryRendezvousOptions> = {}): MemoryRendezvousHub =>
  createMemoryRendezvousHub({
    clock,
    random: seededRandom(3),
    verify: simulatedVerify,
    signer: simulatedSigner,
    ...options,
  })
const elect = (host: Identity): Promise<unknown> => record.elected(host, [ben, cem])

/** Announces as `host`, with the record as it is when something is announced. */
function announcingAs(host: Identity, at: readonly Rendezvous[]): Announcing {
  const session = {
    environment: {
      identity: host,
      clock,
      random,
      logger: silentLogger,
      dropped: new Counters(),
      verify: simulatedVerify,
    },
    record: Object.assign(record, {
      state: { rules: defaultRules, game: null, memberCount: 3, password: null },
    }),
    authority: { proofs: { certified: { succession: () => succession(record.entries) } } },
    events: new Emitter<SessionEvents>(silentLogger),
    hostRole: { receive: (route: Route) => void routes.push(route) },
  }
  const announcing = new Announcing(session as unknown as Session, at)
  opened.push(announcing)
  return announcing
}

/** Who a joiner with the founder's invite finds. */
async function found(): Promise<Identity['signKey'] | undefined> {
  const joiner = hub.rendezvous()
  const { envelope, proof, route } = await clock.complete(joiner.reach(record.sessionId))
  route.close()
  const invite = { sessionId: record.sessionId, hostFingerprint: fingerprintBytes(anna) }
  const announced = await openAnnouncement(envelope, { clock, verify: simulatedVerify, proof, ...invite })
  return announced.host.signKey
}

describe('[SUC-6] announcing a session', () => {
  it('as a later host leads those with the invite of the founder to it', async () => {
    await elect(ben)
    await clock.complete(announcingAs(ben, [hub.rendezvous()]).start(undefined))
    expect(await found()).toEqual(ben.signKey)
    await clock.run(100)
    expect(routes).toHaveLength(1)
  })

  it('moves it to the next host wherever it is announced, and back', async () => {
    const [at, elsewhere] = [hub.rendezvous(), hub.rendezvous()]
    const first = announcingAs(anna, [at])
    await clock.complete(first.start(undefined))
    expect(await found()).toEqual(anna.signKey)
    await elect(ben)
    const second = announcingAs(ben, [elsewhere])
    await clock.complete(second.start(undefined))
    expect(await found()).toEqual(ben.signKey)
    await clock.complete(first.close())
    expect(await found()).toEqual(ben.signKey)
    await elect(anna)
    await clock.complete(announcingAs(anna, [at]).start(undefined))
    await clock.complete(second.close())
    expect(await found()).toEqual(anna.signKey)
  })

  it('goes on trying where no service was reached, so that joining works again once one is', async () => {
    await elect(ben)
    hub.goDown()
    const announcing = announcingAs(ben, [hub.rendezvous()])
    const failing = announcing.start(undefined).catch((error: unknown) => error)
    expect(await clock.complete(failing)).toMatchObject({ code: 'rendezvous-unreachable' })
    await clock.run(30_000)
    hub.comeBack()
    await clock.run(20_000)
    expect(await found()).toEqual(ben.signKey)
  })

  it('finds the rendezvous free that a former announcement was still under way at', async () => {
    await elect(ben)
    hub.goDown()
    const at = hub.rendezvous()
    const first = announcingAs(ben, [at])
    const started = first.start(undefined).catch((error: unknown) => error)
    await clock.settle()
    await clock.complete(first.close())
    expect(await clock.complete(started)).toMatchObject({ code: 'closed' })
    hub.comeBack()
    await clock.complete(announcingAs(ben, [at]).start(undefined))
    expect(await found()).toEqual(ben.signKey)
  })

  it('takes back, within seconds, a session that a stranger put up before it with its own announcement', async () => {
    await elect(ben)
    let latencyMs = 2_000
    const slow = makeHub({ latencyMs: () => latencyMs })
    opened.push(slow)
    const announcing = announcingAs(ben, [hub.rendezvous(), slow.rendezvous()])
    await clock.complete(announcing.start(undefined))
    latencyMs = 1
    const { envelope, proof } = await clock.complete(hub.rendezvous().reach(record.sessionId))
    const stolen = { sessionId: record.sessionId, envelope, ...(proof && { proof }) }
    await clock.complete(slow.rendezvous().announce(stolen))
    await clock.run(10_000)
    const heard = routes.length
    const reached = await clock.complete(slow.rendezvous().reach(record.sessionId))
    expect(reached.envelope).not.toEqual(envelope)
    await clock.run(100)
    expect(routes).toHaveLength(heard + 1)
  })

  it('outlives a service that refuses what a host that was away renews (regression: nobody caught it, which ended the process)', async () => {
    let refusals = 0
    const refusing: Rendezvous = {
      ...hub.rendezvous(),
      announce: () =>
        Promise.resolve({
          on: () => () => undefined,
          update: () => {
            refusals++
            return Promise.reject(new ConvoyError('message-replayed', 'A later host has it.'))
          },
          close: () => Promise.resolve(),
        }),
    }
    // Real signers take a while, in which what was refused has to have somebody who waits for it.
    const signer = {
      ...anna.signer,
      sign: async (message: Uint8Array) => {
        await nextMacrotask()
        return anna.signer.sign(message)
      },
    }
    const host = Object.create(anna, { signer: { value: signer } }) as Identity
    const announcing = announcingAs(host, [refusing])
    await clock.complete(announcing.start(undefined))
    const uncaught: unknown[] = []
    const note = (error: unknown): void => void uncaught.push(error)
    process.on('unhandledRejection', note)
    try {
      await clock.run(announcementLifetimeMs)
      await nextMacrotask()
      expect(refusals).toBeGreaterThan(1)
      expect(uncaught).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  it('[SUC-8] says so where the host can not be proved, and goes on trying', async () => {
    for (let change = 0; change < 15; change++) {
      await elect(ben)
      await record.voters(ben, [anna, ben, cem])
    }
    const failing = announcingAs(ben, [hub.rendezvous()])
      .start(undefined)
      .catch((error: unknown) => error)
    expect(await clock.complete(failing)).toMatchObject({
      code: 'message-too-large',
      message: expect.stringContaining('in a new session') as string,
    })
    // Those who voted before are back, and attest it.
    record.entries.splice(4)
    record.epoch = 1
    await clock.run(6_000)
    expect(await found()).toEqual(ben.signKey)
  })
})
