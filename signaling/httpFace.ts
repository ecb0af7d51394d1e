import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { DoorRefusal } from './doorKeeper.ts'
import type { SignalingStats } from './service.ts'

const securityHeaders = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/** Answers what is not a WebSocket: `/healthz` for monitoring, and a word to people who look in. */
export function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  stats: () => SignalingStats,
): void {
  const path = request.url?.split('?')[0]
  // Nobody has anything to upload here; reading on would only cost.
  request.resume()
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...securityHeaders, Allow: 'GET, HEAD', Connection: 'close' }).end()
  } else if (path === '/healthz') {
    response
      .writeHead(200, { ...securityHeaders, 'Content-Type': 'application/json' })
      .end(JSON.stringify({ status: 'ok', ...stats() }))
  } else if (path === '/') {
    response
      .writeHead(200, { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' })
      .end(
        'This is an OpenConvoy signaling service. Put its ws:// or wss:// address into a program that uses OpenConvoy.\n',
      )
  } else {
    response
      .writeHead(404, { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' })
      .end('Not found.\n')
  }
}

const refusals: Record<DoorRefusal, string> = {
  full: '503 Service Unavailable',
  closing: '503 Service Unavailable',
  'too-many': '429 Too Many Requests',
}

/** Turns a WebSocket away before it is one. */
export function refuseUpgrade(socket: Duplex, reason: DoorRefusal): void {
  socket.end(
    `HTTP/1.1 ${refusals[reason]}\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n`,
  )
}
