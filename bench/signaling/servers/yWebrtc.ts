// The signaling server of y-webrtc, as it is: it listens to a port from the environment, and tells only people that it does.
import { createServer, type AddressInfo } from 'node:net'
import { listening } from './report.ts'

const probe = createServer()
await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
const { port } = probe.address() as AddressInfo
await new Promise((resolve) => probe.close(resolve))
process.env.PORT = String(port)
const isUp = new Promise<void>((resolve) => {
  console.log = () => resolve()
})
await import(new URL('../../../node_modules/y-webrtc/bin/server.js', import.meta.url).href)
await isUp
listening(port)
