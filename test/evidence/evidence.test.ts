import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  addAppeal,
  emptyVehicleState,
  examineReport,
  isConvoyError,
  replayReport,
  type Convoy,
  type ExaminedMember,
  type ExaminedReport,
  type ReportOptions,
  type TakenReport,
} from '../../lib/index.ts'
import { simulatedVerify, type NetworkConditions } from '../../lib/testing/index.ts'
import { recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'
import { readReportFile, writeReportFile } from '../../lib/evidence/reportFile.ts'
import { placeOf, resigned, rewritten } from './support/tamperedReport.ts'

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

const examined = (file: Uint8Array): Promise<ExaminedReport> => examineReport(file, simulatedVerify)

/** A report of `ben` about `anna`. */
async function fileOf(anna: Convoy, ben: Convoy, options: Partial<ReportOptions> = {}): Promise<Uint8Array> {
  return world.clock.complete(
    ben.encodeReport(anna.self.id, { category: 'ramming', seconds: 20, ...options }),
  )
}

/** Anna and Ben, who drove side by side for 25 s. */
async function sideBySide(): Promise<[Convoy, Convoy]> {
  const [anna, ben] = (await driving('Anna', 'Ben')) as [Convoy, Convoy]
  await world.clock.run(25_000)
  return [anna, ben]
}

describe('evidence', () => {
  it('[EVD-3] [EVD-6] [EVD-8] proves all that a neighbour sent but the last seconds, also at 5 % loss', async () => {
    begin({ delayMs: 40, jitterMs: 15, lossPercent: 5, duplicatePercent: 2 })
    const [anna, ben] = (await driving('Anna', 'Ben', 'Cem')) as [Convoy, Convoy]
    await world.clock.run(35_000)
    const report = await examined(await fileOf(anna, ben))
    expect(report).toMatchObject({ authentic: true, category: 'ramming', clipMs: 20_000, appeal: null })
    expect(report.subject).toMatchObject({ id: anna.self.id, name: 'Anna' })
    expect(report.reporter.id).toBe(ben.self.id)
    const subject = subjectOf(report)
    const { proved, word, altered } = counted(subject)
    expect(altered).toBe(0)
    expect(proved).toBeGreaterThan(40)
    expect(subject.digests.altered).toBe(0)
    // What was lost on the way was signed all the same.
    expect(subject.missing).toBeGreaterThan(0)
    const unproved = subject.samples.filter(({ proof }) => proof === 'word')
    expect(Math.min(...unproved.map(({ atMs }) => atMs))).toBeGreaterThan(20_000 - 6_000)
    expect(word).toBe(unproved.length)
    expect(subject.samples.every(({ state }) => Math.abs(state.x - 10) < 0.01)).toBe(true)
    expect(report.members.map(({ name, role }) => [name, role])).toEqual([
      ['Anna', 'subject'],
      ['Ben', 'reporter'],
      ['Cem', 'other'],
    ])
  })

  it('[EVD-1] holds the last minute, and of a member that left or came back as another process as well', async () => {
    const [anna, ben] = (await driving('Anna', 'Ben')) as [Convoy, Convoy]
    const dora = await world.join('Dora', anna.invite)
    drive(dora)
    await world.clock.run(70_000)
    expect(subjectOf(await examined(await fileOf(anna, ben, { seconds: 60 }))).samples[0]?.atMs).toBeLessThan(
      500,
    )
    stopDriving.splice(0).forEach((stop) => stop())
    await world.clock.complete(dora.close())
    const again = await world.join('Dora', anna.invite)
    drive(again)
    await world.clock.run(5_000)
    const report = await examined(await fileOf(dora, ben, { seconds: 30 }))
    const processes = report.members.filter(({ role }) => role === 'subject')
    expect(processes).toHaveLength(2)
    expect(counted(processes[0]!).proved).toBeGreaterThan(40)
  })

  it('[EVD-4] proves chat and the messages of the embedding program, also of who is out of sight', async () => {
    const [anna, ben] = (await driving('Anna', 'Ben')) as [Convoy, Convoy]
    const cem = await world.join('Cem', anna.invite, { vehicleClass: null })
    await world.clock.run(10_000)
    cem.sendChat('You drive like my grandmother.')
    await world.clock.run(14_000)
    cem.sendChat('And she is dead.')
    await world.clock.run(1_000)
    const report = await examined(await fileOf(cem, ben, { category: 'chat' }))
    expect(subjectOf(report).messages).toMatchObject([
      { channel: 'chat', text: 'You drive like my grandmother.', proof: 'proved' },
      { channel: 'chat', text: 'And she is dead.', proof: 'word' },
    ])
    expect(replayReport(report).happenings.filter(({ type }) => type === 'said')).toHaveLength(2)
    // Nobody else's words are in it.
    anna.sendChat('Quiet.')
    await world.clock.run(1_000)
    const later = await examined(await fileOf(cem, ben))
    expect(later.members.flatMap(({ messages }) => messages.map(({ text }) => text))).not.toContain('Quiet.')
  })

  it('[EVD-2] is asked of the eight nearest within 300 m, and no longer of who drove off', async () => {
    const names = Array.from({ length: 11 }, (_, index) => `M${index}`)
    const convoys = await world.convoy(names[0]!, ...names.slice(1))
    const place = (convoy: Convoy, z: number): void => {
      const state = emptyVehicleState()
      convoy.setVehicle({ ...state, x: 1, z })
    }
    // Who is asked already counts as a fifth nearer.
    convoys.forEach((convoy, index) => place(convoy, index <= 7 ? index * 40 : index * 50))
    await world.clock.run(20_000)
    const provedOf = async (): Promise<string[]> => {
      const others: ExaminedReport[] = []
      for (const convoy of convoys.slice(1))
        others.push(await examined(await fileOf(convoy, convoys[0]!, { seconds: 8 })))
      return others.filter((each) => subjectOf(each).digests.valid > 0).map(({ subject }) => subject.name)
    }
    expect(await provedOf()).toEqual(['M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'M7'])
    place(convoys[1]!, 4_000)
    await world.clock.run(20_000)
    expect(await provedOf()).toEqual(['M2', 'M3', 'M4', 'M5', 'M6', 'M7'])
  })

  it('is neither kept nor asked for where the option is false, and signed for others all the same', async () => {
    const anna = await world.host('Anna', { evidence: false })
    const ben = await world.join('Ben', anna.invite)
    drive(anna)
    drive(ben)
    await world.clock.run(20_000)
    expect(counted(subjectOf(await examined(await fileOf(anna, ben)))).proved).toBeGreaterThan(40)
    await expect(fileOf(ben, anna)).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('a report whose evidence was altered', () => {
  it('[EVD-8] is shown as altered where the reporter changed a sample before signing', async () => {
    const [anna, ben] = await sideBySide()
    const file = await resigned(await fileOf(anna, ben), world, world.identity('Ben'), (body) => {
      const subject = body.members[0]!
      const samples = subject.samples.slice()
      // A bit of the position of the first sample: three bytes of lead, three of time.
      samples[3 + 3 + 3]! ^= 1
      return { ...body, members: [{ ...subject, samples }, ...body.members.slice(1)] }
    })
    const report = await examined(file)
    expect(report.authentic).toBe(true)
    expect(counted(subjectOf(report)).altered).toBe(1)
    expect(subjectOf(report).samples[0]!.proof).toBe('altered')
  })

  it('[EVD-8] shows samples that the reporter made up, or moved to another time, as altered', async () => {
    const [anna, ben] = await sideBySide()
    const original = await fileOf(anna, ben)
    const moved = await resigned(original, world, world.identity('Ben'), (body) => {
      const [subject, ...others] = body.members
      const samples = subject!.samples.slice()
      // The lowest bit of its time, which is signed along.
      samples[3 + 2]! ^= 1
      return { ...body, members: [{ ...subject!, samples }, ...others] }
    })
    expect(counted(subjectOf(await examined(moved))).altered).toBe(1)
    const swapped = await resigned(original, world, world.identity('Ben'), (body) => {
      const [subject, reporter] = body.members
      // The reporter's own motion passed off as the subject's.
      return { ...body, members: [{ ...subject!, samples: reporter!.samples }] }
    })
    expect(counted(subjectOf(await examined(swapped))).altered).toBeGreaterThan(40)
  })

  it('[EVD-8] makes its samples the reporter’s word, and says so, where digests are forged or of another reporter', async () => {
    const [anna, ben] = await sideBySide()
    const original = await fileOf(anna, ben)
    const forged = await resigned(original, world, world.identity('Ben'), (body) => {
      const [subject, ...others] = body.members
      const digests = subject!.digests.map((digest) => {
        const changed = digest.slice()
        changed[changed.length - 70]! ^= 1
        return changed
      })
      return { ...body, members: [{ ...subject!, digests }, ...others] }
    })
    const report = await examined(forged)
    expect(subjectOf(report).digests).toMatchObject({ valid: 0 })
    expect(subjectOf(report).digests.altered).toBeGreaterThan(1)
    expect(counted(subjectOf(report))).toMatchObject({ proved: 0, altered: 0 })
    // Cem hands in as his own what was signed for Ben.
    const stolen = await resigned(original, world, world.identity('Cem'), (body) => ({
      ...body,
      reporter: {
        ...body.reporter,
        signKey: world.identity('Cem').signKey,
        boxKey: world.identity('Cem').boxKey,
      },
    }))
    expect(counted(subjectOf(await examined(stolen)))).toMatchObject({ proved: 0 })
  })

  it('[EVD-8] counts for nothing but what others signed where it was altered after signing', async () => {
    const [anna, ben] = await sideBySide()
    const original = await fileOf(anna, ben, { text: 'He pushed me.' })
    const word = new TextEncoder().encode('pushed')
    const altered = rewritten(original, (envelope) => {
      envelope.set(new TextEncoder().encode('kissed'), placeOf(word, envelope))
    })
    const report = await examined(altered)
    expect(report).toMatchObject({ authentic: false, text: 'He kissed me.' })
    const { proved, word: vouched, altered: count } = counted(subjectOf(report))
    expect(proved).toBeGreaterThan(40)
    expect([vouched, count > 0]).toEqual([0, true])
  })

  it('does not prove what a digest of an earlier hour names', async () => {
    const [anna, ben] = await sideBySide()
    const file = await fileOf(anna, ben)
    await world.clock.run(15 * 60_000)
    const later = await resigned(file, world, world.identity('Ben'), (body) => body)
    expect(counted(subjectOf(await examined(later)))).toMatchObject({ proved: 0 })
  })

  it('[EVD-6] is refused with a clear error where it can’t be read', async () => {
    const [anna, ben] = await sideBySide()
    const file = await fileOf(anna, ben)
    for (const [broken, message] of [
      [new Uint8Array(0), 'not a report'],
      [file.subarray(0, 9), 'cut short'],
      [file.subarray(0, file.length - 1), 'cut short'],
      [new Uint8Array([...file, 0]), 'cut short'],
      [new Uint8Array(2_000_000), 'at most'],
      [new Uint8Array([...file.subarray(0, 8), 2, ...file.subarray(9)]), 'version 2'],
    ] as const) {
      await expect(examined(broken)).rejects.toMatchObject({ code: 'report-malformed' })
      await expect(examined(broken)).rejects.toThrow(message)
    }
  })
})

describe('an appeal', () => {
  it('[EVD-10] is added by the subject, and shown as altered where anybody else wrote it', async () => {
    const [anna, ben] = await sideBySide()
    const file = await fileOf(anna, ben)
    const environment = { clock: world.clock, random: world.network.peer('Anna').random }
    const answered = await addAppeal(file, world.identity('Anna'), 'He cut in.', environment)
    expect(await examined(answered)).toMatchObject({
      authentic: true,
      appeal: { text: 'He cut in.', authentic: true },
    })
    const foreign = await addAppeal(file, world.identity('Ben'), 'I did it.', environment)
    expect(await examined(foreign)).toMatchObject({ authentic: true, appeal: { authentic: false } })
    // The answer to one report says nothing about another.
    const other = await fileOf(anna, ben, { text: 'Again.' })
    const { appeal } = readReportFile(answered)
    const moved = writeReportFile({ ...readReportFile(other), appeal })
    expect(await examined(moved)).toMatchObject({ appeal: { authentic: false } })
    await expect(addAppeal(file, world.identity('Anna'), '', environment)).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })
})

describe('the replay', () => {
  it('[EVD-9] says who came how near whom, who braked hard, and who moved as nothing can', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    drive(anna)
    // Ben overtakes, cuts in, brakes and vanishes to another city.
    const state = emptyVehicleState()
    const start = world.clock.now()
    let z = (-20 * start) / 1_000 + 30
    let speed = 30
    stopDriving.push(
      world.clock.every(20, () => {
        const seconds = (world.clock.now() - start) / 1_000
        if (seconds > 8 && speed > 10) speed -= 7 * 0.02
        z -= speed * 0.02
        Object.assign(state, { x: seconds > 15 ? 9_000 : 14, velocityZ: -speed, z })
        ben.setVehicle(state)
      }),
    )
    await world.clock.run(20_000)
    const file = await world.clock.complete(anna.encodeReport(ben.self.id, { category: 'reckless' }))
    const { happenings, seconds } = replayReport(await examined(file))
    const of = (type: string) => happenings.filter((each) => each.type === type)
    // Where the reporter was itself is its own word.
    expect(of('approached')[0]).toMatchObject({ who: ['Ben', 'Anna'], mayTouch: true, proof: 'word' })
    expect(of('braked')[0]).toMatchObject({ who: ['Ben'], proof: 'proved' })
    expect(of('jumped')).toMatchObject([{ who: ['Ben'] }])
    expect(of('accelerated')).toEqual([])
    const at = seconds.find(({ second }) => second === 25)
    expect(at?.vehicles.find(({ who }) => who === 'Anna')?.kmh).toBeCloseTo(72, 0)
  })
})

describe('a report', () => {
  it('[EVD-7] is handed in to the host beside driving, saved, and told of there', async () => {
    const saved: Uint8Array[] = []
    const anna = await world.host('Anna', { reports: { save: (file) => void saved.push(file) } })
    const ben = await world.join('Ben', anna.invite)
    const cem = await world.join('Cem', anna.invite)
    for (const convoy of [anna, ben, cem]) drive(convoy)
    const reports = recordOf(anna, 'report')
    await world.clock.run(30_000)
    const { id, file } = await world.clock.complete(
      ben.report(cem.self.id, { category: 'blocking', text: 'Won’t let me pass.' }),
    )
    expect(saved).toEqual([file])
    expect(reports).toMatchObject([
      {
        id,
        category: 'blocking',
        text: 'Won’t let me pass.',
        reporter: { id: ben.self.id, name: 'Ben' },
        subject: { name: 'Cem' },
      },
    ])
    expect(await examined(reports[0]!.file)).toMatchObject({ id, authentic: true })
  })

  it('[EVD-7] of the host itself is its own to keep, and waits for who listens later', async () => {
    const [anna, ben] = await sideBySide()
    await world.clock.complete(anna.report(ben.self.id, { category: 'other' }))
    const reports: TakenReport[] = recordOf(anna, 'report')
    expect(reports).toMatchObject([{ category: 'other', reporter: { id: anna.self.id } }])
  })

  it('[EVD-7] is refused to its reporter where the host can’t save it', async () => {
    const failing = { save: () => Promise.reject(new Error('disk full')) }
    const anna = await world.host('Anna', { reports: failing })
    const ben = await world.join('Ben', anna.invite)
    await world.clock.run(1_000)
    const error: unknown = await world.clock
      .complete(ben.report(anna.self.id, { category: 'other' }))
      .catch((cause: unknown) => cause)
    expect(isConvoyError(error, 'report-refused') && error.details).toEqual({ reason: 'not-saved' })
  })

  it('[EVD-7] can be made three times at once, then is refused by the reporter’s own side', async () => {
    const [anna, ben] = await sideBySide()
    for (let time = 0; time < 3; time++)
      await world.clock.complete(ben.report(anna.self.id, { category: 'other' }))
    await expect(ben.report(anna.self.id, { category: 'other' })).rejects.toMatchObject({
      code: 'rate-limited',
    })
  })

  it('needs a member, a category, a text and a length that are some', async () => {
    const [anna, ben] = (await driving('Anna', 'Ben')) as [Convoy, Convoy]
    for (const [id, options] of [
      ['nobody', { category: 'other' }],
      [ben.self.id, { category: 'other' }],
      [anna.self.id, { category: 'envy' }],
      [anna.self.id, { category: 'other', text: 'x'.repeat(1_001) }],
      [anna.self.id, { category: 'other', seconds: 61 }],
      [anna.self.id, { category: 'other', seconds: Number.NaN }],
    ] as [string, ReportOptions][]) {
      await expect(ben.encodeReport(id, options)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  it('is given up by closing, which leaves nothing', async () => {
    const [anna, ben] = await sideBySide()
    const sending = ben.report(anna.self.id, { category: 'other' }).catch((error: unknown) => error)
    await world.clock.run(100)
    stopDriving.splice(0).forEach((stop) => stop())
    await world.clock.complete(ben.close())
    expect(await world.clock.complete(sending)).toMatchObject({ code: 'closed' })
  })

  it('can be given up', async () => {
    const [anna, ben] = await sideBySide()
    const aborting = new AbortController()
    const sending = ben.report(anna.self.id, { category: 'other', signal: aborting.signal })
    aborting.abort()
    await expect(sending).rejects.toMatchObject({ code: 'aborted' })
  })
})
