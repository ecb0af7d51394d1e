import { expect, it } from 'vitest'
import { bench } from './support/bench.ts'

it('the signaling benchmark runs all four services, and gives each figure beside the others', async () => {
  const { code, stdout } = await bench('signaling', '--quick', '--json')
  expect(code).toBe(0)
  const { figures } = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
    figures: { name: string; value: number; baselines: Record<string, number> }[]
  }
  expect([...new Set(figures.map(({ name }) => name))]).toEqual([
    'connectionsHeld',
    'bytesPerConnection',
    'relaysPerSecond',
    'cpuPerRelayUs',
    'relayP50Ms',
    'relayP99Ms',
  ])
  for (const { name, value, baselines } of figures) {
    expect(Object.keys(baselines)).toEqual(['ws', 'peer', 'y-webrtc'])
    // What a small process takes grows by pages, and hardly for a hundred connections.
    if (name !== 'bytesPerConnection')
      for (const each of [value, ...Object.values(baselines)]) expect(each).toBeGreaterThan(0)
  }
  const [held] = figures
  expect([held!.value, ...Object.values(held!.baselines)]).toEqual([100, 100, 100, 100])
}, 120_000)
