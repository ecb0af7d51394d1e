import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isWildcard, urlHost } from './addresses.ts'
import { requestMs } from './constants.ts'
import { listen, resolveHost } from './listen.ts'
import { createMetrics, type Metrics, type ObservedService } from './metrics.ts'
import type { MetricsOptions } from './service.ts'

/** More than the monitoring of any service asks at a time. */
const mostConnections = 16

/** Serves metrics on a port of their own. */
export class MetricsPort {
  readonly url: string
  readonly #server: Server
  readonly #metrics: Metrics

  private constructor(url: string, server: Server, metrics: Metrics) {
    this.url = url
    this.#server = server
    this.#metrics = metrics
  }

  /** @throws ConvoyError `port-in-use`, `not-permitted` or `invalid-argument`. */
  static async start(options: MetricsOptions, observed: ObservedService): Promise<MetricsPort> {
    const host = await resolveHost(options.host ?? '127.0.0.1')
    const server = createServer({ headersTimeout: requestMs, requestTimeout: requestMs })
    server.maxConnections = mostConnections
    await listen(server, host, options.port)
    const metrics = createMetrics(observed)
    server.on('request', (request, response) => {
      request.resume()
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { Allow: 'GET, HEAD', Connection: 'close' }).end()
      } else if (request.url?.split('?')[0] === '/metrics') {
        metrics.text().then(
          (text) => response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text),
          () => response.writeHead(500).end(),
        )
      } else {
        response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Try /metrics.\n')
      }
    })
    const { port } = server.address() as AddressInfo
    const name = isWildcard(host) ? '127.0.0.1' : host
    return new MetricsPort(`http://${urlHost(name)}:${port}/metrics`, server, metrics)
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
    this.#metrics.close()
  }
}
