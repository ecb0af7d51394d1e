import { Encoder } from '@msgpack/msgpack'
import { beforeEach, describe, expect, it } from 'vitest'
import { decode } from '@msgpack/msgpack'
import { concat, isConvoyError, seededRandom } from '../../lib/core/index.ts'
import { signEnvelope, succession, verifySuccession } from '../../lib/identity/index.ts'
import { encodeMessage } from '../../lib/protocol/index.ts'
import { entriesMessageBytes, entryLifetimeMs } from '../../lib/session/constants.ts'
import { lateRefusal } from '../../lib/session/linkAdmission.ts'
import type { SessionRecord } from '../../lib/session/record.ts'
import { entrySchema, type Change } from '../../lib/session/recordEntries.ts'
import { SnapshotParts, snapshotMessages } from '../../lib/session/snapshot/snapshotMessages.ts'
import { decodeState, digestOfState, encodeState } from '../../lib/session/snapshot/stateBytes.ts'
import { checkTicket, issueTicket } from '../../lib/session/ticket.ts'
import { founderNonce, RecordPeer } from './support/recordPeers.ts'

let anna: RecordPeer
let ben: RecordPeer
let cem: RecordPeer

/** What a record says of itself that all members have to agree on. */
const stateOf = (record: SessionRecord): Uint8Array => {
  const { voters, length } = record
  const hosts = Array.from({ length: record.epoch + 1 }, (_, epoch) => ({
    epoch,
    signKey: record.hostOf(epoch),
  }))
  const known = hosts.flatMap(({ epoch, signKey }) =>
    signKey === undefined ? [] : [{ epoch, number: 0, signKey }],
  )
  expect(length).toBe(record.committed)
  return encodeState(record.state, { hosts: known, voters })
}

const bundleOf = ({ record }: RecordPeer): Uint8Array => {
  const bundle = record.bundle()
  if (bundle === undefined) throw new Error('There is no snapshot.')
  return bundle
}

const codeOf = async (task: Promise<unknown>): Promise<string> => {
  try {
    await task
    return 'none'
  } catch (error) {
    return isConvoyError(error) ? error.code : `no ConvoyError: ${String(error)}`
  }
}

/** A bundle with other fields. */
const altered = (bundle: Uint8Array, fields: object): Uint8Array =>
  concat(new Encoder().encode({ ...(decode(bundle) as object), ...fields }))

const rules = (speedLimit: number): Change => ({ type: 'rules', changes: { speedLimit } })

beforeEach(async () => {
  anna = await new RecordPeer(1).found()
  ben = new RecordPeer(2, anna)
  cem = new RecordPeer(3, anna)
})

/** Everything that can be decided, by luck. */
async function decideSomething(host: RecordPeer, seed: number, times: number): Promise<void> {
  const random = seededRandom(seed)
  const below = (count: number): number => Math.floor(random.next() * count)
  const { record } = host
  for (let time = 0; time < times; time++) {
    const who = new RecordPeer(100 + below(40), anna)
    const { signKey } = who
    const present = record.state.member(signKey)
    const slot = 3 + below(60)
    const isFree = record.state.members.every((member) => member.slot !== slot)
    const name = ['Dora', 'Emil ß', 'ファイ', '🚚 Gus'][below(4)] ?? ''
    const changes: Change[] = [
      rules(10 + below(100)),
      { type: 'rules', changes: { moderatorList: [`m${below(9)}`], welcomeMessage: name } },
      {
        type: 'loadOrder',
        loadOrder: { mods: [{ package: `p${below(9)}`, name, optional: true }], dlcs: [] },
      },
      { type: 'shared', name: `s${below(9)}`, value: below(3) === 0 ? null : Uint8Array.of(below(256)) },
      { type: 'gameTime', minutes: random.next() * 1e6, scale: below(20), at: below(1e6) },
      {
        type: 'banned',
        subject: { kind: 'claim', claim: `c${below(9)}` },
        detail: name,
        lastsMs: below(2) === 0 ? null : 5,
      },
      { type: 'unbanned', subject: { kind: 'claim', claim: `c${below(9)}` } },
      {
        type: 'muted',
        signKey,
        what: below(2) === 0 ? ['radio', 'chat'] : ['radio'],
        detail: '',
        lastsMs: null,
      },
      { type: 'unmuted', signKey, what: ['radio'] },
      { type: 'granted', signKey, role: 'staff', scopes: ['kick'] },
      { type: 'restricted', signKey, restriction: below(2) === 0 ? null : 'slow-lane', detail: 'x' },
      { type: 'invited', secretHash: random.bytes(32) },
      ...(present === undefined && isFree
        ? [who.joined(name, slot, below(2) === 0 ? undefined : ['c'])]
        : []),
      ...(present === undefined
        ? []
        : [{ type: 'left', signKey, reason: 'kicked', detail: name, coolOffMs: 7 } as const]),
    ]
    const change = changes[below(changes.length)]
    if (change === undefined) continue
    await host.decide(change).catch((error: unknown) => {
      // Luck also has what contradicts the state.
      if (!isConvoyError(error, 'message-malformed')) throw error
    })
  }
}

