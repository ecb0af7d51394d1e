import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentity, emptyVehicleState, joinConvoy } from '../../lib/index.ts'
import { decodeInvite } from '../../lib/identity/index.ts'
import { PeerBench } from '../rendezvous/libp2p/support.ts'
import { launchChromium, type LaunchedChromium } from '../support/chromium.ts'
import { bundleForPages, servePages } from '../support/pageBundle.ts'
import type {} from '../support/libp2pPage.ts'

const patience = { timeout: 20_000, interval: 50 }
const html = `<!doctype html><script type="module" src="/page.js"></script>`

describe('pages and Node by libp2p alone', () => {
  const bench = new PeerBench()
  let chromium: LaunchedChromium
  let server: Awaited<ReturnType<typeof servePages>>

  beforeAll(async () => {
    const { code } = await bundleForPages(join(import.meta.dirname, '../support/libp2pPage.ts'), {
      minify: true,
    })
    server = await servePages({
      '/': { type: 'text/html', body: html },
      '/page.js': { type: 'text/javascript', body: code },
    })
    chromium = await launchChromium()
  })

  afterAll(async () => {
    await chromium.close()
    await server.close()
    await bench.close()
  })

  async function openPage(): Promise<Page> {
    const page = await (await chromium.browser.newContext()).newPage()
    await page.goto(server.origin)
    await page.waitForFunction(() => 'member' in globalThis)
    return page
  }

  it('[P2P-8] [P2P-9] two pages and a Node peer meet over a relay, and link up directly', async () => {
    const relay = await bench.relay({ introduces: false })
    const [host, guest] = [await openPage(), await openPage()]
    const invite = await host.evaluate((relays) => globalThis.member.host(relays), relay.addresses)
    expect(decodeInvite(invite).hints).toEqual([
      expect.stringMatching(new RegExp(`^${relay.addresses[0]!}/p2p-circuit/p2p/12D3Koo`)),
    ])
    await guest.evaluate((text) => globalThis.member.join(text), invite)
    const identity = createIdentity()
    const convoy = await joinConvoy(invite, { name: 'Node', identity, rendezvous: bench.peer({ identity }) })
    try {
      convoy.setVehicle({ ...emptyVehicleState(), x: 300, y: 1, z: 7 })
      await host.evaluate(() => globalThis.member.drive(100))
      await guest.evaluate(() => globalThis.member.drive(200))
      const seen = async (): Promise<number[][]> => [
        await host.evaluate(() => globalThis.member.trucks()),
        await guest.evaluate(() => globalThis.member.trucks()),
        convoy.vehicles
          .sample()
          .map(({ state }) => Math.round(state.x))
          .sort((a, b) => a - b),
      ]
      await expect.poll(seen, patience).toEqual([
        [200, 300],
        [100, 300],
        [100, 200],
      ])
      // Nothing of it needs the relay any more.
      await relay.close()
      await host.evaluate(() => globalThis.member.drive(110))
      await expect
        .poll(async () => (await seen()).slice(1), patience)
        .toEqual([
          [110, 300],
          [110, 200],
        ])
    } finally {
      await convoy.close()
    }
    for (const page of [guest, host]) await page.evaluate(() => globalThis.member.close())
  })
})
