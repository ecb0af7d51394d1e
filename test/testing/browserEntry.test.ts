import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bundleForPages } from '../support/pageBundle.ts'

describe('openconvoy/testing in pages', () => {
  it('reaches none of the modules of Node', async () => {
    const { code, imports, modules } = await bundleForPages(
      join(import.meta.dirname, '../../lib/testing/index.ts'),
    )
    expect([...modules.keys()].filter((id) => id.includes('browser-external:'))).toEqual([])
    expect(code).not.toMatch(/["'`]node:/)
    expect(imports).toEqual([])
  })

  describe('without setImmediate', () => {
    afterEach(() => {
      vi.unstubAllGlobals()
      vi.resetModules()
    })

    it('still lets promise chains finish between timers', async () => {
      vi.stubGlobal('setImmediate', undefined)
      vi.resetModules()
      const { SimulatedClock } = await import('../../lib/testing/index.ts')
      const clock = new SimulatedClock()
      const log: string[] = []
      clock.after(1, () => {
        let chain = Promise.resolve()
        for (let step = 0; step < 1_000; step++) chain = chain.then(() => {})
        void chain.then(() => log.push('chain'))
      })
      clock.after(2, () => log.push('timer'))
      await clock.run(10)
      expect(log).toEqual(['chain', 'timer'])
    })
  })
})
