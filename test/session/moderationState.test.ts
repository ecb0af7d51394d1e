import { beforeEach, describe, expect, it } from 'vitest'
import { concat, Counters, seededRandom, silentLogger } from '../../lib/core/index.ts'
import { deriveSessionId, signEnvelope, type Identity } from '../../lib/identity/index.ts'
import { defaultRules, encodeMessage } from '../../lib/protocol/index.ts'
import type { SessionEnvironment } from '../../lib/session/index.ts'
import { signRequest } from '../../lib/session/moderation/requests.ts'
import type { AskableChange } from '../../lib/session/moderation/moderationChanges.ts'
import { SessionRecord } from '../../lib/session/record.ts'
import { entrySchema, type Change } from '../../lib/session/recordEntries.ts'
import { SimulatedClock, simulatedIdentity, simulatedVerify } from '../../lib/testing/index.ts'

const [anna, ben, cem, dora, emil] = [1, 2, 3, 4, 5].map((seed) => simulatedIdentity(seededRandom(seed))) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
]
const founderNonce = new Uint8Array(16)
const sessionId = deriveSessionId(anna.signKey, founderNonce)
const random = seededRandom(99)
let clock: SimulatedClock
/** Anna's record, who is host; and that of Ben, who follows. */
let hosts: SessionRecord
let followers: SessionRecord

const environmentOf = (identity: Identity): SessionEnvironment => ({
  clock,
  random,
  logger: silentLogger,
  identity,
  dropped: new Counters(),
  verify: simulatedVerify,
  connect: () => new Promise(() => undefined),
})

/** Signs `change` as the host, and hands it to Ben without asking Anna's own record. */
async function forge(change: Change, at?: Partial<{ number: number }>): Promise<void> {
  const number = at?.number ?? followers.length
  const previous = followers.digestAt(number) ?? new Uint8Array(32)
  const body = encodeMessage(entrySchema, { sessionId, epoch: 0, number, previous, change }, 50_000)
  const bytes = await signEnvelope(anna, { purpose: 'entry', body, lifetimeMs: 1_000_000 }, { clock, random })
  await followers.accept(bytes)
  followers.commit(followers.length)
}

/** Decides as Anna, and has Ben follow. */
async function decide(change: Change): Promise<void> {
  const { bytes } = await hosts.append(change)
  await followers.accept(bytes)
  followers.commit(followers.length)
}

/** `change` with the proof that `by` asked `host` for it. */
async function askedBy<Asked extends AskableChange>(
  by: Identity,
  change: Asked,
  { host = anna, session = sessionId }: { host?: Identity; session?: Uint8Array } = {},
): Promise<Asked & { asked: { by: Uint8Array; id: Uint8Array; request: Uint8Array } }> {
  const id = random.bytes(16)
  const addressee = { sessionId: session, host: host.signKey }
  const request = await signRequest(environmentOf(by), addressee, id, change)
  return { ...change, asked: { by: by.signKey, id, request } }
}

const kick = ({ signKey }: Identity) =>
  ({ type: 'left', signKey, reason: 'kicked', detail: '', coolOffMs: 60_000 }) as const
const mute = ({ signKey }: Identity) => ({
  type: 'muted' as const,
  signKey,
  what: ['chat' as const],
  detail: '',
  lastsMs: 1_000,
})
const ban = ({ signKey }: Identity, lastsMs: number | null = null) =>
  ({ type: 'banned', subject: { kind: 'identity', signKey }, detail: '', lastsMs }) as const
const grant = ({ signKey }: Identity, role: 'moderator' | 'staff' | 'member', scopes: string[]) =>
  ({ type: 'granted', signKey, role, scopes }) as Extract<AskableChange, { type: 'granted' }>

const joined = ({ signKey, boxKey }: Identity, slot: number): Extract<Change, { type: 'joined' }> => ({
  type: 'joined',
  signKey,
  boxKey,
  incarnation: new Uint8Array(8),
  name: `Member ${slot}`,
  vehicleClass: 'truck',
  slot,
})

