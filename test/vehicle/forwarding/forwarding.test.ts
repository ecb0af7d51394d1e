import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyVehicleState, type Convoy, type Member } from '../../../lib/index.ts'
import { recordOf, SimulatedWorld } from '../../support/simulatedWorld.ts'
import { quantile } from '../support/remoteView.ts'
import { eventfulDrive, TruthDrive } from '../support/truckModel.ts'
import { aged, payloadOffsets, tampering } from './support/tampering.ts'

let world: SimulatedWorld
let stopDriving: (() => void)[]
beforeEach(() => {
  world = new SimulatedWorld()
  stopDriving = []
})
afterEach(async () => {
  for (const stop of stopDriving) stop()
  await world.close()
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
})

const metresPerSecond = 20

/** Where everybody who drives is, on the way north. */
const truthAt = (ms: number): number => (-metresPerSecond * ms) / 1000

/** Has a member drive north. */
function drive(convoy: Convoy): void {
  const state = emptyVehicleState()
  state.x = 100 * (convoy.self.slot + 1)
  state.velocityZ = -metresPerSecond
  const step = (): void => {
    state.z = truthAt(world.clock.now())
    convoy.setVehicle(state)
  }
  step()
  stopDriving.push(world.clock.every(1000 / 60, step))
}

/** The host and members that drive, in the order of their joining. */
async function convoyOf(host: string, ...members: string[]): Promise<Convoy[]> {
  const first = await world.host(host, { rules: { maxPlayers: 32 } })
  const all = [first]
  for (const name of members) all.push(await world.join(name, first.invite))
  for (const convoy of all) drive(convoy)
  return all
}

function entryOf(convoy: Convoy, name: string): Member {
  const member = convoy.members.find((each) => each.name === name)
  if (member === undefined) throw new Error(`${name} is not in the roster.`)
  return member
}

/** Name of who forwards `name` to `convoy`. */
function viaOf(convoy: Convoy, name: string): string | undefined {
  const { via } = entryOf(convoy, name)
  return convoy.members.find(({ id }) => id === via)?.name
}

function forwardedOf(convoy: Convoy, name: string) {
  const { id } = entryOf(convoy, name)
  return convoy.stats().forwarding.members.find(({ memberId }) => memberId === id)
}

/** Metres by which `name` is shown beside where it truly is; undefined while it is not shown. */
function errorOf(convoy: Convoy, name: string): number | undefined {
  const { id, slot } = entryOf(convoy, name)
  const vehicle = convoy.vehicles.sample().find(({ memberId }) => memberId === id)
  if (vehicle === undefined) return undefined
  return Math.hypot(vehicle.state.x - 100 * (slot + 1), vehicle.state.z - truthAt(world.clock.now()))
}

