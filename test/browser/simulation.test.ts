import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium, type LaunchedChromium } from '../support/chromium.ts'
import { bundleForPages, servePages } from '../support/pageBundle.ts'
import { convoyOnBadNetwork } from '../testing/guide/convoyOnBadNetwork.ts'

const html = `<!doctype html><script type="module">
const { convoyOnBadNetwork } = await import('/guide.js')
globalThis.simulate = convoyOnBadNetwork
</script>`

declare global {
  var simulate: typeof convoyOnBadNetwork
}

let chromium: LaunchedChromium
let server: Awaited<ReturnType<typeof servePages>>

beforeAll(async () => {
  const { code } = await bundleForPages(join(import.meta.dirname, '../testing/guide/convoyOnBadNetwork.ts'))
  server = await servePages({
    '/': { type: 'text/html', body: html },
    '/guide.js': { type: 'text/javascript', body: code },
  })
  chromium = await launchChromium()
})

afterAll(async () => {
  await chromium.close()
  await server.close()
})

it('a simulated convoy runs in a page bit for bit as in Node', async () => {
  const page = await chromium.browser.newPage()
  await page.goto(server.origin)
  await page.waitForFunction(() => typeof globalThis.simulate === 'function')
  for (const seed of [7, 8]) {
    const inPage = await page.evaluate((given) => globalThis.simulate(given), seed)
    expect(inPage).toEqual(await convoyOnBadNetwork(seed))
  }
})
