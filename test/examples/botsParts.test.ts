import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { countLinks, type BotSnapshot } from '../../examples/bots/bot.ts'
import { ErrorHistogram } from '../../examples/bots/errorHistogram.ts'
import { readBotsOptions } from '../../examples/bots/options.ts'
import { reportOf } from '../../examples/bots/report.ts'
import { readStartOptions } from '../../examples/start/options.ts'
import { Screen, type Terminal } from '../../examples/start/screen.ts'
import { renderTable } from '../../examples/start/table.ts'
import { UsageError } from '../../examples/support/arguments.ts'

const snapshotOf = (memberId: string, linkedTo: string[], more: Partial<BotSnapshot> = {}): BotSnapshot => ({
  memberId,
  linkedTo,
  updatesSent: 0,
  updatesReceived: 0,
  bytesSent: 0,
  positionErrors: [],
  drawsExpected: 0,
  draws: 0,
  measuredMs: 1_000,
  problems: [],
  ...more,
})

describe('error histograms', () => {
  it('give percentiles within one percent, over six orders of magnitude', () => {
    const histogram = new ErrorHistogram()
    const values = Array.from({ length: 1_000 }, (_, index) => 0.02 * 1.02 ** index)
    for (const value of values) histogram.add(value)
    for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
      const exact = values[Math.ceil(share * 1_000) - 1]!
      // What lies beyond the last bucket counts as it.
      if (exact < 1e8) expect(Math.abs(histogram.percentile(share)! / exact - 1)).toBeLessThan(0.01)
    }
  })

  it('add up across processes', () => {
    const [one, other, sum] = [new ErrorHistogram(), new ErrorHistogram(), new ErrorHistogram()]
    for (let value = 1; value <= 100; value++) (value % 2 ? one : other).add(value)
    sum.addPairs(one.toPairs())
    sum.addPairs(JSON.parse(JSON.stringify(other.toPairs())) as [number, number][])
    expect(sum.count).toBe(100)
    expect(sum.percentile(0.5)).toBeCloseTo(50, 0)
  })

  it('know nothing while empty, and take zero and the absurd', () => {
    const histogram = new ErrorHistogram()
    expect(histogram.percentile(0.5)).toBeUndefined()
    histogram.add(0)
    histogram.add(1e30)
    expect(histogram.percentile(0.5)).toBeLessThan(0.02)
    expect(histogram.percentile(1)).toBeGreaterThan(9e7)
  })
})

describe('the report of a fleet', () => {
  it('counts a link only when both ends have it open', () => {
    const snapshots = [snapshotOf('a', ['b', 'c']), snapshotOf('b', ['a']), snapshotOf('c', [])]
    expect(countLinks(snapshots)).toBe(1)
  })

  it('adds up what bots measured', () => {
    const pairs = new ErrorHistogram()
    pairs.add(10)
    const more = { updatesSent: 100, updatesReceived: 99, bytesSent: 1_000, drawsExpected: 10, draws: 9 }
    const positionErrors = pairs.toPairs()
    const snapshots = [
      snapshotOf('a', ['b'], { ...more, positionErrors }),
      snapshotOf('b', ['a'], { ...more, problems: ['b: was removed (kicked)'] }),
    ]
    const bots = snapshots.map((snapshot, index) => ({
      index,
      memberId: snapshot.memberId,
      name: snapshot.memberId,
      joinMs: index === 0 ? undefined : 120,
      startMeasuring: () => {},
      snapshot: () => Promise.resolve(snapshot),
      close: () => Promise.resolve(),
    }))
    const report = reportOf(bots, snapshots, ['c could not join: full'])
    expect(report).toMatchObject({
      members: 2,
      links: 1,
      joinMs: { p50: 120, p99: 120 },
      updatesSent: 200,
      updatesReceived: 198,
      deliveryPercent: 99,
      drawnPercent: 90,
      kbpsUpPerPeer: 8,
      errors: ['c could not join: full', 'b: was removed (kicked)'],
    })
    expect(report.positionErrorCm.p99).toBeCloseTo(10, 0)
  })
})