describe('the state of a record', () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`[REC-9] has the same bytes for who decided, who followed, and who began with a snapshot (seed ${seed})`, async () => {
      await anna.decide(ben.joined('Ben', 1), cem.joined('Cem', 2))
      await decideSomething(anna, seed, 150)
      await ben.follow(anna)
      await anna.snapshot()
      await cem.record.install(bundleOf(anna), anna.signKey)
      await decideSomething(anna, seed + 50, 100)
      await ben.follow(anna)
      await cem.follow(anna)
      expect(stateOf(ben.record)).toEqual(stateOf(anna.record))
      expect(stateOf(cem.record)).toEqual(stateOf(anna.record))
    })
  }

  it('[REC-9] comes back from its bytes as it was, and in no other form', async () => {
    await decideSomething(anna, 5, 200)
    const bytes = stateOf(anna.record)
    const { state, authority } = decodeState(bytes)
    expect(encodeState(state, authority)).toEqual(bytes)
    const fields = decode(bytes) as Record<string, unknown> & { members: unknown[] }
    const reversed = Object.fromEntries(Object.entries(fields).reverse())
    const twice = { ...fields, members: [...fields.members, ...fields.members.slice(-1)] }
    for (const form of [reversed, twice, { ...fields, more: 1 }])
      expect(() => decodeState(concat(new Encoder().encode(form)))).toThrow(
        expect.objectContaining({ code: 'message-malformed' }),
      )
  })

  it('[REC-9] has no text with half a character, which would not come back as it was', async () => {
    const halved: Change = { type: 'rules', changes: { welcomeMessage: 'Hi \ud83d' } }
    await expect(anna.decide(halved)).rejects.toMatchObject({ code: 'invalid-argument' })
    await anna.decide({ type: 'rules', changes: { welcomeMessage: 'Hi \ud83d\ude9a' } })
    expect(anna.record.state.rules.welcomeMessage).toBe('Hi 🚚')
  })

  it('[REC-10] remembers 512 of those who left, and forgets who was kicked last', async () => {
    await anna.decide(ben.joined('Ben', 1))
    await anna.decide({ type: 'left', signKey: ben.signKey, reason: 'kicked', detail: '', coolOffMs: 1 })
    const first = new RecordPeer(1_000, anna)
    for (let number = 0; number < 513; number++) {
      const guest = number === 0 ? first : new RecordPeer(1_000 + number, anna)
      await anna.decide(guest.joined('Guest', 1), {
        type: 'left',
        signKey: guest.signKey,
        reason: 'left',
        detail: '',
      })
    }
    expect(anna.record.state.departure(ben.signKey)?.reason).toBe('kicked')
    expect(anna.record.state.departure(first.signKey)).toBeUndefined()
    expect(anna.record.state.contents().departures).toHaveLength(512)
  })

  it('[REC-10] has a full list of bans make room for another once one has ended, and not before', async () => {
    const { clock } = anna.environment
    const ban = (number: number, lastsMs: number | null): Change => ({
      type: 'banned',
      subject: { kind: 'claim', claim: `c${number}` },
      detail: '',
      lastsMs,
    })
    await anna.decide(ban(0, 60_000))
    for (let number = 1; number < 2_000; number++) await anna.decide(ban(number, null))
    await expect(anna.decide(ban(2_000, null))).rejects.toMatchObject({ code: 'message-malformed' })
    await anna.decide(ban(5, 10))
    await (clock as unknown as { run(ms: number): Promise<void> }).run(60_001)
    await anna.decide(ban(2_000, null))
    expect(anna.record.state.moderation.bans).toHaveLength(2_000)
    expect(anna.record.state.moderation.banOn({ kind: 'claim', claim: 'c5' })).toBeUndefined()
  })
})

