import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import { createMemoryRendezvousHub } from '../../lib/rendezvous/index.ts'
import { addAppeal, emptyVehicleState } from '../../lib/index.ts'
import { synchronousIdentity, synchronousVerify } from '../../lib/testing/index.ts'
import { placeOf, rewritten } from '../evidence/support/tamperedReport.ts'
import { startProgram, type RunningProgram } from '../support/program.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

let folder: string
let file: Uint8Array
let appealed: Uint8Array
const running: Disposable[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'openconvoy-report-'))
  const world = new SimulatedWorld()
  // Real signatures: the command knows no others.
  const hub = createMemoryRendezvousHub({
    clock: world.clock,
    random: seededRandom(1),
    latencyMs: 10,
    verify: synchronousVerify,
  })
  const keys = (seed: number) => ({
    rendezvous: hub.rendezvous(),
    identity: synchronousIdentity(seededRandom(seed)),
    verify: synchronousVerify,
  })
  const [anna, ben] = [keys(1), keys(2)]
  const host = await world.host('Anna', { ...anna, rules: { lobbyName: 'Night run' } })
  const member = await world.join('Ben', host.invite, ben)
  const state = emptyVehicleState()
  for (let time = 0; time < 100; time++) {
    Object.assign(state, { x: 3, z: time * -4, velocityZ: -20 })
    host.setVehicle(state)
    member.setVehicle({ ...state, x: 8 - time / 25 })
    await world.clock.run(200)
  }
  host.sendChat('Out of my way!')
  await world.clock.run(200)
  file = await world.clock.complete(
    member.encodeReport(host.self.id, { category: 'ramming', text: 'He pushed me.', seconds: 15 }),
  )
  appealed = await addAppeal(file, anna.identity, 'He cut in.', {
    clock: world.clock,
    random: seededRandom(3),
  })
  await world.close()
  await world.clock.complete(hub.close())
}, 60_000)

afterEach(() => {
  for (const program of running.splice(0)) program[Symbol.dispose]()
})
afterAll(() => rmSync(folder, { recursive: true }))

function view(bytes: Uint8Array | undefined, ...options: string[]): RunningProgram {
  const path = join(folder, 'report.ocr')
  rmSync(path, { force: true })
  if (bytes !== undefined) writeFileSync(path, bytes)
  const program = startProgram('lib/cli/main.ts', ['report', 'view', path, ...options])
  running.push(program)
  return program
}

describe('openconvoy report view', () => {
  it('says in plain words who is reported, what is proved, and what happened', async () => {
    const program = view(appealed)
    expect(await program.ended).toBe(0)
    expect(program.errors).toBe('')
    const { output } = program
    expect(output).not.toContain('\u001b')
    for (const part of [
      /^Report [0-9a-f]{32}: ramming$/m,
      /about +Anna \(/,
      /by +Ben \(/,
      /says +“He pushed me\.”/,
      /“Night run”/,
      /signature fits/,
      /Anna \(subject\): \d+ samples: \d+ proved, \d+ reporter’s word; 1 messages/,
      /Ben \(reporter\): \d+ samples: \d+ reporter’s word/,
      /^ +\d+ s +Anna 72 km\/h at \(3\.0, 0\.0, -\d+\.\d\) proved/m,
      /Anna and Ben were nearest to each other, 1\.\d m.*close enough to touch \[reporter’s word\]/,
      /Anna said “Out of my way!” \[reporter’s word\]/,
      /“He cut in\.” \[signed by the subject/,
    ])
      expect(output).toMatch(part)
  })

  it('tells programs the same as one line of JSON', async () => {
    const program = view(file, '--json')
    expect(await program.ended).toBe(0)
    expect(program.output.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(program.output)).toMatchObject({
      category: 'ramming',
      authentic: true,
      appeal: null,
      subject: { name: 'Anna', signKey: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      replay: { seconds: expect.any(Array) as unknown[], happenings: expect.any(Array) as unknown[] },
    })
  })

  it('[EVD-8] shows altered evidence as altered, and ends with 3', async () => {
    const text = new TextEncoder().encode('pushed')
    const program = view(
      rewritten(file, (envelope) =>
        envelope.set(new TextEncoder().encode('kissed'), placeOf(text, envelope)),
      ),
    )
    expect(await program.ended).toBe(3)
    expect(program.output).toMatch(/signature ALTERED: the reporter did not sign it like this/)
    expect(program.output).toMatch(/Anna \(subject\): \d+ samples: \d+ proved, \d+ ALTERED/)
  })

  it.each([
    ['that is not there', undefined, 2, "can't be read"],
    ['that is none', new TextEncoder().encode('Dear moderators,'), 1, 'not a report of OpenConvoy'],
  ])('refuses a file %s in one line', async (_name, bytes, code, message) => {
    const program = view(bytes)
    expect(await program.ended).toBe(code)
    expect(program.errors).toMatch(new RegExp(message))
    expect(program.errors.trim().split('\n')).toHaveLength(1)
    expect(program.output).toBe('')
  })

  it('refuses a file that was cut short, also as a line of JSON', async () => {
    const program = view(file.subarray(0, file.length / 2), '--json')
    expect(await program.ended).toBe(1)
    expect(JSON.parse(program.output)).toMatchObject({ event: 'failed', code: 'report-malformed' })
  })
})
