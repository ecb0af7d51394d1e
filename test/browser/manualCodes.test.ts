import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as library from '../../lib/index.ts'
import { createConnector, joinConvoy, loadEngine, manualCodes } from '../../lib/index.ts'
import { launchChromium, type LaunchedChromium } from '../support/chromium.ts'
import { bundleForPages, servePages } from '../support/pageBundle.ts'

declare global {
  var openconvoy: typeof library
  var codes: library.ManualCodes
  var convoy: library.Convoy | undefined
}

const html = `<!doctype html><script type="module">
globalThis.openconvoy = await import('/openconvoy.js')
globalThis.codes = openconvoy.manualCodes()
</script>`

/** What every text meets on its way: a chat that quotes, wraps and decorates. */
function chat(text: string): string {
  return `> “${text.replace(/.{70}/g, '$&\n> ')}”, she wrote`
}

describe('manual codes between pages and Node', () => {
  let chromium: LaunchedChromium
  let server: Awaited<ReturnType<typeof servePages>>

  beforeAll(async () => {
    const { code } = await bundleForPages(join(import.meta.dirname, '../../lib/index.ts'))
    server = await servePages({
      '/': { type: 'text/html', body: html },
      '/openconvoy.js': { type: 'text/javascript', body: code },
    })
    chromium = await launchChromium()
  })

  afterAll(async () => {
    await chromium.close()
    await server.close()
  })

  async function openPage(): Promise<Page> {
    const page = await (await chromium.browser.newContext()).newPage()
    await page.goto(`${server.origin}/`)
    await page.waitForFunction(() => 'codes' in globalThis)
    return page
  }

  /** The host's answer to an offer. */
  const answerOf = (host: Page, offer: string): Promise<string> =>
    host.evaluate(async (text) => {
      const taken = await globalThis.codes.take(text)
      return taken.kind === 'offer' ? taken.answer : taken.kind
    }, offer)

  it('[MAN-1] two pages and a Node peer meet by texts alone, over real links', async () => {
    const [host, guest] = await Promise.all([openPage(), openPage()])
    const call = await host.evaluate(async () => {
      const { hostConvoy } = globalThis.openconvoy
      globalThis.convoy = await hostConvoy({ name: 'Anna', rendezvous: globalThis.codes, password: 'diesel' })
      return globalThis.codes.call(globalThis.convoy.invite)
    })
    const offer = await guest.evaluate(async (text) => {
      const taken = await globalThis.codes.take(text)
      const made = new Promise<string>((resolve) => globalThis.codes.on('code', (code) => resolve(code.text)))
      const { joinConvoy } = globalThis.openconvoy
      if (taken.kind !== 'call') throw new Error('A call is what the host posts.')
      void joinConvoy(taken.invite, { name: 'Ben', password: 'diesel', rendezvous: globalThis.codes }).then(
        (convoy) => (globalThis.convoy = convoy),
      )
      return made
    }, chat(call))
    const answer = await answerOf(host, chat(offer))
    await guest.evaluate((text) => globalThis.codes.take(text), chat(answer))
    await guest.waitForFunction(() => globalThis.convoy !== undefined)

    // Of Node's engines the one that is sure to wait for the fingerprint: see test/convoy/manualCodes.test.ts.
    const connector = createConnector(await loadEngine('werift'))
    const codes = manualCodes()
    const taken = await codes.take(chat(call))
    if (taken.kind !== 'call') return expect.unreachable('it was a call')
    const made = new Promise<string>((resolve) => codes.on('code', ({ text }) => resolve(text)))
    const joining = joinConvoy(taken.invite, {
      name: 'Cem',
      password: 'diesel',
      rendezvous: codes,
      connector,
    })
    const second = await made
    await codes.take(chat(await answerOf(host, chat(second))))
    const convoy = await joining
    try {
      expect(convoy.members.map(({ name }) => name)).toEqual(['Anna', 'Ben', 'Cem'])
      const names = (page: Page): Promise<string[] | undefined> =>
        page.evaluate(() => globalThis.convoy?.members.map(({ name }) => name))
      await expect.poll(() => names(guest)).toEqual(['Anna', 'Ben', 'Cem'])
      await expect.poll(() => convoy.stats().links.length).toBe(2)
      // [MAN-10]
      for (const text of [call, offer, answer, second]) expect(text.length).toBeLessThan(1_900)
    } finally {
      await convoy.close()
      await codes.close()
    }
  })
})