describe('a snapshot', () => {
  beforeEach(async () => {
    await anna.decide(ben.joined('Ben', 1), rules(90), rules(80))
    await ben.follow(anna)
  })

  /** What a host would sign that says whatever it likes. */
  async function signed(signer: RecordPeer, change: Change, fields: object = {}): Promise<Uint8Array> {
    const { record } = anna
    const { sessionId, length: number } = record
    const previous = record.digestAt(number) ?? new Uint8Array(32)
    const entry = { sessionId, epoch: record.epoch, number, previous, change, ...fields }
    const body = encodeMessage(entrySchema, entry, entriesMessageBytes)
    const { environment } = signer
    return signEnvelope(
      environment.identity,
      { purpose: 'entry', body, lifetimeMs: entryLifetimeMs },
      environment,
    )
  }

  it('[REC-8] is held by who comes to the same state, also while nothing before it is committed there', async () => {
    await anna.snapshot()
    const late = await new RecordPeer(9, anna).follow(anna)
    expect(late.record.snapshot?.entry.number).toBe(4)
    const uncommitted = new RecordPeer(10, anna)
    for (const bytes of anna.record.entries) await uncommitted.record.accept(bytes)
    expect(uncommitted.record.committed).toBe(0)
    uncommitted.record.commit(5)
    expect(uncommitted.record.snapshot?.entry.number).toBe(4)
    expect(uncommitted.environment.dropped.snapshot()).toEqual({})
  })

  it('[REC-8] is refused by who comes to another state, as any entry that contradicts the record', async () => {
    const change = anna.record.nextSnapshot()
    if (change?.type !== 'snapshot') throw new Error('There is no snapshot to take.')
    const { state } = change
    const wrong: Change[] = [
      { ...change, state: { ...state, digest: new Uint8Array(32) } },
      { ...change, state: { ...state, bytes: state.bytes + 1 } },
      { ...change, epochState: state },
    ]
    for (const each of wrong) {
      expect(await codeOf(ben.record.accept(await signed(anna, each)))).toBe('message-malformed')
      expect(await codeOf(anna.record.append(each))).toBe('message-malformed')
    }
    expect(await codeOf(ben.record.accept(await signed(cem, change)))).toBe('message-unauthentic')
    expect(await codeOf(ben.record.accept(await signed(anna, change, { number: 7 })))).toBe('record-gap')
    expect(ben.record.length).toBe(4)
    expect(await codeOf(ben.record.accept(await signed(anna, change)))).toBe('none')
  })

  it('[REC-8] has what is decided before it, though that be committed together with it only', async () => {
    await anna.decide({ type: 'voters', voters: [anna.voter, ben.voter], witness: null })
    await anna.record.append(rules(70))
    const early = anna.record.nextSnapshot()
    expect(anna.record.state.rules.speedLimit).toBe(80)
    anna.record.commit(anna.record.length)
    expect(anna.record.nextSnapshot()).toEqual(early)
    if (early !== undefined) await anna.record.append(early)
    await ben.follow(anna)
    expect(ben.record.snapshot?.entry.number).toBeUndefined()
    ben.record.commit(ben.record.length)
    expect(ben.record.snapshot?.entry.number).toBe(ben.record.length - 1)
  })

  it('[REC-13] makes what is before the one before it superfluous, and keeps what shows who decides', async () => {
    const { length } = anna.record
    await anna.snapshot()
    expect(anna.record.first).toBe(0)
    for (let round = 0; round < 5; round++) {
      for (let count = 0; count < 20; count++) await anna.decide(rules(20 + count))
      await anna.snapshot()
    }
    expect(anna.record.entries).toHaveLength(22)
    expect(anna.record.first).toBe(length + 4 * 21)
    expect(anna.record.bytes).toBeLessThan(10_000)
    expect(anna.record.entry(0)?.change.type).toBe('founded')
    expect(anna.record.entry(3)).toBeUndefined()
    expect(anna.record.voters.voters).toEqual([anna.voter])
    expect(await codeOf(ben.record.accept(anna.record.entries[0] as Uint8Array))).toBe('record-gap')
  })
})

