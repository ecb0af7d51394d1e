import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { extname } from 'node:path'
import type { AddressInfo } from 'node:net'
import { ConvoyError } from 'openconvoy'
import type { PageFiles } from './bundlePage.ts'

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
}

/** Only our own files, and connections to signaling services; the worker is the one core's timers tick from. */
const headers = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

/** Serves the page on this machine only. */
export class PageServer {
  readonly #server: Server
  #files: PageFiles = new Map()
  #closing: Promise<void> | undefined

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => answer(this.#files, request, response))
  }

  /**
   * Listens; there is nothing to see until {@link PageServer.serve} says what.
   * @param port - 0 for any free one.
   * @throws ConvoyError `port-in-use`.
   */
  static async start(port: number): Promise<PageServer> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const isTaken = cause.code === 'EADDRINUSE'
        const message = `Port ${port} is taken by another program: choose another one with --port.`
        reject(isTaken ? new ConvoyError('port-in-use', message, { cause }) : cause)
      })
      server.listen(port, '127.0.0.1', resolve)
    })
    return new PageServer(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  serve(files: PageFiles): void {
    this.#files = files
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
    return this.#closing
  }
}

function answer(files: PageFiles, request: IncomingMessage, response: ServerResponse): void {
  // A name that was made to point here belongs to somebody else's page: it shall not read the invite.
  const host = request.headers.host?.replace(/:\d+$/, '')
  if (host !== '127.0.0.1' && host !== 'localhost') return end(response, 421)
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405)
  const path = request.url?.replace(/\?.*$/, '') ?? '/'
  const name = path === '/' ? '/index.html' : path
  const content = files.get(name)
  if (content === undefined) return end(response, 404)
  const type = contentTypes[extname(name)] ?? 'application/octet-stream'
  response.writeHead(200, { ...headers, 'content-type': type })
  response.end(request.method === 'HEAD' ? undefined : content)
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, headers).end()
}

/** Whether the page and its script really come over HTTP from `url`. */
export async function isPageServed(url: string): Promise<boolean> {
  const page = await fetch(url)
  if (!page.ok) return false
  const script = /<script[^>]* src="([^"]+)"/.exec(await page.text())?.[1]
  if (script === undefined) return false
  const code = await fetch(new URL(script, url))
  return code.ok && (await code.text()).length > 0
}
