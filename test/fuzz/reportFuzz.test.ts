import { beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import { emptyVehicleState, examineReport, isConvoyError, replayReport } from '../../lib/index.ts'
import { simulatedVerify } from '../../lib/testing/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

let file: Uint8Array
beforeAll(async () => {
  const world = new SimulatedWorld()
  const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [
    Awaited<ReturnType<SimulatedWorld['host']>>,
    Awaited<ReturnType<SimulatedWorld['host']>>,
  ]
  const state = emptyVehicleState()
  for (let time = 0; time < 80; time++) {
    Object.assign(state, { x: 3, z: time * 4, velocityZ: -20 })
    anna.setVehicle(state)
    ben.setVehicle({ ...state, x: 8 })
    await world.clock.run(200)
  }
  anna.sendChat('Hello.')
  await world.clock.run(100)
  file = await world.clock.complete(ben.encodeReport(anna.self.id, { category: 'other', seconds: 5 }))
  await world.close()
})

describe('the file of a report', () => {
  it('[EVD-8] 1,000 damaged files are each refused, or shown as altered, and never shown as proved where they are not', async () => {
    const random = seededRandom(5)
    const original = await examineReport(file, simulatedVerify)
    const provedBefore = new Set(
      original.members.flatMap(({ samples }) =>
        samples.filter(({ proof }) => proof === 'proved').map(({ state }) => JSON.stringify(state)),
      ),
    )
    expect(provedBefore.size).toBeGreaterThan(10)
    const seen = { refused: 0, altered: 0 }
    for (let round = 0; round < 1_000; round++) {
      const damaged = file.slice()
      const damages = 1 + Math.floor(random.next() * 3)
      for (let damage = 0; damage < damages; damage++)
        damaged[Math.floor(random.next() * damaged.length)]! ^= 1 << Math.floor(random.next() * 8)
      const cut = random.next() < 0.1 ? damaged.subarray(0, random.next() * damaged.length) : damaged
      try {
        const report = await examineReport(cut, simulatedVerify)
        // Two damages may have undone each other.
        if (cut.length === file.length && cut.every((byte, index) => byte === file[index])) continue
        seen.altered++
        expect(report.authentic).toBe(false)
        for (const { samples } of report.members) {
          for (const { state, proof } of samples) {
            expect(proof).not.toBe('word')
            if (proof === 'proved') expect(provedBefore.has(JSON.stringify(state))).toBe(true)
          }
        }
        replayReport(report)
      } catch (error) {
        if (!isConvoyError(error, 'report-malformed')) throw error
        seen.refused++
      }
    }
    expect(seen.refused).toBeGreaterThan(50)
    expect(seen.altered).toBeGreaterThan(300)
  })
})