describe('two members that cannot reach each other', () => {
  it('[FWD-1] [FWD-2] [FWD-9] see each other through the host three seconds after joining, and the roster says so', async () => {
    world.network.cut('Ben', 'Cem')
    const [anna, ben, cem] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    await world.clock.run(3_000)
    for (const [convoy, other] of [
      [ben, 'Cem'],
      [cem, 'Ben'],
    ] as const) {
      expect(viaOf(convoy, other)).toBe('Anna')
      expect(entryOf(convoy, other)).toMatchObject({ presence: 'connecting', pingMs: undefined })
      expect(errorOf(convoy, other)).toBeLessThan(0.05)
      expect(viaOf(convoy, 'Anna')).toBeUndefined()
    }
    expect(anna.stats().forwarding.forOthers.forwards).toBe(2)
    expect(ben.stats().quality).toMatchObject({ level: 'fair' })
  })

  it('[FWD-4] get each vehicle four times a second', async () => {
    world.network.cut('Ben', 'Cem')
    const [anna, ben] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    await world.clock.run(5_000)
    const before = { updates: forwardedOf(ben, 'Cem')?.updates ?? 0, ...anna.stats().forwarding.forOthers }
    await world.clock.run(10_000)
    expect((forwardedOf(ben, 'Cem')?.updates ?? 0) - before.updates).toBe(40)
    const { updatesSent, bytesSent } = anna.stats().forwarding.forOthers
    expect(updatesSent - before.updatesSent).toBe(80)
    expect(bytesSent - before.bytesSent).toBe(80 * 38)
  })

  it('[FWD-5] [FWD-6] have every forwarded sample proved by its driver, also at 5 % loss', async () => {
    world.network.setConditions({ delayMs: 40, jitterMs: 15, lossPercent: 5, duplicatePercent: 2 })
    world.network.cut('Ben', 'Cem')
    const [, ben, cem] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    await world.clock.run(60_000)
    for (const [convoy, other] of [
      [ben, 'Cem'],
      [cem, 'Ben'],
    ] as const) {
      const { updates = 0, proved = 0, unproved, forged } = forwardedOf(convoy, other) ?? {}
      expect(updates).toBeGreaterThan(180)
      expect(updates - proved).toBeLessThan(4 * 2)
      expect([unproved, forged]).toEqual([0, 0])
    }
  })

  it('[FWD-2] do not lose sight of each other when their path breaks while driving', async () => {
    const [, ben, cem] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    await world.clock.run(5_000)
    const changes = recordOf(cem, 'memberChanged')
    world.network.cut('Ben', 'Cem')
    let faintest = 1
    for (let step = 0; step < 400; step++) {
      await world.clock.run(50)
      const seen = cem.vehicles.sample().find(({ memberId }) => memberId === ben.self.id)
      faintest = Math.min(faintest, seen?.opacity ?? 0)
    }
    expect(faintest).toBeGreaterThan(0.5)
    expect(viaOf(cem, 'Ben')).toBe('Anna')
    expect(errorOf(cem, 'Ben')).toBeLessThan(0.05)
    const told = changes.filter(({ name }) => name === 'Ben').map(({ presence, via }) => [presence, via])
    expect(told).toContainEqual(['suspect', world.identity('Anna').fingerprint])
  })

  it('[FWD-7] drive on directly, without a jump, as soon as their path is there', async () => {
    const heal = world.network.cut('Ben', 'Cem')
    const [anna, ben, cem] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    await world.clock.run(10_000)
    heal()
    let last = errorOf(cem, 'Ben') ?? Infinity
    let worstStep = 0
    for (let frame = 0; frame < 10 * 60; frame++) {
      await world.clock.run(1000 / 60)
      const error = errorOf(cem, 'Ben') ?? Infinity
      worstStep = Math.max(worstStep, Math.abs(error - last))
      last = error
    }
    expect(worstStep).toBeLessThan(0.02)
    expect(entryOf(cem, 'Ben')).toMatchObject({ presence: 'connected', via: undefined })
    expect(entryOf(ben, 'Cem')).toMatchObject({ presence: 'connected', via: undefined })
    expect(anna.stats().forwarding.forOthers.forwards).toBe(0)
    const { updates } = forwardedOf(cem, 'Ben') ?? {}
    await world.clock.run(5_000)
    expect(forwardedOf(cem, 'Ben')?.updates).toBe(updates)
  })

  it('[FWD-2] change to another neighbour when theirs leaves or breaks off', async () => {
    world.network.cut('Ben', 'Cem')
    const all = await convoyOf('Anna', 'Ben', 'Cem', 'Dora', 'Emil')
    const cem = all[2] as Convoy
    await world.clock.run(5_000)
    expect(viaOf(cem, 'Ben')).toBe('Anna')
    world.network.cut('Anna', 'Cem')
    await world.clock.run(2_000)
    const second = viaOf(cem, 'Ben')
    expect(['Dora', 'Emil']).toContain(second)
    expect(viaOf(cem, 'Anna')).toBe(second)
    const leaving = all.find(({ self }) => self.name === second) as Convoy
    stopDriving.splice(leaving.self.slot, 1)[0]?.()
    await world.clock.complete(leaving.close())
    let worst = 0
    for (let step = 0; step < 60; step++) {
      await world.clock.run(50)
      worst = Math.max(worst, errorOf(cem, 'Ben') ?? Infinity)
    }
    expect(worst).toBeLessThan(0.05)
    expect(['Dora', 'Emil'].filter((name) => name !== second)).toContain(viaOf(cem, 'Ben'))
  })

  it('[FWD-1] are not asked for where nobody sees them, nor by those who need not', async () => {
    const all = await convoyOf('Anna', 'Ben', 'Cem')
    await world.clock.run(10_000)
    const silence = { members: [], forOthers: { forwards: 0, updatesSent: 0, bytesSent: 0 } }
    for (const convoy of all) expect(convoy.stats().forwarding).toEqual(silence)
    expect(all.map((convoy) => convoy.stats().dropped)).toEqual([{}, {}, {}])
  })

  it('[FWD-5] [FWD-8] keep their forwarder, and proof, while one of them is parked', async () => {
    world.network.cut('Ben', 'Cem')
    const [, ben, cem] = (await convoyOf('Anna', 'Ben', 'Cem', 'Dora')) as [Convoy, Convoy, Convoy]
    await world.clock.run(3_000)
    stopDriving.splice(1, 1)[0]?.()
    const parked = emptyVehicleState()
    parked.x = 7
    ben.setVehicle(parked)
    await world.clock.run(1_000)
    for (let second = 0; second < 20; second++) {
      await world.clock.run(1_000)
      expect(viaOf(cem, 'Ben')).toBe('Anna')
    }
    const { updates, proved, unproved, forged } = forwardedOf(cem, 'Ben') ?? {}
    expect({ proved, unproved, forged }).toEqual({ proved: updates, unproved: 0, forged: 0 })
    const seen = cem.vehicles.sample().find(({ memberId }) => memberId === ben.self.id)
    expect(seen?.state.x).toBeCloseTo(7, 2)
    expect(seen?.opacity).toBe(1)
    expect(seen?.ageMs).toBeGreaterThan(20_000)
  })

  it('[FWD-1] are shown to a spectator, who has nothing to forward', async () => {
    world.network.cut('Ben', 'Sam')
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite)
    const sam = await world.join('Sam', anna.invite, { vehicleClass: null })
    drive(anna)
    drive(ben)
    await world.clock.run(5_000)
    expect(viaOf(sam, 'Ben')).toBe('Anna')
    expect(errorOf(sam, 'Ben')).toBeLessThan(0.05)
    expect(forwardedOf(sam, 'Ben')?.proved).toBeGreaterThan(4)
    expect(anna.stats().forwarding.forOthers.forwards).toBe(1)
  })

  it('[FWD-4] show what a new process of the member drives, once it is admitted', async () => {
    world.network.cut('Ben', 'Cem')
    const [anna, , cem] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    await world.clock.run(5_000)
    stopDriving.splice(1, 1)[0]?.()
    world.network.kill('Ben')
    await world.clock.run(1_000)
    const ben = await world.join('Ben', anna.invite)
    drive(ben)
    await world.clock.run(4_000)
    expect(viaOf(cem, 'Ben')).toBe('Anna')
    expect(errorOf(cem, 'Ben')).toBeLessThan(0.05)
    expect(forwardedOf(cem, 'Ben')).toMatchObject({ unproved: 0, forged: 0 })
  })

  it('[FWD-1] see each other through the host again after a sleep that cost one of them its place', async () => {
    world.network.cut('Ben', 'Cem')
    const [, ben, cem] = (await convoyOf('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    await world.clock.run(5_000)
    world.network.freeze('Cem')
    await world.clock.run(30_000)
    expect(ben.members.map(({ name }) => name)).not.toContain('Cem')
    world.network.thaw('Cem')
    await world.clock.run(15_000)
    for (const [convoy, other] of [
      [ben, 'Cem'],
      [cem, 'Ben'],
    ] as const) {
      expect(viaOf(convoy, other)).toBe('Anna')
      expect(errorOf(convoy, other)).toBeLessThan(0.05)
      expect(forwardedOf(convoy, other)?.forged).toBe(0)
    }
  })

  it('[FWD-4] are shown within 50 cm (p99) through all manoeuvres, at 50 ms a hop, jitter 10 ms, 5 % loss', async () => {
    world.network.setConditions({ delayMs: 50, jitterMs: 10, lossPercent: 5 })
    world.network.cut('Ben', 'Cem')
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite)
    const cem = await world.join('Cem', anna.invite)
    const truth = new TruthDrive(eventfulDrive(1))
    const startedAt = world.clock.now()
    const errors: number[] = []
    const state = emptyVehicleState()
    stopDriving.push(
      world.clock.every(1000 / 60, () => {
        const elapsed = world.clock.now() - startedAt
        truth.stateAt(Math.min(elapsed, truth.durationMs), state)
        ben.setVehicle(state)
        const [seen] = cem.vehicles.sample()
        if (elapsed < 6_000 || seen === undefined) return
        errors.push(Math.hypot(seen.state.x - state.x, seen.state.y - state.y, seen.state.z - state.z))
      }),
    )
    await world.clock.run(truth.durationMs)
    expect(viaOf(cem, 'Ben')).toBe('Anna')
    expect(errors.length).toBeGreaterThan(6_000)
    expect(quantile(errors, 0.5)).toBeLessThan(0.05)
    expect(quantile(errors, 0.99)).toBeLessThan(0.5)
  })

  it('[SIM-1] replay bit for bit from their seed', async () => {
    const run = async (seed: number): Promise<string> => {
      for (const stop of stopDriving.splice(0)) stop()
      await world.close()
      world = new SimulatedWorld({ seed, delayMs: 40, jitterMs: 15, lossPercent: 5, duplicatePercent: 2 })
      world.network.cut('Ben', 'Cem')
      await convoyOf('Anna', 'Ben', 'Cem', 'Dora')
      await world.clock.run(8_000)
      world.network.cut('Anna', 'Ben')
      await world.clock.run(4_000)
      world.network.heal()
      await world.clock.run(4_000)
      return world.network.traceHash()
    }
    const first = await run(4711)
    expect(await run(4711)).toBe(first)
    expect(await run(4712)).not.toBe(first)
  })
})

