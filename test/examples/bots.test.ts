import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FleetReport } from '../../examples/bots/report.ts'
import { startProgram } from '../support/program.ts'

const main = 'examples/bots/main.ts'
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openconvoy-bots-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A recorded drive that speeds up and slows down, with the noise of a receiver. */
async function recordedDrive(): Promise<string> {
  const rows = Array.from({ length: 300 }, (_, index) => {
    const speed = 12 + 4 * Math.sin(index / 20) + (index % 3) * 0.05
    return `${1_631_521_503 + index / 10},${speed.toFixed(2)},0.5`
  })
  const path = join(folder, 'drive.csv')
  await writeFile(path, ['epoch,speed,hdop', ...rows].join('\n'))
  return path
}

describe('npm run bots', () => {
  it.each([
    ['datachannel', []],
    ['werift', []],
    ['auto', ['--processes']],
  ])(
    'drives three real peers on %s %j and prints one line of JSON',
    async (engine, more) => {
      const args = [
        '--count',
        '3',
        '--seconds',
        '3',
        '--engine',
        engine,
        '--drive',
        await recordedDrive(),
        '--json',
        ...more,
      ]
      using bots = startProgram(main, args)
      expect(await bots.ended, bots.errors).toBe(0)
      const lines = bots.output.trimEnd().split('\n')
      expect(lines).toHaveLength(1)
      const report = JSON.parse(lines[0]!) as FleetReport
      expect(report).toMatchObject({ members: 3, links: 3, errors: [] })
      expect(report.updatesSent).toBeGreaterThan(0)
      // All arrive but those under way when counting began and ended: a round of three bots' updates at either end.
      expect(Math.abs(report.updatesSent - report.updatesReceived)).toBeLessThanOrEqual(2 * 6)
      expect(report.drawnPercent).toBe(100)
      expect(report.positionErrorCm.p99).toBeLessThan(50)
    },
    60_000,
  )

  it('impairs the path below the links and stays within half a metre of the truth', async () => {
    const args = [
      '--count',
      '5',
      '--seconds',
      '8',
      '--delay',
      '50',
      '--jitter',
      '10',
      '--loss',
      '5',
      '--json',
    ]
    using bots = startProgram(main, args)
    expect(await bots.ended, bots.errors).toBe(0)
    const report = JSON.parse(bots.output) as FleetReport
    expect(report).toMatchObject({ links: 10, errors: [] })
    // Five percent were to be lost, so that some were shows that the impairment is real. At four updates a second it takes
    // this many bots: of the 120 that three send in 5 s, 3 runs of 144 lost none, or as many as were under way at the start.
    expect(report.deliveryPercent).toBeLessThan(99.5)
    expect(report.positionErrorCm.p99).toBeLessThan(50)
  }, 60_000)

  it('tells the line of a bad row in a drive file and fails', async () => {
    const path = join(folder, 'bad.csv')
    await writeFile(path, 'epoch,speed\n0,1\n1,nan\n')
    using bots = startProgram(main, ['--drive', path, '--json'])
    expect(await bots.ended).toBe(1)
    expect(bots.output).toBe('')
    expect(bots.errors).toMatch(/^Line 3 of the drive has "nan" for speed/)
  })

  it('tells what is wrong with its command line and fails', async () => {
    using bots = startProgram(main, ['--route', 'calais-atlantis', '--engine', 'none'])
    expect(await bots.ended).toBe(2)
    expect(bots.errors).toMatch(/--engine takes auto, datachannel, werift/)
  })

  it.each([
    ['while they gather', 0],
    ['while they measure', 6_000],
  ])('stops cleanly on Ctrl-C %s', async (_, afterMs) => {
    using bots = startProgram(main, ['--count', '2', '--seconds', '600'])
    await bots.printed(/^Join them with openconvoy:/)
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    bots.kill('SIGINT')
    expect(await bots.ended, bots.errors).toBe(130)
    expect(bots.errors).toBe('')
  })
})
