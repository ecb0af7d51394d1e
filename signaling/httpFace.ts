import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { DoorRefusal } from './doorKeeper.ts'
import type { SignalingState, SignalingStats } from './service.ts'

const securityHeaders = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/** What answers ask. */
export interface HttpFace {
  readonly state: () => SignalingState
  readonly stats: () => SignalingStats
}

/**
 * Answers what is not a WebSocket: `/healthz` for monitoring, `/readyz` for load balancers, and a word to people who look in.
 */
export function answerHttp(request: IncomingMessage, response: ServerResponse, face: HttpFace): void {
  const path = request.url?.split('?')[0]
  // Nobody has anything to upload here; reading on would only cost.
  request.resume()
  const json = (status: number, body: object): void => {
    response.writeHead(status, { ...securityHeaders, 'Content-Type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  const text = (status: number, body: string): void => {
    response.writeHead(status, { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' }).end(body)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...securityHeaders, Allow: 'GET, HEAD', Connection: 'close' }).end()
  } else if (path === '/healthz') {
    // Healthy also while it drains: nobody is to kill it for that.
    json(200, { status: face.state() === 'ready' ? 'ok' : face.state(), ...face.stats() })
  } else if (path === '/readyz') {
    json(face.state() === 'ready' ? 200 : 503, { status: face.state() })
  } else if (path === '/') {
    text(
      200,
      'This is an OpenConvoy signaling service. Put its ws:// or wss:// address into a program that uses OpenConvoy.\n',
    )
  } else {
    text(404, 'Not found.\n')
  }
}

const refusals: Record<DoorRefusal, string> = {
  full: '503 Service Unavailable',
  closing: '503 Service Unavailable',
  'too-many': '429 Too Many Requests',
}

/** Turns a WebSocket away before it is one. */
export function refuseUpgrade(socket: Duplex, reason: DoorRefusal): void {
  refuse(socket, refusals[reason], 'Retry-After: 5\r\n')
}

/** Turns away what is no proper request for a WebSocket, or no proper HTTP. */
export function refuseMalformed(socket: Duplex): void {
  if (socket.writable) refuse(socket, '400 Bad Request')
  else socket.destroy()
}

function refuse(socket: Duplex, status: string, headers = ''): void {
  // Whoever does not hang up then must not stay.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n${headers}Content-Length: 0\r\n\r\n`)
}