describe('who is handed a snapshot', () => {
  let bundle: Uint8Array

  /** Anna founds, Ben follows in epoch 3, Cem in epoch 5 decides. All three vote. */
  beforeEach(async () => {
    await anna.decide(ben.joined('Ben', 1), cem.joined('Cem', 2), rules(90))
    await anna.decide({ type: 'voters', voters: [anna.voter, ben.voter], witness: null })
    await anna.decide({ type: 'voters', voters: [anna.voter, ben.voter, cem.voter], witness: null })
    await ben.follow(anna)
    await ben.elect(3, [ben, cem])
    await ben.decide(rules(70), { type: 'left', signKey: anna.signKey, reason: 'lost', detail: '' })
    await ben.decide({ type: 'voters', voters: [ben.voter, cem.voter], witness: null })
    await cem.follow(ben)
    await cem.elect(5, [ben, cem])
    await cem.decide(rules(60))
    await cem.snapshot()
    bundle = bundleOf(cem)
  })

  it('[REC-11] knows what all know, goes on with what follows, and is believed by newcomers in turn', async () => {
    await cem.decide(rules(50))
    const dora = new RecordPeer(4, anna)
    await dora.record.install(bundle, cem.signKey)
    await dora.follow(cem)
    expect(dora.record.state.rules.speedLimit).toBe(50)
    expect(dora.record.state.members.map(({ name }) => name)).toEqual(['Ben', 'Cem'])
    expect(dora.record.state.departure(anna.signKey)?.reason).toBe('lost')
    expect([0, 3, 5].map((epoch) => dora.record.hostOf(epoch))).toEqual(
      [anna, ben, cem].map(({ signKey }) => signKey),
    )
    expect(dora.record.voters).toEqual(cem.record.voters)
    expect(dora.record.epochSince).toBe(cem.record.epochSince)
    expect(dora.record.votesOf(5)).toHaveLength(2)
    // Dora votes from now on, is elected, and hands on what she was handed.
    await cem.decide(dora.joined('Dora', 3), {
      type: 'voters',
      voters: [ben.voter, cem.voter, dora.voter],
      witness: null,
    })
    await dora.follow(cem)
    await dora.elect(6, [ben, dora])
    await dora.decide(rules(40))
    const emil = new RecordPeer(5, anna)
    await emil.record.install(bundleOf(dora), dora.signKey)
    await emil.follow(dora)
    expect(stateOf(emil.record)).toEqual(stateOf(dora.record))
    const proof = succession(emil.record.authorityEntries)
    const founding = { sessionId: emil.record.sessionId, founderKey: anna.signKey, founderNonce }
    const { host: proven } = await verifySuccession(founding, proof, emil.environment)
    expect(proven).toMatchObject({ epoch: 6, signKey: dora.signKey })
  })

  it('[TKT-2] takes the tickets of hosts that were before the snapshot', async () => {
    const dora = new RecordPeer(4, anna)
    await dora.record.install(bundle, cem.signKey)
    const member = dora.record.state.member(cem.signKey)
    if (member === undefined) throw new Error('Cem is a member.')
    const ticket = await issueTicket(ben.environment, { sessionId: dora.record.sessionId, epoch: 3 }, member)
    await checkTicket(dora.environment, dora.record, cem.signKey, ticket)
    const forged = await issueTicket(anna.environment, { sessionId: dora.record.sessionId, epoch: 3 }, member)
    expect(await codeOf(checkTicket(dora.environment, dora.record, cem.signKey, forged))).toBe(
      'message-unauthentic',
    )
  })

  it('[REC-12] refuses it wherever a byte was changed, and is as before', async () => {
    for (let index = 3; index < bundle.length; index += 41) {
      const changed = bundle.slice()
      changed[index] = (changed[index] ?? 0) ^ 0x20
      const dora = new RecordPeer(4, anna)
      expect(await codeOf(dora.record.install(changed, cem.signKey)), `byte ${index}`).toMatch(/^message-/)
      expect(dora.record.length).toBe(0)
    }
  })

  it('[REC-12] refuses one that is cut short, too long, or no snapshot at all', async () => {
    const random = seededRandom(3)
    const dora = new RecordPeer(4, anna)
    for (let length = 0; length < bundle.length; length += 97)
      expect(await codeOf(dora.record.install(bundle.slice(0, length), cem.signKey))).toBe(
        'message-malformed',
      )
    for (let length = 0; length < 300; length += 7)
      expect(await codeOf(dora.record.install(random.bytes(length), cem.signKey))).toBe('message-malformed')
    expect(await codeOf(dora.record.install(new Uint8Array(3_000_001), cem.signKey))).toBe(
      'message-too-large',
    )
    expect(dora.record.length).toBe(0)
  })

  it('[REC-12] refuses one of which a part is missing, doubled, or taken from elsewhere', async () => {
    const fields = decode(bundle) as { line: Uint8Array[]; state: Uint8Array; snapshot: Uint8Array }
    const other = await new RecordPeer(1).found()
    await other.decide(rules(30))
    await other.snapshot()
    const foreign = decode(bundleOf(other)) as typeof fields & { founding: Uint8Array }
    const forgeries: [object, string][] = [
      [{ line: fields.line.slice(1) }, 'message-unauthentic'],
      [{ line: fields.line.slice(0, -1) }, 'message-unauthentic'],
      [{ line: [...fields.line, ...fields.line] }, 'message-malformed'],
      [{ line: [...fields.line].reverse() }, 'message-unauthentic'],
      [{ line: [] }, 'message-unauthentic'],
      [{ state: foreign.state }, 'message-malformed'],
      [{ epochState: null }, 'message-malformed'],
      [{ epochState: fields.state }, 'message-malformed'],
      [{ snapshot: fields.line[0] }, 'message-malformed'],
      [{ founding: fields.line[0] }, 'message-malformed'],
    ]
    for (const [change, code] of forgeries) {
      const dora = new RecordPeer(4, anna)
      expect(await codeOf(dora.record.install(altered(bundle, change), cem.signKey))).toBe(code)
      expect(dora.record.length).toBe(0)
    }
    const stranger = new RecordPeer(77)
    expect(await codeOf(stranger.record.install(bundle, cem.signKey))).toBe('message-misaddressed')
  })

  it('[REC-12] refuses one from another than its host, and one whose host was never elected', async () => {
    const dora = new RecordPeer(4, anna)
    expect(await codeOf(dora.record.install(bundle, ben.signKey))).toBe('message-unauthentic')
    // Ben signs on in the epoch that is over, as if Cem had never been elected, and says that he still decides.
    for (let count = 0; count < 9; count++) await ben.decide(rules(20 + count))
    await ben.snapshot()
    const own = await new RecordPeer(5, anna).follow(cem)
    expect(await codeOf(own.record.install(bundleOf(ben), ben.signKey))).toMatch(
      /^(record-forked|message-unauthentic)$/,
    )
    expect(own.record.committed).toBe(cem.record.committed)
  })

  it('[REC-12] goes by its own record where it has one, whatever a former host signs later', async () => {
    // Ben names voters of his own, far ahead, and they elect a friend of his.
    const friend = new RecordPeer(66, anna)
    const forger = await new RecordPeer(2, anna).follow(ben)
    for (let count = 0; count < 9; count++) await forger.decide(rules(20 + count))
    await forger.decide(friend.joined('Friend', 5))
    await forger.decide({ type: 'voters', voters: [forger.voter], witness: null })
    await forger.decide({ type: 'voters', voters: [forger.voter, friend.voter], witness: null })
    await friend.follow(forger)
    await friend.elect(9, [forger, friend])
    await friend.decide(rules(11))
    await friend.snapshot()
    const known = await new RecordPeer(5, anna).follow(cem)
    expect(await codeOf(known.record.install(bundleOf(friend), friend.signKey))).toBe('message-unauthentic')
    expect(known.record.hostKey).toEqual(cem.signKey)
  })

  it('[REC-12] that fell behind takes it from where it was, and is told of what changed', async () => {
    const behind = new RecordPeer(5, anna)
    for (const bytes of anna.record.entries) await behind.record.accept(bytes)
    behind.record.commit(4)
    await behind.record.install(bundle, cem.signKey)
    expect(behind.record.committed).toBe(cem.record.committed)
    const news = behind.record.takeNews()
    expect(news.map(({ change }) => change.type)).toEqual(['left', 'rules'])
    expect(behind.record.takeNews()).toEqual([])
    await cem.decide(rules(33))
    await behind.follow(cem)
    expect(stateOf(behind.record)).toEqual(stateOf(cem.record))
  })

  it('[REC-12] that is ahead of it leaves it alone', async () => {
    await cem.decide(rules(33))
    const ahead = await new RecordPeer(5, anna).follow(ben)
    for (const bytes of cem.record.entries) if (!ahead.record.has(bytes)) await ahead.record.accept(bytes)
    ahead.record.commit(cem.record.committed)
    await ahead.record.install(bundle, cem.signKey)
    expect(ahead.record.first).toBe(0)
    expect(ahead.record.takeNews()).toEqual([])
  })

  it('[AUT-14] goes back to the beginning of the epoch when that turns out to be void', async () => {
    const dora = new RecordPeer(4, anna)
    await dora.record.install(bundle, cem.signKey)
    const since = dora.record.epochSince
    for (const { record } of [dora, cem]) {
      record.voidFrom(since, record.epoch)
      expect(record.length).toBe(since)
      expect(record.committed).toBe(since)
      expect(record.state.rules.speedLimit).toBe(70)
      expect(record.epoch).toBe(3)
      expect(record.snapshot?.entry.number).toBeUndefined()
    }
    expect(dora.record.digestAt(since)).toEqual(cem.record.digestAt(since))
    await ben.elect(7, [ben, cem])
    await ben.decide(rules(15))
    for (const peer of [dora, cem]) {
      await peer.follow(ben)
      expect(peer.record.state.rules.speedLimit).toBe(15)
      expect(stateOf(peer.record)).toEqual(stateOf(ben.record))
    }
  })
})

