import { beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import {
  createIdentity,
  openAnnouncement,
  fingerprintBytes,
  signAnnouncement,
  announcementBytes,
  succession,
  successionBytes,
  verifySuccession,
  type AnnouncementBody,
  type Identity,
} from '../../lib/identity/index.ts'
import { ScriptedRecord } from '../support/scriptedRecord.ts'
import { alice, bob, codeOf, mallory, stoppedClock, tampered } from './support.ts'

const clock = stoppedClock()
const carol = createIdentity({ seed: new Uint8Array(32).fill(0xca) })
const dave = createIdentity({ seed: new Uint8Array(32).fill(0xda) })
const witness = createIdentity({ seed: new Uint8Array(32).fill(0x3e) })

let record: ScriptedRecord
const context = { clock, random: seededRandom(5) }
beforeEach(async () => {
  record = new ScriptedRecord(alice, context)
  await record.other()
})

/** The host that the whole record proves, as far as a proof of it goes. */
const proven = async (proof = succession(record.entries)) =>
  (await verifySuccession(record.founding, proof, { clock })).host
const refusal = (proof?: readonly Uint8Array[]): Promise<string> =>
  codeOf(() => proven([...(proof ?? succession(record.entries))]))

describe('[SUC-6] a succession proof', () => {
  it('is empty for the founder, who is host in epoch 0', async () => {
    await record.voters(alice, [alice, bob, carol])
    expect(succession(record.entries)).toEqual([])
    expect(await proven()).toEqual({ signKey: alice.signKey, epoch: 0 })
  })

  it('leads from the founder to a host that more than half of the voters elected', async () => {
    await record.voters(alice, [alice, bob])
    await record.other()
    await record.voters(alice, [alice, bob, carol])
    await record.other()
    await record.elected(bob, [bob, carol])
    await record.other(bob)
    const proof = succession(record.entries)
    // Two of seven entries: the last voters, and what they elected.
    expect(proof).toEqual([record.entries[3]!.bytes, record.entries[5]!.bytes])
    expect(await proven(proof)).toEqual({ signKey: bob.signKey, epoch: 1 })
  })

  it('leads on through several hosts, and leaves out those between two elections by the same voters', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol])
    await record.elected(carol, [alice, carol], { epoch: 3 })
    await record.voters(carol, [alice, carol])
    await record.voters(carol, [alice, carol, dave])
    await record.elected(alice, [dave, alice])
    const proof = succession(record.entries)
    expect(proof).toEqual([1, 3, 5, 6].map((number) => record.entries[number]!.bytes))
    expect(await proven(proof)).toEqual({ signKey: alice.signKey, epoch: 4 })
  })

  it('[SUC-3] has the founder vote alone where no other voters were named', async () => {
    await record.elected(bob, [alice])
    expect(await proven()).toEqual({ signKey: bob.signKey, epoch: 1 })
  })

  it('[SUC-3] counts the witness as one vote of three', async () => {
    await record.voters(alice, [alice, bob], witness)
    await record.elected(bob, [bob, witness])
    expect(await proven()).toEqual({ signKey: bob.signKey, epoch: 1 })
  })

  it('[SUC-5] does not count a voter that voted twice in an epoch', async () => {
    await record.voters(alice, [alice, bob, carol, dave])
    const first = await record.sign(alice, record.vote(alice))
    const second = await record.sign(alice, record.vote(mallory))
    const expelled = [{ first, second }]
    await record.elected(bob, [bob, carol], { expelled })
    expect(await proven()).toEqual({ signKey: bob.signKey, epoch: 1 })

    const proofless = new ScriptedRecord(alice, context)
    await proofless.other()
    await proofless.voters(alice, [alice, bob, carol, dave])
    await proofless.elected(bob, [bob, carol], { expelled: [{ first, second: first }] })
    expect(await refusal(succession(proofless.entries))).toBe('message-unauthentic')
  })

  it('holds five changes of host among nine voters, ten among three, and says so when there are more', async () => {
    const nine = Array.from({ length: 9 }, (_, index) =>
      createIdentity({ seed: new Uint8Array(32).fill(index + 1) }),
    )
    const changes = async (voters: readonly Identity[], witnessed: Identity | null): Promise<number> => {
      record = new ScriptedRecord(alice, context)
      await record.other()
      await record.voters(alice, voters, witnessed)
      for (let count = 0; ; count++) {
        await record.elected(voters[0]!, voters.slice(0, Math.floor(voters.length / 2) + 1))
        if ((await codeOf(() => succession(record.entries))) === 'message-too-large') return count
        expect((await proven()).epoch).toBe(count + 1)
        await record.voters(voters[0]!, voters, witnessed)
      }
    }
    expect(await changes(nine, null)).toBeGreaterThanOrEqual(5)
    expect(await changes(nine.slice(0, 3), null)).toBeGreaterThanOrEqual(10)
  })
})

