import { encode } from '@msgpack/msgpack'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Emitter, silentLogger } from '../../../lib/core/index.ts'
import type { ConvoyEvents, Member } from '../../../lib/index.ts'
import { Enforcement, policyOf } from '../../../lib/convoy/enforcement/index.ts'
import { encodeObservations, type Observation } from '../../../lib/convoy/enforcement/observation.ts'
import { decodeWarning, encodeWarning, type Warning } from '../../../lib/convoy/enforcement/warning.ts'
import { VehicleReceiver } from '../../../lib/vehicle/index.ts'
import { FakeSession, type FakeMember } from '../../support/fakeSession.ts'

let world: FakeSession
let members: FakeMember[]
let warned: Warning[]

beforeEach(async () => {
  world = await FakeSession.found()
  const { record } = world.session
  world.session.applied(await record.append({ type: 'rules', changes: { speedLimit: 80 } }))
  members = []
  for (const name of ['Ben', 'Cem', 'Dora', 'Emil', 'Fay']) members.push(await world.member(name))
  warned = []
  const events = new Emitter<ConvoyEvents>(silentLogger)
  events.on('warned', (warning) => warned.push(warning))
  new Enforcement({
    session: world.session,
    convoy: { vehicles: new VehicleReceiver(world.clock), time: world.clock },
    enforcement: policyOf(),
    describe: (member) => world.session.describe(member) as Member,
    events,
  })
  await world.clock.run(3_000)
})

afterEach(async () => {
  await world.close()
})

const nothing = { subject: 'x', kind: 'speed', measured: 1, limit: 1, from: 0, to: 0, count: 1 }

const at = (index: number): FakeMember => members[index] as FakeMember

/** What a member says that it saw Ben do just now. */
function speeding(others: Partial<Observation> = {}): Observation {
  const now = world.clock.now()
  return {
    subject: at(0).member.id,
    kind: 'speed',
    measured: 120,
    limit: 80,
    from: now - 200,
    to: now,
    count: 1,
    ...others,
  }
}

/** Lets members say something, and the host act on it. */
async function say(from: readonly number[], channel: string, body: Uint8Array): Promise<void> {
  for (const index of from) world.say(at(index), channel, body)
  await world.clock.run(10)
}

const droppedOf = (index: number) => world.session.environment.dropped.from(at(index).member.id)

/** The warnings that went to Ben. */
function warnings(): Warning[] {
  return world.heard(at(0)).flatMap((body) => {
    try {
      return [decodeWarning(body)]
    } catch {
      return []
    }
  })
}

describe('a member that lies about another one', () => {
  it('[ENF-22] gets nobody warned, however often it says so', async () => {
    for (let time = 0; time < 20; time++) {
      await say([1], 'observe', encodeObservations(Array.from({ length: 10 }, () => speeding())))
      await world.clock.run(1_000)
    }
    expect([warnings(), droppedOf(1)]).toEqual([[], {}])
  })

  it('[ENF-22] is believed where three say the same', async () => {
    await say([1, 2], 'observe', encodeObservations([speeding()]))
    expect(warnings()).toEqual([])
    await say([3], 'observe', encodeObservations([speeding({ measured: 99 })]))
    expect(warnings()).toEqual([{ kind: 'speed', action: 'warning', measured: 99, limit: 80 }])
  })

  it('[ENF-23] is counted where it could not have seen it, or went by another rule', async () => {
    const own = speeding({ subject: at(1).member.id })
    const nobody = speeding({ subject: 'nobody' })
    const other = speeding({ limit: 50 })
    await say([1], 'observe', encodeObservations([own, nobody, other]))
    expect(droppedOf(1)).toEqual({ 'observe-impossible': 1, 'observe-unknown': 1, 'observe-outdated': 1 })
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['noise', new Uint8Array([0xc1, 1, 2, 3])],
    ['another shape', encode({ observations: [{ subject: 'x' }] })],
    ['too many', encode({ observations: Array.from({ length: 33 }, () => ({})) })],
    ['too much', new Uint8Array(10_000)],
    ['no numbers', encode({ observations: [{ ...nothing, measured: NaN }] })],
  ])('[ENF-20] is dropped and counted where it sends %s', async (_name, body) => {
    await say([1], 'observe', body)
    expect(Object.keys(droppedOf(1))).toEqual([expect.stringMatching(/^observe-message-/)])
  })

  it('[ENF-21] is heard once a second, twenty times at once', async () => {
    for (let time = 0; time < 100; time++) world.say(at(1), 'observe', encodeObservations([speeding()]))
    await world.clock.run(10)
    expect(droppedOf(1)).toEqual({ 'channel-rate': 80 })
  })

  it('[ENF-32] warns nobody: only the host’s word counts', async () => {
    await say([1], 'warn', encodeWarning({ kind: 'speed', action: 'warning', measured: 120, limit: 80 }))
    expect([warned, droppedOf(1)]).toEqual([[], { 'warn-foreign': 1 }])
  })
})
