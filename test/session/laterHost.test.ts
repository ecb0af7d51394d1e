import { beforeEach, describe, expect, it } from 'vitest'
import { Counters, Emitter, seededRandom, silentLogger } from '../../lib/core/index.ts'
import {
  fingerprintBytes,
  signAnnouncement,
  succession,
  type Identity,
  type Invite,
} from '../../lib/identity/index.ts'
import type { ReachedSession, RouteEvents } from '../../lib/rendezvous/index.ts'
import { HostRedial } from '../../lib/session/hostRedial.ts'
import { LinkSignals } from '../../lib/session/linkSignals.ts'
import { openReached, type SessionEnvironment } from '../../lib/session/index.ts'
import { SimulatedClock, simulatedIdentity, simulatedVerify } from '../../lib/testing/index.ts'
import { FakeLink } from '../support/fakeLink.ts'
import { ScriptedRecord } from '../support/scriptedRecord.ts'

const random = seededRandom(29)
const [anna, ben, cem, dora] = [1, 2, 3, 4].map(() => simulatedIdentity(random)) as [
  Identity,
  Identity,
  Identity,
  Identity,
]

let clock: SimulatedClock
let record: ScriptedRecord
let invite: Invite
let environment: SessionEnvironment

beforeEach(async () => {
  clock = new SimulatedClock()
  record = new ScriptedRecord(anna, { clock, random })
  await record.other()
  await record.voters(anna, [anna, ben, cem])
  invite = { sessionId: record.sessionId, hostFingerprint: fingerprintBytes(anna), hints: [] }
  environment = {
    clock,
    random,
    logger: silentLogger,
    identity: dora,
    dropped: new Counters(),
    verify: simulatedVerify,
    connect: () => Promise.reject(new Error('no links in this test')),
  }
})

/** What a rendezvous hands out of `host`, and what is sent on the route that it opens. */
async function reachedAt(host: Identity): Promise<ReachedSession & { sent: Uint8Array[] }> {
  const { founding, epoch } = record
  const envelope = await signAnnouncement(
    host,
    {
      ...founding,
      boxKey: host.boxKey,
      ...(epoch === 0 ? {} : { succession: { epoch, founderBoxKey: anna.boxKey } }),
      listing: null,
    },
    { clock, random, lifetimeMs: 900_000 },
  )
  const sent: Uint8Array[] = []
  const route = Object.assign(new Emitter<RouteEvents>(silentLogger), {
    send: (message: Uint8Array) => void sent.push(message),
    close: () => undefined,
  })
  return { envelope, proof: succession(record.entries), route, sent }
}

describe('[SUC-9] who answers for a session', () => {
  it('is the founder, or a later host, for who knows only the invite', async () => {
    expect(await openReached(environment, invite, await reachedAt(anna))).toMatchObject({ epoch: 0 })
    await record.elected(ben, [ben, cem])
    const announced = await openReached(environment, invite, await reachedAt(ben))
    expect(announced).toMatchObject({ host: { signKey: ben.signKey }, epoch: 1 })
  })

  it('is no host of an epoch below the one that a member knows', async () => {
    const former = await reachedAt(anna)
    await record.elected(ben, [ben, cem])
    const present = await reachedAt(ben)
    await expect(openReached(environment, invite, former, 1)).rejects.toMatchObject({
      code: 'message-replayed',
    })
    await expect(openReached(environment, invite, present, 2)).rejects.toMatchObject({
      code: 'message-replayed',
    })
    await expect(openReached(environment, invite, present, 1)).resolves.toMatchObject({ epoch: 1 })
  })
})

describe('[LNK-73] dialling the host again', () => {
  /** Dials Anna over what answers, for a member that knows of `epoch`. */
  function dialling(answer: ReachedSession, epoch: number) {
    const link = new FakeLink()
    const known = { epoch, hostKey: anna.signKey, sessionId: record.sessionId }
    const asked: number[] = []
    const redial = new HostRedial({
      environment,
      record: known,
      host: anna,
      incarnation: new Uint8Array(8),
      link,
      signals: new LinkSignals({ send: () => undefined, onSignal: () => undefined }),
      reopen: async (_, leastEpoch) => {
        asked.push(leastEpoch)
        const announced = await openReached(environment, invite, answer, leastEpoch)
        return { reached: answer, announced, close: () => Promise.resolve() }
      },
      unannounced: () => Promise.resolve(),
    })
    redial.start()
    return { link, known, asked, redial }
  }

  it('asks for it where it still is the host', async () => {
    const answer = await reachedAt(anna)
    const { link, asked } = dialling(answer, 0)
    await clock.run(500)
    expect(answer.sent).toHaveLength(1)
    expect({ state: link.state, asked }).toEqual({ state: 'open', asked: [0] })
    link.close()
    await clock.run(2_000)
  })

  it('gives up a link to one that is host no more, for [LNK-74] to come back at the later one', async () => {
    await record.elected(ben, [ben, cem])
    const answer = await reachedAt(ben)
    const { link } = dialling(answer, 0)
    await clock.run(500)
    expect(link.state).toBe('open')
    await clock.run(1_000)
    expect(link.state).toBe('closed')
    expect(answer.sent).toEqual([])
    await clock.run(2_000)
  })

  it('leaves the link alone where the other members tell of the later host meanwhile', async () => {
    await record.elected(ben, [ben, cem])
    const { link, known, asked, redial } = dialling(await reachedAt(ben), 0)
    await clock.run(500)
    Object.assign(known, { epoch: 1, hostKey: ben.signKey })
    await clock.run(5_000)
    redial.start()
    await clock.run(2_000)
    expect({ state: link.state, asked }).toEqual({ state: 'open', asked: [0] })
    link.close()
  })

  it('does not believe a former host, nor another one of the same epoch', async () => {
    await record.elected(ben, [ben, cem])
    const former = await reachedAt(ben)
    for (const epoch of [1, 2]) {
      const { link } = dialling(former, epoch)
      await clock.run(1_500)
      expect(former.sent).toEqual([])
      expect(link.state).toBe('open')
      link.close()
      await clock.run(2_000)
    }
  })
})
