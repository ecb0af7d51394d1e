import { describe, expect, it } from 'vitest'
import type { Figure } from '../../bench/benchmark.ts'
import { bench } from './support/bench.ts'

describe('npm run bench', () => {
  it('ends with one line of JSON in the common language, and the codec keeps its promises', async () => {
    const { code, stdout } = await bench('codec', '--json', '--quick')
    expect(code).toBe(0)
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      bench: string
      machine: { cores: number }
      figures: Figure[]
    }
    expect(report.bench).toBe('codec')
    expect(report.machine.cores).toBeGreaterThan(0)
    const figure = (name: string, scenario: string): Figure => {
      const found = report.figures.find(
        (candidate) => candidate.name === name && candidate.scenario === scenario,
      )
      if (found === undefined) throw new Error(`There is no ${name} of ${scenario}.`)
      expect(Object.keys(found.baselines)).toEqual(['json', 'msgpack'])
      return found
    }
    for (const scenario of ['truck-trailer-10hz', 'truck-trailer-20hz']) {
      expect(figure('bitsPerUpdate', scenario).value).toBeLessThanOrEqual(20)
      // Half a step of 1/128 m along each axis is 0.68 cm; angles swing the tail by half a centimetre more.
      expect(figure('maxErrorCm', scenario).value).toBeLessThan(1)
      expect(figure('maxRearErrorCm', scenario).value).toBeLessThan(2)
    }
    expect(figure('encodeDecodePerSecond', '').value).toBeGreaterThan(0)
    expect(figure('heapGrowthBytes', '1000000-updates').unit).toBe('B')
  })
})
