import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Figure } from '../../bench/benchmark.ts'

const run = fileURLToPath(new URL('../../bench/run.ts', import.meta.url))

async function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const output = await promisify(execFile)(process.execPath, [
      '--conditions=openconvoy-source',
      run,
      ...args,
    ])
    return { code: 0, ...output }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

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
      expect(figure('bitsPerUpdate', scenario).value).toBe(288)
      // Half a step of 1/128 m along each axis is 0.68 cm; the tail has 2 cm more from 13 m of trailer pitch.
      expect(figure('maxErrorCm', scenario).value).toBeLessThan(1)
      expect(figure('maxRearErrorCm', scenario).value).toBeLessThan(3)
    }
    expect(figure('encodeDecodePerSecond', '').value).toBeGreaterThan(0)
    expect(figure('heapGrowthBytes', '10000-updates').unit).toBe('B')
  })

  it.each(['nope', '', 'codec --nope', 'codec codec', 'run', '../bench/codec'])(
    'says how it is used when asked for "%s", and exits with 2',
    async (request) => {
      const { code, stdout, stderr } = await bench(...request.split(' ').filter((word) => word !== ''))
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain('NAME is one of: codec')
    },
  )
})