beforeEach(async () => {
  clock = new SimulatedClock()
  hosts = new SessionRecord(sessionId, environmentOf(anna))
  followers = new SessionRecord(sessionId, environmentOf(ben))
  await decide({
    type: 'founded',
    signKey: anna.signKey,
    boxKey: anna.boxKey,
    incarnation: new Uint8Array(8),
    name: 'Anna',
    vehicleClass: 'truck',
    founderNonce,
    game: null,
    password: null,
    rules: defaultRules,
  })
  for (const [index, each] of [ben, cem, dora, emil].entries()) await decide(joined(each, index + 1))
  // Ben moderates and may give scopes, Cem is staff, Dora and Emil are members.
  await decide(grant(ben, 'moderator', ['kick', 'ban', 'mute', 'grant']))
  await decide(grant(cem, 'staff', ['kick', 'mute']))
})

describe('an entry that goes beyond what its author may do', () => {
  const refused: [what: string, by: () => Identity, change: () => AskableChange][] = [
    ['a scope its author lacks', () => cem, () => ban(dora)],
    ['one of its author’s own rank', () => cem, () => kick(cem)],
    ['one of a higher rank', () => cem, () => mute(ben)],
    ['the host', () => ben, () => mute(anna)],
    ['a grant of a scope that its granter lacks', () => ben, () => grant(dora, 'staff', ['rules'])],
    ['a grant of the granter’s own rank', () => ben, () => grant(dora, 'moderator', ['kick'])],
    ['a grant of "grant" to staff', () => ben, () => grant(dora, 'staff', ['grant'])],
    ['a grant without "grant"', () => cem, () => grant(dora, 'staff', ['mute'])],
    ['a grant to itself', () => ben, () => grant(ben, 'moderator', ['kick', 'rules'])],
    ['scopes for a plain member', () => ben, () => grant(dora, 'member', ['kick'])],
    ['rules without "rules"', () => ben, () => ({ type: 'rules', changes: { speedLimit: 50 } })],
    ['a member without any scope', () => dora, () => kick(emil)],
    [
      'the lifting of a ban that is none',
      () => ben,
      () => ({ type: 'unbanned', subject: ban(dora).subject }),
    ],
  ]
  it.each(refused)('[MOD-3] [MOD-5] is refused by every member: %s', async (_, by, change) => {
    const asked = (await askedBy(by(), change())) as Change
    await expect(hosts.append(asked)).rejects.toMatchObject({ code: 'message-malformed' })
    const { length } = followers
    await expect(forge(asked)).rejects.toMatchObject({ code: 'message-malformed' })
    expect(followers.length).toBe(length)
  })

  it('[MOD-3] is refused where a moderator would lift what the host decided', async () => {
    await decide(ban(dora))
    await decide(mute(emil))
    const unban = { type: 'unbanned', subject: ban(dora).subject } as const
    await expect(forge(await askedBy(ben, unban))).rejects.toMatchObject({ code: 'message-malformed' })
    const unmute = { type: 'unmuted' as const, signKey: emil.signKey, what: ['chat' as const] }
    await expect(forge(await askedBy(ben, unmute))).rejects.toMatchObject({
      code: 'message-malformed',
    })
    await decide(unban)
    expect(followers.state.moderation.bans).toEqual([])
  })

  it('[MOD-3] is refused where a moderator names moderators in the rules', async () => {
    await decide(grant(ben, 'moderator', ['rules']))
    const changes = { moderatorList: [followers.state.members[3]?.id ?? ''] }
    await expect(forge(await askedBy(ben, { type: 'rules', changes }))).rejects.toMatchObject({
      code: 'message-malformed',
    })
    await decide(await askedBy(ben, { type: 'rules', changes: { speedLimit: 50 } }))
    expect(followers.state.rules.speedLimit).toBe(50)
  })

  it('[MOD-2] is refused where it lets in who is banned, until the ban ends', async () => {
    await decide(ban(dora, 10_000))
    await decide({ type: 'left', signKey: dora.signKey, reason: 'banned', detail: '' })
    await expect(forge(joined(dora, 3))).rejects.toMatchObject({ code: 'message-malformed' })
    await clock.run(10_001)
    await decide(joined(dora, 3))
    expect(followers.state.member(dora.signKey)).toBeDefined()
  })

  it('[MOD-2] is refused where somebody is removed as banned who is not', async () => {
    await expect(
      forge({ type: 'left', signKey: dora.signKey, reason: 'banned', detail: '' }),
    ).rejects.toMatchObject({ code: 'message-malformed' })
  })
})

