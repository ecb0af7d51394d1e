import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findFirefox, openInFirefox } from '../support/firefox.ts'
import { bundleForPages } from '../support/pageBundle.ts'

const firefox = findFirefox()

/** Serves a page that runs `code`, and the test vectors; gives what the page posts. */
async function serve(code: string): Promise<{ url: string; result: Promise<unknown>; close: () => void }> {
  const vectors = await readFile(join(import.meta.dirname, '../vehicle/vectors.json'))
  const files = new Map<string, [type: string, body: string | Buffer]>([
    ['/', ['text/html', '<!doctype html><script type="module" src="/page.js"></script>']],
    ['/page.js', ['text/javascript', code]],
    ['/vectors.json', ['application/json', vectors]],
  ])
  let resolve: (result: unknown) => void = () => undefined
  const promise = new Promise<unknown>((settle) => (resolve = settle))
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '')
    if (file !== undefined) response.writeHead(200, { 'content-type': file[0] }).end(file[1])
    else response.writeHead(request.method === 'POST' ? 204 : 404).end()
    if (request.url !== '/result') return
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    result: promise,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

// Playwright drives a Firefox of its own only; a page that says what it found needs nothing to drive it.
it.skipIf(firefox === undefined)(
  '[VEH-10] [VEH-13] [VEH-40] Firefox codes and predicts vehicles as Node does, bit for bit (skipped where none is installed)',
  async () => {
    const { code } = await bundleForPages(join(import.meta.dirname, '../support/firefoxPage.ts'))
    const page = await serve(code)
    const end = await openInFirefox(firefox ?? '', page.url)
    try {
      expect(await page.result).toEqual({
        differences: [],
        agent: expect.stringContaining('Firefox') as string,
      })
    } finally {
      await end()
      page.close()
    }
  },
  60_000,
)
