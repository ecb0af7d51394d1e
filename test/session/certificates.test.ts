import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PeerConvoy } from '../../lib/convoy/peerConvoy.ts'
import { totalBytes } from '../../lib/identity/index.ts'
import type { Convoy } from '../../lib/index.ts'
import type { ControlMessage } from '../../lib/session/controlMessages.ts'
import type { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { closeSignaledWorld, signaledWorld } from '../support/signaledWorld.ts'
import type { SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let signaling: SimulatedRendezvous
let anna: Convoy

beforeEach(async () => {
  ;({ world, signaling } = signaledWorld())
  anna = await world.host('Anna', { rules: { maxPlayers: 64 }, rendezvous: signaling.rendezvous('Anna') })
})

afterEach(() => closeSignaledWorld({ world, signaling }))

const join = (name: string): Promise<Convoy> =>
  world.join(name, anna.invite, { rendezvous: signaling.rendezvous(name) })

const hostOf = (convoys: readonly Convoy[]): Convoy => convoys.find(({ isHost }) => isHost) as Convoy

const proofOf = (convoy: Convoy): readonly Uint8Array[] =>
  convoy instanceof PeerConvoy ? convoy.session.authority.proofs.certified.succession() : []

/** Until all of them vote, and nobody else, as all of them know. */
const allVote = (convoys: readonly Convoy[]): Promise<void> => {
  const ids = new Set(convoys.map(({ self }) => self.id))
  return world.clock.runUntil(() =>
    convoys.every(
      ({ authority: { voters } }) => voters.length === ids.size && voters.every((id) => ids.has(id)),
    ),
  )
}

describe('the invite of the founder', () => {
  it('[SUC-10] lets friends in after 100 changes of host, with a proof of less than 2 kB', async () => {
    const inside = [anna, await join('Ben'), await join('Cem')]
    await allVote(inside)
    for (let change = 0; change < 100; change++) {
      const next = inside[(change + 1) % 3] as Convoy
      await world.clock.complete(hostOf(inside).transferHost(next.self.id))
      await world.clock.runUntil(() => next.isHost)
    }
    await world.clock.run(5_000)
    expect(hostOf(inside).authority.epoch).toBe(100)
    expect(totalBytes(proofOf(hostOf(inside)))).toBeLessThan(2_000)
    const dora = await join('Dora')
    expect(dora.host.id).toBe(hostOf(inside).self.id)
  })

  it('[SUC-10] lets friends in when nobody is left of those who were there at first, nor of those who came after them', async () => {
    let inside = [anna, await join('Ben'), await join('Cem')]
    await allVote(inside)
    for (let change = 0; change < 20; change++) {
      const dead = hostOf(inside)
      inside = inside.filter((convoy) => convoy !== dead)
      world.network.kill(dead.self.name)
      await world.clock.runUntil(() => inside.some(({ isHost }) => isHost))
      inside.push(await join(`Member ${change}`))
      await allVote(inside)
      await world.clock.run(5_000)
    }
    const later = hostOf(inside)
    expect(later.authority.epoch).toBe(20)
    expect(inside.some(({ self }) => ['Anna', 'Ben', 'Cem'].includes(self.name))).toBe(false)
    expect(totalBytes(proofOf(later))).toBeLessThan(14_000)
    expect((await join('Zoë')).host.id).toBe(later.self.id)
  })

  it('[SUC-10] leads to a later host whose predecessors are all gone by the proof that they handed on', async () => {
    const inside = [anna, await join('Ben'), await join('Cem'), await join('Dora'), await join('Emil')]
    await allVote(inside)
    const [, ben, cem, dora, emil] = inside as [Convoy, Convoy, Convoy, Convoy, Convoy]
    await world.clock.complete(anna.transferHost(ben.self.id))
    await world.clock.run(10_000)
    const proof = proofOf(ben)
    expect(proof).toHaveLength(1)
    expect(proofOf(emil)).toEqual(proof)
    for (const name of ['Anna', 'Ben']) world.network.kill(name)
    await world.clock.runUntil(() => [cem, dora, emil].some(({ isHost }) => isHost))
    const later = hostOf([cem, dora, emil])
    expect(proofOf(later)[0]).toEqual(proof[0])
    expect((await join('Finn')).host.id).toBe(later.self.id)
  })
})

describe('what members say of who is host', () => {
  const sessionOf = (convoy: Convoy): PeerConvoy['session'] => {
    if (!(convoy instanceof PeerConvoy)) throw new Error('Convoys are peer convoys.')
    return convoy.session
  }

  /** `from` says something to `to`, which drops it and counts that by this name. */
  async function dropped(from: Convoy, to: Convoy, message: ControlMessage, name: string): Promise<void> {
    const before = to.stats().dropped[name] ?? 0
    sessionOf(from).peer(to.self.id)?.control?.send(message)
    await world.clock.run(200)
    expect(to.stats().dropped[name]).toBe(before + 1)
  }

  it('[SUC-10] is dropped where nobody asked for it, or where it is not the host that says it', async () => {
    const [ben, cem] = [await join('Ben'), await join('Cem')]
    await allVote([anna, ben, cem])
    await world.clock.complete(anna.transferHost(ben.self.id))
    await world.clock.run(5_000)
    const { epoch } = ben.authority
    const proof = [...proofOf(ben)]
    const attestation = new Uint8Array(159)
    await dropped(anna, ben, { type: 'attested', attestation }, 'attestation-unasked')
    await dropped(anna, cem, { type: 'attested', attestation }, 'attestation-unasked')
    await dropped(anna, cem, { type: 'attest', epoch, number: 1 }, 'proof-unfit')
    await dropped(anna, cem, { type: 'certified', proof }, 'proof-unfit')
    await dropped(ben, cem, { type: 'attest', epoch, number: 1 }, 'attest-unfit')
    await dropped(ben, cem, { type: 'attest', epoch: epoch + 1, number: 1 }, 'attest-unfit')
    expect(proofOf(cem)).toEqual(proof)
  })

  it('[SUC-10] is not attested by a member whose record says otherwise, nor before it is committed', async () => {
    const [ben, cem] = [await join('Ben'), await join('Cem')]
    await allVote([anna, ben, cem])
    await world.clock.complete(anna.transferHost(ben.self.id))
    await world.clock.run(5_000)
    const { record } = sessionOf(ben)
    const { epoch } = record
    for (const number of [0, record.epochSince - 1, record.length, record.length + 5])
      await dropped(ben, cem, { type: 'attest', epoch, number }, 'attest-unfit')
  })
})
