// The least that a relay over `ws` can do: the first four bytes of a message say for whom it is. No limit, no check, no room.
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { listening } from './report.ts'

const clients = new Map<number, WebSocket>()
let next = 0

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
server.on('listening', () => listening((server.address() as AddressInfo).port))
server.on('connection', (socket) => {
  const number = next++
  clients.set(number, socket)
  socket.on('message', (data: Buffer) => clients.get(data.readUInt32BE(0))?.send(data))
  socket.on('error', () => undefined)
  socket.on('close', () => clients.delete(number))
  const hello = Buffer.alloc(4)
  hello.writeUInt32BE(number)
  socket.send(hello)
})
