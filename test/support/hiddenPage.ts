import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, CDPSession } from 'playwright-core'

/** A page nobody sees, as a tab in the background. */
export interface HiddenPage {
  /** The value of a script's last expression, promises awaited. */
  evaluate(expression: string): Promise<unknown>
  close(): Promise<void>
}

/** The part of the DevTools protocol's answers that is read here. */
interface Evaluated {
  result: { value?: unknown }
  exceptionDetails?: { exception?: { description?: string } }
}

/**
 * Opens `url` in a minimised window and waits until `ready` is true there. Playwright keeps every page it knows
 * visible and focused, so this one is opened behind its back, by the DevTools protocol.
 */
export async function openHiddenPage(browser: Browser, url: string, ready: string): Promise<HiddenPage> {
  const session = await browser.newBrowserCDPSession()
  const window = { newWindow: true, windowState: 'minimized' } as const
  const { targetId } = await session.send('Target.createTarget', { url, ...window })
  const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false })
  const page: HiddenPage = {
    evaluate: (expression) => evaluate(session, sessionId, expression),
    async close() {
      await session.send('Target.closeTarget', { targetId })
      await session.detach()
    },
  }
  while ((await page.evaluate(ready)) !== true) await delay(50)
  return page
}

let lastId = 0

async function evaluate(session: CDPSession, sessionId: string, expression: string): Promise<unknown> {
  const id = ++lastId
  const answer = new Promise<Evaluated>((resolve) => {
    const onMessage = (event: { message: string }): void => {
      const message = JSON.parse(event.message) as { id?: number; result: Evaluated }
      if (message.id !== id) return
      session.off('Target.receivedMessageFromTarget', onMessage)
      resolve(message.result)
    }
    session.on('Target.receivedMessageFromTarget', onMessage)
  })
  const params = { expression, awaitPromise: true, returnByValue: true }
  const message = JSON.stringify({ id, method: 'Runtime.evaluate', params })
  await session.send('Target.sendMessageToTarget', { sessionId, message })
  const { result, exceptionDetails } = await answer
  if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description)
  return result.value
}