describe('command lines', () => {
  it('have the defaults that their help names', () => {
    expect(readBotsOptions([])).toMatchObject({
      count: 8,
      route: 'calais-berlin',
      seconds: 30,
      engine: 'auto',
    })
    expect(readStartOptions([])).toEqual({
      port: 0,
      seconds: undefined,
      json: false,
      rendezvous: 'service',
    })
  })

  it('end `npm start -- --json` by itself even without --seconds', () => {
    expect(readStartOptions(['--json'])?.seconds).toBeGreaterThan(0)
  })

  it('are undefined where help is asked for', () => {
    expect(readBotsOptions(['--help'])).toBeUndefined()
    expect(readStartOptions(['--help'])).toBeUndefined()
  })

  it.each([
    [['--count', '1'], /--count takes a number from 2 to 32/],
    [['--count', '2.5'], /whole number/],
    [['--count', 'many'], /--count/],
    [['--engine', 'chrome'], /auto, datachannel, werift/],
    [['--loss', '101'], /--loss/],
    [['--seconds', ''], /--seconds/],
    [['--delay', '5', '--jitter', '10'], /--jitter/],
  ])('refuse %j, saying what to write instead', (args, message) => {
    expect(() => readBotsOptions(args)).toThrow(message)
    expect(() => readBotsOptions(args)).toThrow(UsageError)
  })

  it('refuse options they do not know', () => {
    expect(() => readBotsOptions(['--fast'])).toThrow(/--fast/)
  })
})

describe('the table of players', () => {
  it('shows who is how far, how fast and how exactly seen, in columns', () => {
    const lines = renderTable([
      {
        slot: 0,
        name: 'Ada',
        note: 'host',
        pingMs: undefined,
        distance: undefined,
        speed: 20,
        errorCm: 0.84,
      },
      {
        slot: 11,
        name: 'Guest',
        note: 'spectator',
        pingMs: 1.26,
        distance: 40.4,
        speed: undefined,
        errorCm: undefined,
      },
    ])
    const plain = lines.map(stripVTControlCharacters)
    expect(plain[1]).toMatch(/^ +0 {2}Ada +host +– +– {2}72 km\/h +0\.8 cm$/)
    expect(plain[2]).toMatch(/^ +11 {2}Guest +spectator +1\.3 ms +40 m +– +–$/)
    expect(new Set(plain.map((line) => line.length)).size).toBe(1)
  })
})

describe('the screen', () => {
  const screenOn = (terminal: Omit<Terminal, 'write'>) => {
    const written: string[] = []
    const screen = new Screen({ ...terminal, write: (text) => void written.push(text) })
    return { screen, written }
  }

  it('is redrawn in place on a terminal, and gives the cursor back', () => {
    const { screen, written } = screenOn({ isTTY: true, columns: 80 })
    screen.show(['one', 'two'], 0)
    screen.show(['three', 'four'], 1)
    screen.end()
    expect(written[0]!.startsWith('\u001B[?25l')).toBe(true)
    expect(written[1]!.startsWith('\u001B[2A\r')).toBe(true)
    expect(written[1]).toContain('three')
    expect(written.at(-1)).toBe('\u001B[?25h')
  })

  it('cuts lines at the edge, and knows a width where the terminal tells none', () => {
    const narrow = screenOn({ isTTY: true, columns: 4 })
    narrow.screen.show(['\u001B[2mabcdef\u001B[22m'], 0)
    expect(stripVTControlCharacters(narrow.written[0]!).trim()).toBe('abcd')
    const silent = screenOn({ isTTY: true, columns: 0 })
    silent.screen.show(['abcdef'], 0)
    expect(silent.written[0]).toContain('abcdef')
  })

  it('prints now and then where nothing can be redrawn', () => {
    const { screen, written } = screenOn({ isTTY: false, columns: 80 })
    for (let now = 0; now < 10_000; now += 250) screen.show(['line'], now)
    screen.end()
    expect(written).toEqual(['line\n', 'line\n'])
  })
})