describe('the request that an entry carries out', () => {
  it('[MOD-5] is what lets a moderator act, and proves to every member who asked', async () => {
    await decide(await askedBy(ben, mute(dora)))
    expect(followers.state.moderation.muteOf(dora.signKey, 'chat', clock.wallTime())?.by).toEqual(ben.signKey)
  })

  it('[MOD-5] is carried out once only', async () => {
    const asked = await askedBy(ben, mute(dora))
    await decide(asked)
    await expect(forge(asked)).rejects.toMatchObject({ code: 'message-malformed' })
  })

  const forged: [what: string, code: string, change: () => Promise<Change>][] = [
    [
      'of somebody else than it says',
      'message-unauthentic',
      async () => {
        const { asked, ...change } = await askedBy(dora, mute(emil))
        return { ...change, asked: { ...asked, by: ben.signKey } }
      },
    ],
    [
      'for something else',
      'message-malformed',
      async () => ({ ...(await askedBy(ben, mute(dora))), lastsMs: 3_600_000 }),
    ],
    [
      'for somebody else',
      'message-malformed',
      async () => ({ ...(await askedBy(ben, mute(dora))), signKey: emil.signKey }),
    ],
    [
      'with another id than it says',
      'message-malformed',
      async () => {
        const { asked, ...change } = await askedBy(ben, mute(dora))
        return { ...change, asked: { ...asked, id: random.bytes(16) } }
      },
    ],
    ['to another host', 'message-misaddressed', () => askedBy(ben, mute(dora), { host: cem })],
    [
      'in another session',
      'message-misaddressed',
      () => askedBy(ben, mute(dora), { session: new Uint8Array(16) }),
    ],
    [
      'that was altered',
      'message-unauthentic',
      async () => {
        const { asked, ...change } = await askedBy(ben, mute(dora))
        const request = asked.request.slice()
        request[request.length - 1] = (request.at(-1) ?? 0) ^ 1
        return { ...change, asked: { ...asked, request } }
      },
    ],
    [
      'that was cut short',
      'message-malformed',
      async () => {
        const { asked, ...change } = await askedBy(ben, mute(dora))
        return { ...change, asked: { ...asked, request: asked.request.subarray(0, 100) } }
      },
    ],
  ]
  it.each(forged)('[MOD-5] must be the one it carries out: refused %s', async (_, code, change) => {
    const { length } = followers
    await expect(forge(await change())).rejects.toMatchObject({ code })
    expect(followers.length).toBe(length)
  })

  it('[MOD-5] must be fresh: a host cannot keep one for later', async () => {
    const asked = await askedBy(ben, mute(dora))
    await clock.run(12 * 60_000)
    await expect(forge(asked)).rejects.toMatchObject({ code: 'message-expired' })
  })
})

describe('bans', () => {
  const stateOf = () => followers.state.moderation

  it('[MOD-2] are about an identity, a claim, or an invite, and end by the time of their entry', async () => {
    const invite = random.bytes(32)
    await decide(ban(dora, 5_000))
    await decide({
      type: 'banned',
      subject: { kind: 'claim', claim: 'steam:1' },
      detail: 'Came back',
      lastsMs: null,
    })
    await decide({
      type: 'banned',
      subject: { kind: 'invite', secretHash: invite },
      detail: '',
      lastsMs: null,
    })
    const now = clock.wallTime()
    const stranger = new Uint8Array(32)
    const banOf = (facts: { signKey?: Uint8Array; claims?: string[]; invite?: Uint8Array }, at = now) =>
      stateOf().banOf({ signKey: stranger, ...facts }, anna.signKey, at)
    expect(banOf({})).toBeUndefined()
    expect(banOf({ signKey: dora.signKey })).toMatchObject({ until: now + 5_000 })
    expect(banOf({ signKey: dora.signKey }, now + 5_000)).toBeUndefined()
    expect(banOf({ claims: ['x', 'steam:1'] })).toMatchObject({ detail: 'Came back', until: null })
    expect(banOf({ claims: ['steam:2'] })).toBeUndefined()
    expect(banOf({ invite })).toBeDefined()
    expect(banOf({ invite: concat(invite.subarray(1), invite.subarray(0, 1)) })).toBeUndefined()
  })

  it('[MOD-2] do not concern those of their author’s rank and above', async () => {
    const subject = { kind: 'claim', claim: 'vtc' } as const
    await decide(await askedBy(ben, { type: 'banned', subject, detail: '', lastsMs: null }))
    const banOf = ({ signKey }: Identity) =>
      stateOf().banOf({ signKey, claims: ['vtc'] }, anna.signKey, clock.wallTime())
    expect([anna, ben, cem, dora].map((each) => banOf(each) === undefined)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})