describe('a host without a snapshot to hand on', () => {
  it('[ADM-11] asks newcomers to wait, where there is too much else, or not all, to hand them', async () => {
    await anna.snapshot()
    const { snapshot } = anna.record
    const tailBytes = 2_000_000
    expect(lateRefusal({ first: 0, snapshot: undefined, tailBytes }, 1, undefined, 0)).toBeUndefined()
    expect(lateRefusal({ first: 9, snapshot, tailBytes }, 1, undefined, 0)).toBeUndefined()
    const wait = { type: 'refused', code: 'rate-limited', waitMs: 10_000 }
    expect(lateRefusal({ first: 9, snapshot, tailBytes: tailBytes + 1 }, 1, undefined, 0)).toMatchObject(wait)
    expect(lateRefusal({ first: 9, snapshot: undefined, tailBytes: 0 }, 1, undefined, 0)).toMatchObject(wait)
  })
})

describe('the parts of a snapshot', () => {
  it('[REC-11] come together again, and in no other order or number', () => {
    const bundle = seededRandom(1).bytes(120_001)
    const messages = [...snapshotMessages(bundle)]
    expect(messages).toHaveLength(3)
    const parts = new SnapshotParts()
    const [first, second, third] = messages as [
      (typeof messages)[0],
      (typeof messages)[0],
      (typeof messages)[0],
    ]
    expect([parts.take(first), parts.take(second)]).toEqual([undefined, undefined])
    expect(parts.take(third)).toEqual(bundle)
    const refused: unknown = expect.objectContaining({ code: 'message-malformed' })
    expect(() => parts.take(third)).toThrow(refused)
    parts.take(first)
    expect(() => parts.take(third)).toThrow(refused)
    expect(() => parts.take(second)).toThrow(refused)
    parts.take(first)
    expect(() => parts.take({ ...second, size: 5 })).toThrow(refused)
    expect(() => parts.take({ ...first, size: 10 })).toThrow(refused)
    expect(digestOfState(bundle)).toHaveLength(32)
  })
})