describe('[SUC-7] a forged succession proof is refused', () => {
  it('as the proof of another session', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol])
    const proof = succession(record.entries)
    const other = { ...record.founding, founderKey: bob.signKey }
    expect(await codeOf(() => verifySuccession(other, proof, { clock }))).toBe('message-unauthentic')
    const elsewhere = new ScriptedRecord(bob, context)
    expect(await codeOf(() => verifySuccession(elsewhere.founding, proof, { clock }))).toBe(
      'message-misaddressed',
    )
  })

  it('where a stranger elects itself', async () => {
    await record.elected(mallory, [mallory])
    expect(await refusal()).toBe('message-unauthentic')
  })

  it('where a stranger names the voters', async () => {
    await record.voters(mallory, [mallory])
    await record.elected(mallory, [mallory])
    expect(await refusal()).toBe('message-unauthentic')
  })

  it('where a former host names voters in an epoch that is not its own', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol])
    await record.voters(alice, [alice])
    await record.elected(alice, [alice])
    expect(await refusal()).toBe('message-unauthentic')
  })

  it('where half of the voters voted, or one voted twice', async () => {
    await record.voters(alice, [alice, bob, carol, dave])
    await record.elected(bob, [bob, carol])
    expect(await refusal()).toBe('message-unauthentic')
    record.entries.length = 2
    record.epoch = 0
    await record.elected(bob, [bob, carol, carol, bob])
    expect(await refusal()).toBe('message-unauthentic')
  })

  it.each([
    ['another epoch', { epoch: 7 }],
    ['another place', { number: 9 }],
    ['another record', { previous: new Uint8Array(32).fill(1) }],
    ['another candidate', { candidate: carol.signKey }],
    ['another session', { sessionId: new Uint8Array(16) }],
  ])('where the votes are for %s', async (_, vote) => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol], { vote })
    expect(await refusal()).toBe('message-unauthentic')
  })

  it('where votes of somebody who does not vote are among them', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol, mallory])
    expect(await refusal()).toBe('message-unauthentic')
  })

  it('where another than the elected one begins the epoch', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol], { signer: mallory })
    expect(await refusal()).toBe('message-unauthentic')
  })

  it('where it leaves out the voters entry that counted', async () => {
    await record.voters(alice, [alice, bob, carol])
    const [first] = record.entries.slice(-1)
    await record.voters(alice, [alice, bob, carol, dave])
    await record.voters(alice, [bob, carol, dave])
    await record.elected(bob, [bob, dave])
    const elected = record.entries.at(-1)!.bytes
    expect(await refusal([first!.bytes, elected])).toBe('message-unauthentic')
    expect(await refusal([elected])).toBe('message-unauthentic')
  })

  it('where it leaves out an epoch, or has entries in another order', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol])
    await record.voters(bob, [alice, bob, carol, dave])
    await record.elected(carol, [bob, carol, dave])
    const [voters, first, moreVoters, second] = succession(record.entries) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    expect(await refusal([voters, moreVoters, second])).toBe('message-unauthentic')
    expect(await refusal([voters, first, voters, second])).toBe('message-malformed')
    expect(await refusal([first, voters])).toBe('message-unauthentic')
  })

  it('where entries next to each other are not those of one record', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol])
    const genuine = succession(record.entries)
    record.entries.length = 1
    record.epoch = 0
    // The founder writes another entry with the same number, and the same voters in it.
    await record.voters(alice, [alice, carol, bob])
    expect(
      await refusal([
        succession([...record.entries, { change: { type: 'elected' }, bytes: genuine[1]! }])[0]!,
        genuine[1]!,
      ]),
    ).toBe('message-malformed')
  })

  it('where an epoch does not exceed the one before', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol], { epoch: 2 })
    await record.elected(carol, [bob, carol], { epoch: 2 })
    expect(await refusal(record.entries.slice(1).map(({ bytes }) => bytes))).toBe('message-malformed')
  })

  it('where its entries are none of these, or no entries', async () => {
    await record.add(alice, { type: 'gameTime' })
    expect(await refusal([record.entries.at(-1)!.bytes])).toBe('message-malformed')
    expect(await refusal([new Uint8Array(200)])).not.toBe('none')
    await record.add(alice, { type: 'voters', voters: [], witness: null }, { purpose: 'message' })
    expect(await refusal([record.entries.at(-1)!.bytes])).toBe('message-misaddressed')
  })

  it('where it is larger than any, before anything of it is verified', async () => {
    let verified = 0
    const verify = (): boolean => (verified++, true)
    for (const proof of [
      [new Uint8Array(successionBytes + 1)],
      Array.from({ length: 50 }, () => new Uint8Array(1)),
    ])
      expect(await codeOf(() => verifySuccession(record.founding, proof, { clock, verify }))).toBe(
        'message-too-large',
      )
    expect(verified).toBe(0)
  })

  it('where a bit of it is flipped', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol])
    const [voters, elected] = succession(record.entries) as [Uint8Array, Uint8Array]
    for (const changed of tampered(elected).filter((_, index) => index % 7 === 0))
      expect(await refusal([voters, changed])).not.toBe('none')
    for (const changed of tampered(voters).filter((_, index) => index % 7 === 0))
      expect(await refusal([changed, elected])).not.toBe('none')
  })
})

