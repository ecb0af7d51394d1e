import { beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import {
  createIdentity,
  entryDigest,
  followSuccession,
  foundingAuthority,
  makeCertificate,
  signAttestation,
  signEnvelope,
  succession,
  totalBytes,
  verifySuccession,
  type AuthorityAt,
  type Identity,
} from '../../lib/identity/index.ts'
import { ScriptedRecord, type SigningIdentity } from '../support/scriptedRecord.ts'
import { alice, bob, codeOf, mallory, stoppedClock, tampered } from './support.ts'

const clock = stoppedClock()
const context = { clock, random: seededRandom(6) }
const carol = createIdentity({ seed: new Uint8Array(32).fill(0xca) })
const dave = createIdentity({ seed: new Uint8Array(32).fill(0xda) })
const witness = createIdentity({ seed: new Uint8Array(32).fill(0x3e) })

let record: ScriptedRecord

/** Anna's session, in which Bob was elected by three and made Dave a voter. */
beforeEach(async () => {
  record = new ScriptedRecord(alice, context)
  await record.other()
  await record.voters(alice, [alice, bob, carol])
  await record.elected(bob, [bob, carol])
  await record.voters(bob, [bob, carol, dave])
})

/** Who decides and who votes as the last entry of the record has it. */
const here = (host: SigningIdentity, voters: readonly SigningIdentity[]): AuthorityAt => ({
  host: { signKey: host.signKey, epoch: record.epoch },
  electorate: { voters: voters.map(({ signKey }) => ({ signKey })), witness: null },
  last: { number: record.length - 1, digest: entryDigest(record.entries.at(-1)!.bytes) },
})

const attest = (by: Identity, at: AuthorityAt): Promise<Uint8Array> =>
  signAttestation({ identity: by, ...context }, record.sessionId, at)

const certificate = async (at: AuthorityAt, by: readonly Identity[]): Promise<Uint8Array> =>
  makeCertificate(at, await Promise.all(by.map((each) => attest(each, at))))

const proven = async (proof: readonly Uint8Array[]) =>
  (await verifySuccession(record.founding, proof, { clock })).host
const refusal = (proof: readonly Uint8Array[]): Promise<string> => codeOf(() => proven(proof))

describe('[SUC-11] a certificate of who decides', () => {
  it('of the founder alone stands for everything since the founding', async () => {
    const at = here(bob, [bob, carol, dave])
    const proof = [await certificate(at, [alice])]
    expect(await proven(proof)).toEqual({ signKey: bob.signKey, epoch: 1 })
    expect(await followSuccession(record.founding, proof, { clock })).toEqual([at])
  })

  it('is followed by the entries of who was elected since', async () => {
    const proof = [await certificate(here(bob, [bob, carol, dave]), [alice])]
    await record.elected(carol, [carol, dave])
    proof.push(record.entries.at(-1)!.bytes)
    expect(await proven(proof)).toEqual({ signKey: carol.signKey, epoch: 2 })
  })

  it('takes more than half of an electorate that entries, or another certificate, lead to', async () => {
    const [voters] = succession(record.entries) as [Uint8Array]
    const early = await certificate(here(bob, [bob, carol, dave]), [bob, carol])
    expect(await proven([voters, early])).toMatchObject({ epoch: 1 })
    await record.elected(carol, [carol, dave])
    await record.voters(carol, [carol, dave, mallory])
    const late = here(carol, [carol, dave, mallory])
    expect(await proven([voters, early, await certificate(late, [dave, carol])])).toMatchObject({ epoch: 2 })
    expect(await refusal([voters, early, await certificate(late, [dave])])).toBe('message-unauthentic')
    expect(await refusal([voters, await certificate(late, [carol])])).toBe('message-unauthentic')
  })

  it('counts a witness among those of whom more than half are needed, and never its word', async () => {
    await record.voters(bob, [bob, carol], witness)
    const pair = {
      ...here(bob, [bob, carol]),
      electorate: { voters: [bob, carol], witness: witness.signKey },
    }
    const toPair = await certificate(pair, [alice])
    await record.elected(carol, [carol, witness])
    const after = here(carol, [carol])
    expect(await refusal([toPair, await certificate(after, [carol])])).toBe('message-unauthentic')
    expect(await refusal([toPair, await certificate(after, [carol, witness])])).toBe('message-unauthentic')
    expect(await proven([toPair, await certificate(after, [carol, bob])])).toMatchObject({ epoch: 2 })
  })

  it('[SUC-8] takes 1,300 bytes with nine voters, however often the host changed', async () => {
    const nine = Array.from({ length: 9 }, (_, index) =>
      createIdentity({ seed: new Uint8Array(32).fill(index + 1) }),
    )
    const [voters] = succession(record.entries) as [Uint8Array]
    await record.voters(bob, nine)
    const toNine = await certificate(here(bob, nine), [bob, carol])
    record.epoch = 1_000
    const proof = [await certificate(here(nine[8]!, nine), nine.slice(0, 5))]
    expect(totalBytes(proof)).toBeLessThan(1_300)
    record.epoch = 1
    expect(totalBytes([voters, toNine])).toBeLessThan(1_400)
  })
})

describe('[SUC-11] a forged certificate is refused', () => {
  let entry: Uint8Array
  beforeEach(() => {
    ;[entry] = succession(record.entries) as [Uint8Array]
  })

  it.each([
    ['where a stranger attests', [mallory]],
    ['where a stranger is among those who attest', [bob, carol, mallory]],
    ['where too few attest', [bob]],
    ['where one attests twice', [bob, bob]],
  ])('%s', async (_, by) => {
    expect(await refusal([entry, await certificate(here(bob, [bob]), by)])).toBe('message-unauthentic')
  })

  it('where they attested another host, other voters, another place, or another session', async () => {
    const at = here(bob, [bob, carol, dave])
    const others = [
      { ...at, host: { ...at.host, signKey: mallory.signKey } },
      { ...at, host: { ...at.host, epoch: 7 } },
      { ...at, electorate: { ...at.electorate, voters: [mallory] } },
      { ...at, electorate: { ...at.electorate, witness: mallory.signKey } },
      { ...at, last: { ...at.last, number: 9 } },
      { ...at, last: { ...at.last, digest: new Uint8Array(32) } },
    ]
    const words = [await attest(bob, at), await attest(carol, at)]
    expect(await refusal([entry, makeCertificate(at, words)])).toBe('none')
    for (const other of others)
      expect(await refusal([entry, makeCertificate(other, words)])).toBe('message-unauthentic')
    const elsewhere = await Promise.all(
      [bob, carol].map((identity) => signAttestation({ identity, ...context }, new Uint8Array(16), at)),
    )
    expect(await refusal([entry, makeCertificate(at, elsewhere)])).toBe('message-unauthentic')
  })

  it('where it does not go on from what is before it', async () => {
    const at = here(bob, [bob, carol, dave])
    const proof = [entry, await certificate(at, [bob, carol])]
    expect(await refusal([...proof, proof[1]!])).toBe('message-malformed')
    const older = { ...at, host: { ...at.host, epoch: 0 }, last: { ...at.last, number: 9 } }
    expect(await refusal([...proof, await certificate(older, [bob, carol, dave])])).toBe('message-malformed')
    const usurped = { ...at, host: { ...at.host, signKey: dave.signKey }, last: { ...at.last, number: 9 } }
    expect(await refusal([...proof, await certificate(usurped, [bob, carol, dave])])).toBe(
      'message-malformed',
    )
  })

  it('where a signature for something else passes for an attestation', async () => {
    const at = here(bob, [bob, carol, dave])
    const genuine = await attest(carol, at)
    const body = genuine.subarray(-96, -64)
    const posing = await signEnvelope(bob, { purpose: 'message', body, lifetimeMs: 60_000 }, context)
    expect(await refusal([entry, makeCertificate(at, [genuine, posing])])).toBe('message-misaddressed')
  })

  it('where a byte of it is changed, and never takes anything down', async () => {
    const genuine = await certificate(here(bob, [bob, carol, dave]), [bob, carol])
    for (const changed of tampered(genuine).filter((_, index) => index % 11 === 0))
      expect(await refusal([entry, changed])).not.toBe('none')
    for (let length = 0; length < genuine.length; length += 37)
      expect(await refusal([entry, genuine.subarray(0, length)])).not.toBe('none')
  })

  it('of who decides by the founding, which nobody has to attest', () => {
    expect(() => makeCertificate(foundingAuthority(alice.signKey), [])).toThrow('founding')
  })
})
