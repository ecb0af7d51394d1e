import { beforeAll, describe, expect, it } from 'vitest'
import { baselines, ours, type Contender } from '../../bench/baselines/index.ts'
import type { Figure } from '../../bench/benchmark.ts'
import clock from '../../bench/clock.ts'
import { cruiseCourse } from '../../bench/drives/index.ts'
import motion, { errorsOf } from '../../bench/motion.ts'
import { scenarios, watch, type Scenario } from '../../bench/motion/watch.ts'
import { pageOf } from '../../bench/page/page.ts'
import { errorAgainstBandwidth } from '../../bench/page/plots.ts'
import { reportOf } from '../../bench/report.ts'

const contenders = [ours, ...baselines]
const course = cruiseCourse(1)
const [usual] = scenarios as readonly [Scenario]
const perfect: Scenario = { name: 'perfect', delayMs: 0, jitterMs: 0, lossPercent: 0 }

describe('the motion benchmark', () => {
  let figures: Figure[]
  beforeAll(async () => {
    figures = await motion.run({ quick: true })
  }, 60_000)

  it('gives every figure of every scenario, beside all baselines', () => {
    for (const scenario of ['rtt100-loss5', 'rtt200-loss10']) {
      for (const name of ['errorP50Cm', 'errorP95Cm', 'errorP99Cm', 'worstStepCm', 'packetsPerSecond']) {
        const figure = figures.find((one) => one.name === name && one.scenario === scenario)
        expect(figure?.value).toBeGreaterThan(0)
        expect(Object.keys(figure?.baselines ?? {})).toEqual(
          expect.arrayContaining(['json', 'msgpack', 'colyseus', 'geckos', 'dis-fpw', 'dis-rvw']),
        )
        for (const value of Object.values(figure?.baselines ?? {})) expect(value).toBeGreaterThan(0)
      }
    }
  })

  it.each(contenders)('repeats every frame of $name for the same seed, and no other', async (contender) => {
    const frames = async (seed: number): Promise<readonly number[]> =>
      errorsOf(await watch(contender, course, usual, seed, 6_000))
    const once = await frames(1)
    expect(once.length).toBeGreaterThan(200)
    expect(await frames(1)).toEqual(once)
    expect(await frames(2)).not.toEqual(once)
  })

  // Metres at 13 m/s and less, as far as each can be wrong by what it is.
  const bounds: Record<string, [least: number, most: number]> = {
    ours: [0, 0.1],
    json: [0, 0.1],
    msgpack: [0, 0.1],
    // Up to 50 ms for the next patch, and 75 ms of easing.
    colyseus: [0.3, 2],
    // A buffer of 150 ms.
    geckos: [0.8, 2.6],
    'dis-fpw': [0.5, 1.1],
    'dis-rvw': [0.2, 1.1],
    'dis-fpw-10cm': [0.05, 0.2],
    'dis-rvw-10cm': [0.02, 0.2],
  }
  it.each(contenders)('shows $name at its best on a perfect network', async (contender: Contender) => {
    const [least, most] = bounds[contender.name] as [number, number]
    const worst = Math.max(...errorsOf(await watch(contender, course, perfect, 1, 10_000)))
    expect(worst).toBeGreaterThan(least)
    expect(worst).toBeLessThan(most)
  })

  it('is written down as a page with a table per scenario and a plot of all contenders', () => {
    const page = pageOf([reportOf('motion', figures)], { quick: true })
    for (const { name } of scenarios) expect(page).toContain(`**${name}**`)
    expect(page).not.toMatch(/NaN|undefined/)
    const plot = errorAgainstBandwidth(
      contenders.map(({ name }) => ({
        contender: name,
        scenario: usual.name,
        errorP99Cm: 10,
        packetsPerSecond: 10,
        payloadKbps: 5,
      })),
    )
    for (const { name } of contenders) expect(plot).toContain(`>${name}</text>`)
    expect(plot).not.toMatch(/NaN|undefined/)
  })
})

describe('the clock benchmark', () => {
  it('gives its figure beside the textbook’s', async () => {
    const [figure] = await clock.run({ quick: true })
    expect(figure).toMatchObject({ name: 'errorP99Ms', scenario: 'jitter20-loss5', unit: 'ms' })
    expect(figure?.value).toBeGreaterThan(0)
    expect(figure?.baselines.ntp).toBeGreaterThan(0)
  })
})
