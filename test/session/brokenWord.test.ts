import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PeerConvoy } from '../../lib/convoy/peerConvoy.ts'
import type { Vote } from '../../lib/identity/index.ts'
import { signEntry } from '../../lib/session/heldEntry.ts'
import type { Change } from '../../lib/session/recordEntries.ts'
import { signVote } from '../../lib/session/authority/vote.ts'
import { isFullyConnected, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld

beforeEach(() => {
  world = new SimulatedWorld()
})

afterEach(async () => {
  await world.close()
  await world.clock.run(5_000)
  expect(world.clock.pendingTimers).toBe(0)
})

/** Five members, all of whom vote; the first is host. */
async function five(): Promise<[PeerConvoy, ...PeerConvoy[]]> {
  const anna = await world.host('Anna')
  const all = [anna]
  for (const name of ['Ben', 'Cem', 'Dora', 'Emil']) all.push(await world.join(name, anna.invite))
  await world.clock.runUntil(() => all.every((convoy) => isFullyConnected(convoy, all.length)))
  await world.clock.runUntil(() => all.every((convoy) => convoy.authority.voters.length === 5))
  return all.map((convoy) => {
    if (!(convoy instanceof PeerConvoy)) throw new Error('Convoys are peer convoys.')
    return convoy
  }) as [PeerConvoy, ...PeerConvoy[]]
}

/** An entry that `author` signs with any number, whatever it holds there. */
async function signed({ session }: PeerConvoy, number: number, change: Change): Promise<Uint8Array> {
  const { record, environment } = session
  const { sessionId, epoch } = record
  const previous = record.digestAt(number) ?? new Uint8Array(32)
  return (await signEntry(environment, { sessionId, epoch, number, previous, change })).bytes
}

/** Hands entries of `from` to one member only. */
function hand(from: PeerConvoy, to: PeerConvoy, entries: Uint8Array[], committed = 0): void {
  const { epoch } = from.session.record
  from.session.peer(to.self.id)?.control?.send({ type: 'entries', epoch, entries, committed })
}

function expectBannedBy(honest: readonly PeerConvoy[], name: string): void {
  const [host] = new Set(honest.map((convoy) => convoy.host.name))
  expect(honest.map((convoy) => convoy.host.name)).toEqual(honest.map(() => host))
  expect(host).not.toBe(name)
  for (const convoy of honest) {
    expect(convoy.members.map((member) => member.name)).not.toContain(name)
    expect(convoy.session.record.state.moderation.bans).toHaveLength(1)
  }
}

describe('a host that breaks its word', () => {
  it('[AUT-16] by two entries with one number is followed by nobody, and what it told them apart is void', async () => {
    const [anna, ...honest] = await five()
    const [ben, cem] = honest as [PeerConvoy, PeerConvoy]
    const number = anna.session.record.length
    const truth = await signed(anna, number, { type: 'rules', changes: { speedLimit: 70 } })
    const other = await signed(anna, number, { type: 'rules', changes: { speedLimit: 50 } })
    hand(anna, ben, [truth], number + 1)
    hand(anna, cem, [other], number + 1)
    await world.clock.run(200)
    expect([ben, cem].map(({ rules }) => rules.speedLimit)).toEqual([70, 50])
    // Each learns of the other's only when one of both is handed on.
    cem.session
      .peer(ben.self.id)
      ?.control?.send({ type: 'entries', epoch: 0, entries: [other], committed: 0 })
    await world.clock.run(4_000)
    expect(honest.map(({ rules }) => rules.speedLimit)).toEqual(honest.map(() => anna.rules.speedLimit))
    expectBannedBy(honest, 'Anna')
  })

  it('[AUT-16] [AUT-2] by a change of two voters at once is replaced at once', async () => {
    const [anna, ...honest] = await five()
    const { record } = anna.session
    const unlawful = await signed(anna, record.length, {
      type: 'voters',
      voters: record.voters.voters.slice(0, 3),
      witness: null,
    })
    for (const convoy of honest) hand(anna, convoy, [unlawful])
    await world.clock.run(3_000)
    expectBannedBy(honest, 'Anna')
    expect(honest[0]?.session.record.epoch).toBe(1)
  })

  it('[AUT-16] long ago, in an epoch that is over, moves nobody', async () => {
    const [anna, ...honest] = await five()
    const number = anna.session.record.length
    const first = await signed(anna, number - 1, { type: 'rules', changes: { speedLimit: 70 } })
    await world.clock.complete(anna.transferHost((honest[0] as PeerConvoy).self.id))
    await world.clock.run(1_000)
    for (const convoy of honest) hand(anna, convoy, [first])
    await world.clock.run(4_000)
    expect(honest.map((convoy) => convoy.host.name)).toEqual(honest.map(() => 'Ben'))
    expect(honest[0]?.members.map(({ name }) => name)).toContain('Anna')
  })
})

describe('a voter that votes twice', () => {
  it('[AUT-14] is banned by the host once somebody holds both votes, and votes no more', async () => {
    const all = await five()
    const [anna, ben, cem, dora] = all as unknown as [PeerConvoy, PeerConvoy, PeerConvoy, PeerConvoy]
    const { record, environment } = dora.session
    const voteFor = ({ session }: PeerConvoy): Promise<Uint8Array> => {
      const { sessionId, length } = record
      const candidate = session.self.signKey
      const vote: Vote = { sessionId, epoch: 7, number: length, previous: new Uint8Array(32), candidate }
      return signVote(environment, vote)
    }
    const [first, second] = [await voteFor(ben), await voteFor(cem)]
    cem.session.peer(anna.self.id)?.control?.send({ type: 'equivocation', first, second })
    await world.clock.run(3_000)
    const honest = all.filter((convoy) => convoy !== dora)
    expectBannedBy(honest, 'Dora')
    expect(anna.isHost).toBe(true)
    expect(anna.authority.voters).not.toContain(dora.self.id)
  })
})
