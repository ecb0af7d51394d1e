import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  emptyVehicleState,
  examineReport,
  type Convoy,
  type ExaminedMember,
  type ExaminedReport,
  type ReportOptions,
} from '../../lib/index.ts'
import { simulatedVerify, type NetworkConditions } from '../../lib/testing/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
let stopDriving: (() => void)[]
const begin = (conditions: Partial<NetworkConditions> = {}): void => {
  world = new SimulatedWorld(conditions)
}
beforeEach(() => {
  stopDriving = []
  begin()
})
afterEach(async () => {
  for (const stop of stopDriving) stop()
  await world.close()
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
})

/** Has a member drive north at 20 m/s, beside the others. */
function drive(convoy: Convoy): void {
  const state = emptyVehicleState()
  state.x = 10 * (convoy.self.slot + 1)
  state.velocityZ = -20
  const step = (): void => {
    state.z = (-20 * world.clock.now()) / 1_000
    convoy.setVehicle(state)
  }
  step()
  stopDriving.push(world.clock.every(1000 / 60, step))
}

async function driving(...names: [string, ...string[]]): Promise<Convoy[]> {
  const convoys = await world.convoy(...names)
  for (const convoy of convoys) drive(convoy)
  return convoys
}

async function reported(
  reporter: Convoy,
  subject: Convoy,
  options: Partial<ReportOptions> = {},
): Promise<ExaminedReport> {
  const file = await world.clock.complete(
    reporter.encodeReport(subject.self.id, { category: 'ramming', ...options }),
  )
  return examineReport(file, simulatedVerify)
}

function subjectOf({ members }: ExaminedReport): ExaminedMember {
  const subject = members.find(({ role }) => role === 'subject')
  if (subject === undefined) throw new Error('The subject is not in the clip.')
  return subject
}

function counted({ samples }: ExaminedMember) {
  const counts = { proved: 0, word: 0, altered: 0 }
  for (const { proof } of samples) counts[proof]++
  return counts
}

describe('evidence', () => {
  it('[EVD-3] [EVD-6] [EVD-8] proves all that a neighbour sent but the last seconds, also at 5 % loss', async () => {
    begin({ delayMs: 40, jitterMs: 15, lossPercent: 5, duplicatePercent: 2 })
    const [anna, ben] = (await driving('Anna', 'Ben', 'Cem')) as [Convoy, Convoy]
    await world.clock.run(40_000)
    const report = await reported(ben, anna, { seconds: 30 })
    expect(report).toMatchObject({ authentic: true, category: 'ramming', clipMs: 30_000 })
    const subject = subjectOf(report)
    const { proved, word, altered } = counted(subject)
    expect(altered).toBe(0)
    expect(proved).toBeGreaterThan(80)
    expect(subject.digests.altered).toBe(0)
    const unproved = subject.samples.filter(({ proof }) => proof === 'word')
    expect(Math.min(...unproved.map(({ atMs }) => atMs))).toBeGreaterThan(30_000 - 6_000)
    expect(word).toBe(unproved.length)
    expect(subject.samples.every(({ state }) => Math.abs(state.x - 10) < 0.01)).toBe(true)
  })
})
