import { beforeEach, describe, expect, it } from 'vitest'
import { Counters, seededRandom, silentLogger } from '../../lib/core/index.ts'
import { deriveSessionId, signEnvelope } from '../../lib/identity/index.ts'
import { defaultRules, encodeMessage, limits } from '../../lib/protocol/index.ts'
import type { SessionEnvironment } from '../../lib/session/index.ts'
import { SessionRecord } from '../../lib/session/record.ts'
import { entrySchema, type Entry } from '../../lib/session/recordEntries.ts'
import { SimulatedClock, simulatedIdentity, simulatedVerify } from '../../lib/testing/index.ts'

function environmentOf(seed: number): SessionEnvironment {
  const random = seededRandom(seed)
  return {
    clock: new SimulatedClock(),
    random,
    logger: silentLogger,
    identity: simulatedIdentity(random),
    dropped: new Counters(),
    verify: simulatedVerify,
    connect: () => Promise.reject(new Error('no links in this test')),
  }
}

const founderNonce = new Uint8Array(16).fill(7)

async function founded(environment: SessionEnvironment): Promise<SessionRecord> {
  const { identity } = environment
  const record = new SessionRecord(deriveSessionId(identity.signKey, founderNonce), environment)
  await record.append({
    type: 'founded',
    signKey: identity.signKey,
    boxKey: identity.boxKey,
    incarnation: new Uint8Array(8),
    name: 'Anna',
    vehicleClass: 'truck',
    founderNonce,
    game: null,
    password: null,
    rules: defaultRules,
  })
  return record
}

let anna: SessionEnvironment
let ben: SessionEnvironment
let hosts: SessionRecord
let copy: SessionRecord

beforeEach(async () => {
  anna = environmentOf(1)
  ben = environmentOf(2)
  hosts = await founded(anna)
  await hosts.append({ type: 'rules', changes: { speedLimit: 90 } })
  await hosts.append({ type: 'rules', changes: { speedLimit: 80 } })
  copy = new SessionRecord(hosts.sessionId, ben)
})

describe('the record', () => {
  it('[REC-2] is taken over entry by entry and adds up to the same state', async () => {
    for (const entry of hosts.entries) await copy.accept(entry)
    copy.commit(copy.length)
    expect(copy.state.rules).toEqual(hosts.state.rules)
    expect(copy.state.members.map(({ name }) => name)).toEqual(['Anna'])
  })

  it('[REC-2] refuses an entry that comes twice, too early, or out of order, and stays as it was', async () => {
    const [first, second, third] = hosts.entries as [Uint8Array, Uint8Array, Uint8Array]
    await expect(copy.accept(second)).rejects.toMatchObject({ code: 'record-gap' })
    await copy.accept(first)
    await expect(copy.accept(first)).rejects.toMatchObject({ code: 'message-replayed' })
    await expect(copy.accept(third)).rejects.toMatchObject({ code: 'record-gap' })
    await copy.accept(second)
    expect(copy.state.rules.speedLimit).toBeNull()
    copy.commit(2)
    expect(copy.state.rules.speedLimit).toBe(90)
  })

  it('[REC-2] refuses an entry that another key signed', async () => {
    await copy.accept(hosts.entries[0] as Uint8Array)
    const entry: Entry = {
      sessionId: hosts.sessionId,
      epoch: 0,
      number: 1,
      previous: hosts.digestAt(1) as Uint8Array,
      change: { type: 'rules', changes: { speedLimit: 200 } },
    }
    const body = encodeMessage(entrySchema, entry, limits.controlMessageBytes)
    const bytes = await signEnvelope(ben.identity, { purpose: 'entry', body, lifetimeMs: 1e9 }, ben)
    await expect(copy.accept(bytes)).rejects.toMatchObject({ code: 'message-unauthentic' })
    expect(copy.state.rules.speedLimit).toBeNull()
  })

  it('[REC-2] refuses any entry of which a single byte was changed', async () => {
    const entry = hosts.entries[0] as Uint8Array
    for (let index = 0; index < entry.length; index += 7) {
      const changed = entry.slice()
      changed[index] = (changed[index] ?? 0) ^ 0x40
      await expect(copy.accept(changed)).rejects.toBeInstanceOf(Error)
      expect(copy.length).toBe(0)
    }
  })

  it('[REC-3] refuses a founding by a key that the session id does not come from', async () => {
    const mallory = environmentOf(3)
    const theirs = new SessionRecord(hosts.sessionId, mallory)
    const { identity } = mallory
    const { bytes } = await theirs.append({
      type: 'founded',
      signKey: identity.signKey,
      boxKey: identity.boxKey,
      incarnation: new Uint8Array(8),
      name: 'Mallory',
      vehicleClass: 'truck',
      founderNonce,
      game: null,
      password: null,
      rules: defaultRules,
    })
    await expect(copy.accept(bytes)).rejects.toMatchObject({ code: 'message-unauthentic' })
  })

  it('[REC-2] refuses the entries of another session of the same host', async () => {
    const other = new SessionRecord(deriveSessionId(ben.identity.signKey, founderNonce), ben)
    await expect(other.accept(hosts.entries[0] as Uint8Array)).rejects.toMatchObject({
      code: 'message-misaddressed',
    })
  })

  it('[REC-4] gives no slot twice and lets nobody in twice', async () => {
    const { identity } = ben
    const joined = {
      type: 'joined' as const,
      signKey: identity.signKey,
      boxKey: identity.boxKey,
      incarnation: new Uint8Array(8),
      slot: 1,
      name: 'Ben',
      vehicleClass: 'truck' as const,
    }
    await hosts.append(joined)
    await expect(hosts.append({ ...joined, slot: 2 })).rejects.toMatchObject({ code: 'message-malformed' })
    const cem = simulatedIdentity(seededRandom(9))
    await expect(hosts.append({ ...joined, signKey: cem.signKey, boxKey: cem.boxKey })).rejects.toMatchObject(
      { code: 'message-malformed' },
    )
    expect(hosts.state.memberCount).toBe(2)
  })

  it('[ENF-33] keeps who is in the slow lane, also while that member is away, and has nobody in it who never was here', async () => {
    const { identity } = ben
    const { signKey, boxKey } = identity
    const incarnation = new Uint8Array(8)
    const restricted = { type: 'restricted', signKey, restriction: 'slow-lane', detail: 'Too fast.' } as const
    await expect(hosts.append(restricted)).rejects.toMatchObject({ code: 'message-malformed' })
    await hosts.append({
      type: 'joined',
      signKey,
      boxKey,
      incarnation,
      slot: 1,
      name: 'Ben',
      vehicleClass: 'truck',
    })
    await hosts.append(restricted)
    await hosts.append({ type: 'left', signKey, reason: 'left', detail: '' })
    expect(hosts.state.restrictionOf(signKey)).toEqual({ restriction: 'slow-lane', detail: 'Too fast.' })
    for (const entry of hosts.entries) await copy.accept(entry)
    copy.commit(copy.length)
    expect(copy.state.restrictionOf(signKey)).toEqual(hosts.state.restrictionOf(signKey))
    await hosts.append({ ...restricted, restriction: null, detail: '' })
    expect(hosts.state.restrictionOf(signKey)).toBeUndefined()
  })
})
