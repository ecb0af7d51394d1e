import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import type { Convoy } from '../../lib/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { startProgram } from '../support/program.ts'

type PageGlobals = typeof globalThis & { readonly convoy: Convoy }

/** Where the page sees each truck, by member. */
const positionsIn = (page: Page): Promise<Record<string, [x: number, z: number]>> =>
  page.evaluate(() => {
    const { convoy } = globalThis as PageGlobals
    return Object.fromEntries(
      convoy.vehicles.sample().map(({ memberId, state }) => [memberId, [state.x, state.z]]),
    )
  })

const rowsIn = (page: Page): Promise<string[][]> =>
  page
    .locator('#members tr')
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)))

it('a page of a fresh demo joins over WebRTC and sees eight trucks move, then drives along', async () => {
  using demo = startProgram('examples/start/main.ts')
  const [, url] = await demo.printed(/(http:\/\/127\.0\.0\.1:\d+)/)
  const chromium = await launchChromium()
  try {
    const page = await chromium.browser.newPage({ viewport: { width: 1_280, height: 720 } })
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    await page.goto(url!)

    await page.getByText('8 trucks, 8 direct links').waitFor()
    const before = await positionsIn(page)
    expect(Object.keys(before)).toHaveLength(8)
    // Each drives at 60 km/h or more on average, apart from short stops: all move within seconds.
    await expect
      .poll(
        async () => {
          const now = await positionsIn(page)
          return Object.entries(before).filter(
            ([id, [x, z]]) => Math.hypot(now[id]![0] - x, now[id]![1] - z) > 5,
          ).length
        },
        { timeout: 20_000 },
      )
      .toBe(8)
    await expect.poll(async () => (await rowsIn(page)).length).toBe(9)
    expect((await rowsIn(page))[0]![0]).toBe('Ada (host)')
    await demo.printed(/Guest \d+ +spectator/)

    await page.getByRole('button', { name: 'Drive along' }).click()
    await page.getByText('9 trucks, 8 direct links').waitFor()
    await page.keyboard.down('ArrowUp')
    // The others see it as well: the host's table gives it a speed.
    await demo.printed(/Guest \d+ .* [1-9]\d* km\/h/)
    await page.getByLabel('Message to all').fill('Good morning')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('log').getByText('Good morning').waitFor()
    expect(problems).toEqual([])
  } finally {
    await chromium.close()
  }
}, 120_000)
