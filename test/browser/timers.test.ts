import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as coreModule from '../../lib/core/index.ts'
import { launchChromium, type LaunchedChromium } from '../support/chromium.ts'
import { openHiddenPage } from '../support/hiddenPage.ts'
import { bundleForPages, servePages } from '../support/pageBundle.ts'

declare global {
  var core: typeof coreModule
}

const html = `<!doctype html><script type="module">
addEventListener('securitypolicyviolation', (event) => { globalThis.violated = event.effectiveDirective })
globalThis.core = await import('/core.js')
</script>`

/** Ticks every 50 ms for 3 s of a clock and, beside it, of the page's own timers. */
async function countTicks(): Promise<{ visibility: string; clock: number; page: number }> {
  const clock = globalThis.core.createSystemClock()
  const ticks = { clock: 0, page: 0 }
  const cancel = clock.every(50, () => ticks.clock++)
  const interval = setInterval(() => ticks.page++, 50)
  await globalThis.core.sleep(clock, 3_000)
  cancel()
  clearInterval(interval)
  return { visibility: document.visibilityState, ...ticks }
}

/** The order in which timers of several delays ran, and whether one ran before it was due. */
async function runTimers(): Promise<{ order: number[]; early: boolean }> {
  const clock = globalThis.core.createSystemClock()
  const start = clock.now()
  const order: number[] = []
  let early = false
  const run = (delayMs: number): Promise<void> =>
    globalThis.core.sleep(clock, delayMs).then(() => {
      order.push(delayMs)
      early ||= clock.now() - start < delayMs
    })
  clock.after(20, () => order.push(-1))()
  await Promise.all([300, 0, 150, 40].map(run))
  return { order, early }
}

describe('the clock in a page', () => {
  let chromium: LaunchedChromium
  let server: Awaited<ReturnType<typeof servePages>>

  beforeAll(async () => {
    const { code } = await bundleForPages(join(import.meta.dirname, '../../lib/core/index.ts'))
    const csp = `default-src 'self' 'unsafe-inline'`
    server = await servePages({
      '/': { type: 'text/html', body: html },
      '/strict': { type: 'text/html', body: html, headers: { 'content-security-policy': csp } },
      '/core.js': { type: 'text/javascript', body: code },
    })
    chromium = await launchChromium({
      // Switches by which Playwright keeps hidden pages from being slowed.
      withoutDefaultArgs: [
        '--disable-background-timer-throttling',
        '--disable-renderer-backgrounding',
        '--disable-backgrounding-occluded-windows',
      ],
    })
  })

  afterAll(async () => {
    await chromium.close()
    await server.close()
  })

  async function openPage(path: string): Promise<Page> {
    const page = await chromium.browser.newPage()
    await page.goto(server.origin + path)
    await page.waitForFunction(() => 'core' in globalThis)
    return page
  }

  it('ticks from one worker, which it ends when nothing waits any more', async () => {
    const page = await openPage('/')
    expect(page.workers()).toHaveLength(0)
    expect(await page.evaluate(runTimers)).toEqual({ order: [0, 40, 150, 300], early: false })
    expect(await page.evaluate(runTimers)).toEqual({ order: [0, 40, 150, 300], early: false })
    expect(page.workers()).toHaveLength(1)
    await expect.poll(() => page.workers().length, { timeout: 20_000, interval: 100 }).toBe(0)
    expect(await page.evaluate(runTimers)).toEqual({ order: [0, 40, 150, 300], early: false })
    await page.close()
  })

  it('loses no timer where the policy of the page forbids the worker', async () => {
    const page = await openPage('/strict')
    expect(await page.evaluate(runTimers)).toEqual({ order: [0, 40, 150, 300], early: false })
    expect(await page.evaluate('violated')).toBe('worker-src')
    expect(page.workers()).toHaveLength(0)
    expect(await page.evaluate(runTimers)).toEqual({ order: [0, 40, 150, 300], early: false })
    await page.close()
  })

  it('keeps ticking in a hidden page, whose own timers slow to one a second', async () => {
    const page = await openHiddenPage(chromium.browser, `${server.origin}/`, `'core' in globalThis`)
    const ticks = (await page.evaluate(`(${countTicks.toString()})()`)) as Awaited<
      ReturnType<typeof countTicks>
    >
    expect(ticks.visibility).toBe('hidden')
    expect(ticks.page).toBeLessThan(10)
    // 60 on a machine at rest.
    expect(ticks.clock).toBeGreaterThan(30)
    await page.close()
  })
})
