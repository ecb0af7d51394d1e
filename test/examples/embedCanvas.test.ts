import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { build } from 'vite'
import { expect, it } from 'vitest'
import { emptyVehicleState, hostConvoy, inviteLink } from '../../lib/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { servePages, type ServedFile } from '../support/pageBundle.ts'

const folder = 'examples/embed/canvas'

/** What `npx vite build examples/embed/canvas` writes, as servers serve it. */
async function builtPage(): Promise<Record<string, ServedFile>> {
  await build({ configFile: join(folder, 'vite.config.ts'), logLevel: 'warn' })
  const out = '.cache/canvas'
  const files: Record<string, ServedFile> = {
    '/': { type: 'text/html', body: await readFile(join(out, 'index.html'), 'utf8') },
  }
  for (const name of await readdir(join(out, 'assets'))) {
    files[`/assets/${name}`] = {
      type: 'text/javascript',
      body: await readFile(join(out, 'assets', name), 'utf8'),
    }
  }
  return files
}

/** The middle of everything drawn on the map, in its pixels. */
const drawnAt = (page: Page): Promise<{ x: number; y: number } | undefined> =>
  page.locator('canvas').evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement
    const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height)
    let [count, x, y] = [0, 0, 0]
    for (let index = 0; index < width * height; index++) {
      if (data[4 * index + 3]! < 128) continue
      count++
      x += index % width
      y += Math.floor(index / width)
    }
    return count === 0 ? undefined : { x: x / count, y: y / count }
  })

it('the page joins by the invite behind its #, and its map shows the host’s truck move', async () => {
  const signaling = await startSignaling({})
  const pages = await servePages(await builtPage())
  const host = await hostConvoy({ name: 'Ada', rendezvous: signaling.url })
  const chromium = await launchChromium()
  try {
    const truck = { ...emptyVehicleState(), x: -30_243, y: 12, z: -4_986 }
    host.setVehicle(truck)
    const page = await chromium.browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))

    await page.goto(inviteLink(host.invite, pages.origin))
    await page.getByText('1 of 2 members on the map').waitFor()
    // The map opens on the first truck: pixel 300 of 600 is its middle.
    await expect.poll(async () => (await drawnAt(page))?.x).toBeCloseTo(300, -1)

    // 100 m east and 50 m north are 200 pixels to the right and 100 up.
    host.setVehicle({ ...truck, x: truck.x + 100, z: truck.z - 50 })
    await expect
      .poll(async () => (await drawnAt(page)) ?? { x: 0, y: 0 }, { timeout: 10_000 })
      .toEqual({ x: expect.closeTo(500, -1) as number, y: expect.closeTo(200, -1) as number })

    await host.close()
    expect(problems).toEqual([])
  } finally {
    await chromium.close()
    await host.close()
    await pages.close()
    await signaling.close()
  }
}, 60_000)

it('the page says what is wrong with its address when there is no invite in it', async () => {
  const pages = await servePages(await builtPage())
  const chromium = await launchChromium()
  try {
    const page = await chromium.browser.newPage()
    await page.goto(pages.origin)
    await page.getByRole('status').getByText('invite').waitFor()
  } finally {
    await chromium.close()
    await pages.close()
  }
}, 60_000)