describe('[IDN-16] the announcement of a later host', () => {
  const bodyOf = (host: Identity, changes: Partial<AnnouncementBody> = {}): AnnouncementBody => ({
    ...record.founding,
    boxKey: host.boxKey,
    succession: { epoch: record.epoch, founderBoxKey: alice.boxKey },
    listing: null,
    ...changes,
  })
  const sign = (host: Identity, changes?: Partial<AnnouncementBody>): Promise<Uint8Array> =>
    signAnnouncement(host, bodyOf(host, changes), { ...context, lifetimeMs: 60_000 })
  const invited = { clock, hostFingerprint: fingerprintBytes(alice) }

  beforeEach(async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol])
  })

  it('opens by the invite of the founder, and names host, founder and epoch', async () => {
    const envelope = await sign(bob)
    expect(envelope.length).toBeLessThan(announcementBytes)
    const proof = succession(record.entries)
    const opened = await openAnnouncement(envelope, { ...invited, sessionId: record.sessionId, proof })
    expect(opened).toMatchObject({
      host: { signKey: bob.signKey, boxKey: bob.boxKey },
      founder: { signKey: alice.signKey, boxKey: alice.boxKey },
      epoch: 1,
    })
  })

  it('is that of the founder again, where it was elected later', async () => {
    await record.elected(alice, [alice, carol])
    const opened = await openAnnouncement(await sign(alice), {
      ...invited,
      proof: succession(record.entries),
    })
    expect(opened).toMatchObject({ host: { signKey: alice.signKey }, epoch: 2 })
  })

  it('is worth nothing without its proof, with that of another, or for another epoch', async () => {
    const proof = succession(record.entries)
    const codes = [
      await codeOf(async () => openAnnouncement(await sign(bob), invited)),
      await codeOf(async () => openAnnouncement(await sign(mallory), { ...invited, proof })),
      await codeOf(async () => openAnnouncement(await sign(carol), { ...invited, proof })),
      await codeOf(async () =>
        openAnnouncement(await sign(bob, { succession: { epoch: 2, founderBoxKey: alice.boxKey } }), {
          ...invited,
          proof,
        }),
      ),
    ]
    expect(codes).toEqual(codes.map(() => 'message-unauthentic'))
  })

  it('is refused where the founder is another than the invite says', async () => {
    const envelope = await sign(bob, { succession: { epoch: 1, founderBoxKey: mallory.boxKey } })
    const proof = succession(record.entries)
    expect(await codeOf(() => openAnnouncement(envelope, { ...invited, proof }))).toBe('host-mismatch')
  })

  it('can not be left out by a founder that has a proof to show', async () => {
    const { succession: _, ...body } = bodyOf(alice)
    const envelope = await signAnnouncement(alice, body, { ...context, lifetimeMs: 60_000 })
    expect(
      await codeOf(() => openAnnouncement(envelope, { ...invited, proof: succession(record.entries) })),
    ).toBe('message-malformed')
  })
})

