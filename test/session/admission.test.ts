import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Convoy, HostOptions, JoinOptions } from '../../lib/index.ts'
import { isConvoyError } from '../../lib/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
beforeEach(() => {
  world = new SimulatedWorld()
})
afterEach(async () => {
  await world.close()
})

/** What comes of a joiner's knock: the convoy, or the error's code and message. */
async function outcome(host: Partial<HostOptions>, joiner: Partial<JoinOptions>) {
  const anna = await world.host('Anna', host)
  return joinOutcome(anna, 'Ben', joiner)
}

async function joinOutcome(anna: Convoy, name: string, joiner: Partial<JoinOptions> = {}) {
  try {
    const ben = await world.join(name, anna.invite, joiner)
    return { code: 'admitted', message: '', ben }
  } catch (error) {
    if (!isConvoyError(error)) throw error
    return { code: error.code, message: error.message, ben: undefined }
  }
}

describe('admission', () => {
  it('[ADM-1] lets in a friend who holds the invite', async () => {
    const { code, ben } = await outcome({}, {})
    expect(code).toBe('admitted')
    expect(ben?.members.map((member) => member.name)).toEqual(['Anna', 'Ben'])
    expect(ben?.host.name).toBe('Anna')
    expect(ben?.self.slot).toBe(1)
  })

  it('[ADM-4] refuses another version of the game, naming both', async () => {
    const { code, message } = await outcome(
      { game: { name: 'ets2', version: '1.59.1' } },
      { game: { name: 'ets2', version: '1.58.2' } },
    )
    expect(code).toBe('game-version')
    expect(message).toContain('1.59.1')
    expect(message).toContain('1.58.2')
  })

  it('[ADM-4] asks no game of a spectator', async () => {
    const { code } = await outcome({ game: { name: 'ets2', version: '1.59.1' } }, { vehicleClass: null })
    expect(code).toBe('admitted')
  })

  it('[ADM-5] admits who knows the password, and neither sends nor records it', async () => {
    const { code } = await outcome({ password: 'diesel' }, { password: 'diesel' })
    expect(code).toBe('admitted')
  })

  it('[ADM-5] refuses a wrong password, and asks for one that is missing', async () => {
    const anna = await world.host('Anna', { password: 'diesel' })
    expect(await joinOutcome(anna, 'Ben', { password: 'petrol' })).toMatchObject({ code: 'password-wrong' })
    expect(await joinOutcome(anna, 'Ben')).toMatchObject({ code: 'password-required' })
    expect(anna.members).toHaveLength(1)
  })

  it('[ADM-6] refuses when every place is taken, and admits again once one is free', async () => {
    const anna = await world.host('Anna', { rules: { maxPlayers: 2 } })
    const ben = await world.join('Ben', anna.invite)
    expect(await joinOutcome(anna, 'Cem')).toMatchObject({ code: 'session-full' })
    await world.clock.complete(ben.close())
    expect(await joinOutcome(anna, 'Cem')).toMatchObject({ code: 'session-full' })
    // Ben may come back for a minute; then his place is free for others.
    await world.clock.run(61_000)
    expect(await joinOutcome(anna, 'Cem')).toMatchObject({ code: 'admitted' })
  })

  it('[ADM-6] refuses a vehicle class that the rules leave out', async () => {
    const { code, message } = await outcome({ rules: { vehicleClasses: ['truck'] } }, { vehicleClass: 'car' })
    expect(code).toBe('class-refused')
    expect(message).toContain('truck')
  })

  it('[ADM-6] refuses spectators where the rules do', async () => {
    expect(await outcome({ rules: { spectators: false } }, { vehicleClass: null })).toMatchObject({
      code: 'spectators-refused',
    })
  })

  it('[ADM-6] refuses who lacks a claim, naming it', async () => {
    const { code, message } = await outcome(
      { rules: { requiredClaims: ['vtc', 'licence'] } },
      { claims: ['vtc'] },
    )
    expect(code).toBe('claims-missing')
    expect(message).toContain('licence')
    expect(message).not.toContain('vtc')
  })

  it('[ADM-7] leaves the last word to the embedding program, and passes on its reason', async () => {
    const seen: string[] = []
    const { code, message } = await outcome(
      {
        admit: (candidate) => {
          seen.push(candidate.name)
          return 'Only on Fridays.'
        },
      },
      {},
    )
    expect(seen).toEqual(['Ben'])
    expect(code).toBe('admit-refused')
    expect(message).toBe('Only on Fridays.')
  })

  it('[ADM-7] refuses, and stays up, when the hook throws', async () => {
    const { code } = await outcome(
      {
        admit: () => {
          throw new Error('database down')
        },
      },
      {},
    )
    expect(code).toBe('admit-refused')
  })

  it('[ADM-3] checks the game before the password, and the password before the places', async () => {
    const anna = await world.host('Anna', {
      game: { name: 'ets2', version: '1.59' },
      password: 'diesel',
      rules: { maxPlayers: 1 },
    })
    const wrongGame = { game: { name: 'ats', version: '1.59' }, password: 'petrol' }
    const rightGame = { game: { name: 'ets2', version: '1.59' } }
    expect(await joinOutcome(anna, 'Ben', wrongGame)).toMatchObject({ code: 'game-version' })
    expect(await joinOutcome(anna, 'Ben', { ...rightGame, password: 'petrol' })).toMatchObject({
      code: 'password-wrong',
    })
    expect(await joinOutcome(anna, 'Ben', { ...rightGame, password: 'diesel' })).toMatchObject({
      code: 'session-full',
    })
  })

  it('[ADM-12] gives a member that crashed its slot and vehicle back for a minute', async () => {
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite)
    await world.join('Cem', anna.invite)
    world.network.kill('Ben')
    await world.clock.run(20_000)
    expect(anna.members.map((member) => member.name)).toEqual(['Anna', 'Cem'])
    const again = await world.join('Ben', anna.invite)
    expect(again.self.slot).toBe(ben.self.slot)
    expect(again.self.id).toBe(ben.self.id)
  })

  it('[ADM-13] lets a restarted member in before its former process was missed', async () => {
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite)
    world.network.kill('Ben')
    const again = await world.join('Ben', anna.invite)
    expect(again.self.slot).toBe(ben.self.slot)
    expect(anna.members.map((member) => member.name)).toEqual(['Anna', 'Ben'])
  })
})

