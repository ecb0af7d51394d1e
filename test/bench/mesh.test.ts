import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import mesh from '../../bench/mesh.ts'

// Not every machine lets its users have a network of their own.
const hasNamespaces = spawnSync('unshare', ['--map-root-user', '--net', 'true']).status === 0

it.skipIf(!hasNamespaces)(
  'the mesh benchmark counts what a small convoy sends on real WebRTC, and leaves nothing running',
  async () => {
    const figures = await mesh.run({ quick: true })
    expect(figures.map(({ name }) => name)).toEqual(['kbpsUpPerPeer', 'cpuPercentPerPeer', 'errorP99Cm'])
    for (const { value, baselines } of figures) {
      expect(value).toBeGreaterThan(0)
      expect(baselines.json).toBeGreaterThan(0)
    }
    // JSON at 20 Hz to two others is some 80 kbps to each before any header.
    expect(figures[0]?.baselines.json).toBeGreaterThan(150)
  },
  120_000,
)