describe('[SUC-12] a meeting point', () => {
  const announce = (by: Identity, changes: Partial<AnnouncementBody> = {}): Promise<Uint8Array> =>
    signAnnouncement(
      by,
      {
        ...record.founding,
        boxKey: by.boxKey,
        succession: { epoch: record.epoch, founderBoxKey: alice.boxKey, meeting: true },
        listing: null,
        ...changes,
      },
      { ...context, lifetimeMs: 60_000 },
    )
  const open = (envelope: Uint8Array, proof = record.entries.slice(1).map(({ bytes }) => bytes)) =>
    openAnnouncement(envelope, { clock, hostFingerprint: fingerprintBytes(alice), proof })

  it('is announced by one who votes where the proof leads, also while the founder was the only host', async () => {
    await record.voters(alice, [alice, bob, carol])
    expect(await open(await announce(carol))).toMatchObject({
      isMeeting: true,
      epoch: 0,
      host: { signKey: carol.signKey },
    })
    await record.elected(bob, [bob, carol])
    await record.voters(bob, [bob, carol, dave])
    expect(await open(await announce(dave))).toMatchObject({ isMeeting: true, epoch: 1 })
    expect(await open(await announce(bob))).toMatchObject({ isMeeting: true, epoch: 1 })
  })

  it('is nobody who does not vote there, or who has no proof, or that of another epoch', async () => {
    await record.voters(alice, [alice, bob, carol])
    await record.elected(bob, [bob, carol])
    const codes = [
      await codeOf(async () => open(await announce(mallory))),
      await codeOf(async () => open(await announce(dave))),
      await codeOf(async () => open(await announce(carol), [])),
      await codeOf(async () =>
        open(await announce(carol, { succession: { epoch: 2, founderBoxKey: alice.boxKey, meeting: true } })),
      ),
    ]
    expect(codes).toEqual(codes.map(() => 'message-unauthentic'))
  })

  it('is on no list, and takes nothing from the host, which needs no such mark', async () => {
    await record.voters(alice, [alice, bob, carol])
    const listing = {
      lobbyName: 'Mine now',
      description: '',
      game: null,
      players: 1,
      maxPlayers: 8,
      passwordRequired: false,
      vehicleClasses: [],
    }
    expect(await codeOf(async () => open(await announce(carol, { listing })))).toBe('message-malformed')
    const succession = { epoch: 0, founderBoxKey: alice.boxKey }
    expect(await codeOf(async () => open(await announce(alice, { succession })))).toBe('message-malformed')
  })
})