describe('an invite', () => {
  it('[ADM-2] for a host with other keys is refused', async () => {
    const anna = await world.host('Anna')
    const mallory = await world.host('Mallory')
    const { decodeInvite, encodeInvite } = await import('../../lib/index.ts')
    const forged = encodeInvite({
      ...decodeInvite(anna.invite),
      hostFingerprint: decodeInvite(mallory.invite).hostFingerprint,
    })
    await expect(world.join('Ben', forged)).rejects.toMatchObject({ code: 'host-mismatch' })
  })

  it('[ADM-2] of a private convoy admits only with its secret', async () => {
    const anna = await world.host('Anna', { rules: { friendsOnly: true } })
    const { decodeInvite, encodeInvite } = await import('../../lib/index.ts')
    const { secret, ...rest } = decodeInvite(anna.invite)
    expect(secret).toHaveLength(16)
    await expect(world.join('Ben', encodeInvite(rest))).rejects.toMatchObject({ code: 'message-unauthentic' })
    await expect(world.join('Ben', anna.invite)).resolves.toBeDefined()
  })

  it('to a session that ended says so', async () => {
    const anna = await world.host('Anna')
    await world.clock.complete(anna.close())
    await expect(world.join('Ben', anna.invite)).rejects.toMatchObject({ code: 'session-not-found' })
  })
})