describe('a forwarder that', () => {
  /** Ben and Cem out of each other's reach, Anna forwarding by `tamper`, Dora forwarding as she should. */
  async function withHostile(
    tamper: (payload: Uint8Array) => Uint8Array,
  ): Promise<{ cem: Convoy; anna: Convoy }> {
    world.network.cut('Ben', 'Cem')
    const { connector } = world.network.peer('Anna')
    const anna = await world.host('Anna', { connector: tampering(connector, tamper) })
    const ben = await world.join('Ben', anna.invite)
    const cem = await world.join('Cem', anna.invite)
    for (const convoy of [anna, ben, cem]) drive(convoy)
    drive(await world.join('Dora', anna.invite))
    return { cem, anna }
  }

  const changeByte =
    (offset: number, bits = 0x10) =>
    (payload: Uint8Array) => {
      payload[offset] = (payload[offset] ?? 0) ^ bits
      return payload
    }

  it('[FWD-6] makes up a state is found out by its driver’s digest, counted, and not asked again', async () => {
    let forging = false
    const { cem } = await withHostile((payload) =>
      forging ? changeByte(payloadOffsets.x)(payload) : payload,
    )
    await world.clock.run(6_000)
    expect(viaOf(cem, 'Ben')).toBe('Anna')
    forging = true
    await world.clock.run(3_000)
    expect(viaOf(cem, 'Ben')).toBe('Dora')
    expect(errorOf(cem, 'Ben')).toBeLessThan(0.05)
    const { forged = 0, proved = 0 } = forwardedOf(cem, 'Ben') ?? {}
    expect(forged).toBeGreaterThan(0)
    expect(proved).toBeGreaterThan(5)
    expect(cem.stats().dropped).toMatchObject({ 'forward-forged': 1 })
    await world.clock.run(60_000)
    expect(viaOf(cem, 'Ben')).toBe('Dora')
    expect(forwardedOf(cem, 'Ben')?.forged).toBe(forged)
  })

  it('[FWD-6] [FWD-8] makes up times is replaced as unproved, and keeps the true ones out no longer', async () => {
    let forging = false
    const { cem } = await withHostile((payload) =>
      forging ? changeByte(payloadOffsets.time, 4)(payload) : payload,
    )
    await world.clock.run(6_000)
    forging = true
    await world.clock.run(20_000)
    expect(viaOf(cem, 'Ben')).toBe('Dora')
    expect(errorOf(cem, 'Ben')).toBeLessThan(0.05)
    expect(forwardedOf(cem, 'Ben')?.unproved).toBeGreaterThanOrEqual(40)
    expect(forwardedOf(cem, 'Ben')?.forged).toBe(0)
    // Not one: times ahead of the present are made up.
    expect(cem.stats().dropped.vehicleStale).toBeUndefined()
  })

  it('[FWD-8] made up times does not keep out what comes on the direct link, once it is there', async () => {
    const { cem } = await withHostile(changeByte(payloadOffsets.time, 4))
    await world.clock.run(6_000)
    expect(viaOf(cem, 'Ben')).toBe('Anna')
    world.network.heal()
    await world.clock.runUntil(() => entryOf(cem, 'Ben').presence === 'connected')
    // Believed at once; the rest for a correction to fade. Steady driving is told four times a second.
    await world.clock.run(2_000)
    const { id } = entryOf(cem, 'Ben')
    const seen = cem.vehicles.sample().find(({ memberId }) => memberId === id)
    expect(seen?.ageMs).toBeLessThan(350)
    expect(errorOf(cem, 'Ben')).toBeLessThan(0.05)
  })

  it.each([
    ['names a slot that nobody has', changeByte(payloadOffsets.slot), 'forward-unknown-member'],
    ['names a former process of the member', changeByte(payloadOffsets.tag), 'forward-unknown-member'],
    ['cuts payloads short', (payload: Uint8Array) => payload.subarray(0, 20), 'forward-malformed'],
    ['sends noise', () => Uint8Array.of(3, 200, 7, 7, 7), 'forward-malformed'],
  ])('[FWD-4] %s shows nothing, is counted and replaced', async (_name, tamper, counted) => {
    const { cem } = await withHostile(tamper)
    await world.clock.run(8_000)
    expect(viaOf(cem, 'Ben')).toBe('Dora')
    expect(errorOf(cem, 'Ben')).toBeLessThan(0.05)
    expect(cem.stats().dropped[counted]).toBeGreaterThan(3)
  })

  it('[FWD-8] repeats old samples moves nothing and is replaced', async () => {
    let kept: Uint8Array | undefined
    let repeating = false
    const { cem } = await withHostile((payload) => {
      if (!repeating) kept = payload.slice()
      return kept ?? payload
    })
    await world.clock.run(5_000)
    repeating = true
    await world.clock.run(6_000)
    expect(viaOf(cem, 'Ben')).toBe('Dora')
    expect(errorOf(cem, 'Ben')).toBeLessThan(0.05)
    const { updates = 0 } = forwardedOf(cem, 'Ben') ?? {}
    await world.clock.run(60_000)
    expect(viaOf(cem, 'Ben')).toBe('Dora')
    // None of what was repeated counted.
    expect(forwardedOf(cem, 'Ben')?.updates).toBe(updates + 240)
  })

  it('[FWD-8] holds back what the driver sends, and all digests, is replaced however it words the age', async () => {
    let kept: Uint8Array | undefined
    let keptAt = 0
    let repeating = false
    const { cem } = await withHostile((payload) => {
      if (repeating && kept !== undefined) return aged(kept, world.clock.now() - keptAt)
      kept = payload.slice()
      keptAt = world.clock.now()
      return payload
    })
    await world.clock.run(5_000)
    repeating = true
    await world.clock.run(6_000)
    expect(viaOf(cem, 'Ben')).toBe('Dora')
    expect(errorOf(cem, 'Ben')).toBeLessThan(0.05)
  })
})
