import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import type * as openconvoyModule from '../../lib/index.ts'
import { createConnector, hostConvoy, loadEngine, type Connector, type Convoy } from '../../lib/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { launchChromium, type LaunchedChromium } from '../support/chromium.ts'
import { bundleForPages, servePages } from '../support/pageBundle.ts'
import { TestTurnServer } from '../support/turnServer.ts'

declare global {
  var openconvoy: typeof openconvoyModule
}

const clock = createSystemClock()
const html = `<!doctype html><script type="module">globalThis.openconvoy = await import('/openconvoy.js')</script>`

/** Joins with relays only, drives for a second, and gives what was told to others on the way. */
async function joinByRelay(invite: string): Promise<{ updates: number; signals: string[] }> {
  const { createConnector, emptyVehicleState, joinConvoy, loadEngine } = globalThis.openconvoy
  const connector = createConnector(await loadEngine('auto'))
  const signals: string[] = []
  const convoy = await joinConvoy(invite, {
    name: 'Ben',
    iceTransportPolicy: 'relay',
    connector: {
      name: connector.name,
      connect: (options) =>
        connector.connect({
          ...options,
          handlers: {
            ...options.handlers,
            signal(signal) {
              signals.push(JSON.stringify(signal))
              options.handlers.signal(signal)
            },
          },
        }),
    },
  })
  for (let step = 0; step < 20; step++) {
    convoy.setVehicle({ ...emptyVehicleState(), x: step, y: 1 })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { updatesSent } = convoy.stats()
  await convoy.close()
  return { updates: updatesSent, signals }
}

/** `connector` that offers two sockets of our own as candidates besides. */
function offering(connector: Connector, decoys: readonly { address: string; port: number }[]): Connector {
  return {
    name: connector.name,
    connect: (options) =>
      connector.connect({
        ...options,
        handlers: {
          ...options.handlers,
          signal(signal) {
            options.handlers.signal(signal)
            for (const { address, port } of signal.type === 'candidate' ? [] : decoys) {
              options.handlers.signal({
                type: 'candidate',
                attempt: signal.attempt,
                candidate: `candidate:7 1 udp 2122260223 ${address} ${port} typ host`,
                sdpMid: '0',
                sdpMLineIndex: 0,
                ...(signal.lane === undefined ? {} : { lane: signal.lane }),
              })
            }
          },
        },
      }),
  }
}

describe('a page with relays only', () => {
  let chromium: LaunchedChromium
  let server: Awaited<ReturnType<typeof servePages>>
  let turn: TestTurnServer
  let service: SignalingService

  beforeAll(async () => {
    const { code } = await bundleForPages(join(import.meta.dirname, '../../lib/index.ts'))
    server = await servePages({
      '/': { type: 'text/html', body: html },
      '/openconvoy.js': { type: 'text/javascript', body: code },
    })
    chromium = await launchChromium()
    turn = await TestTurnServer.start({ secret: 'a secret' })
    service = await startSignaling({
      clock,
      random: systemRandom,
      turn: { urls: [turn.url], secret: 'a secret' },
    })
  }, 60_000)

  afterAll(async () => {
    await chromium.close()
    await server.close()
    await service.close()
    await turn.close()
  })

  it('[NAT-21] [NAT-22] tells no address and sends to nobody but the TURN server', async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal }) => !internal)
      .map(({ address }) => address)
    const seen = new Set<string>()
    const decoys = await Promise.all(
      ['127.0.0.1', ...own.filter((address) => /^[\d.]+$/.test(address)).slice(0, 1)].map(async (address) => {
        const socket = createSocket('udp4')
        socket.on('message', (_message, from) => void seen.add(`${from.address}:${from.port}`))
        await new Promise<void>((resolve) => socket.bind(0, address, resolve))
        return { address, port: socket.address().port, close: () => socket.close() }
      }),
    )
    const connector = offering(createConnector(await loadEngine('datachannel')), decoys)
    const host: Convoy = await hostConvoy({ name: 'Anna', rendezvous: service.url, connector })
    const page = await chromium.browser.newPage()
    const frames: Buffer[] = []
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => frames.push(Buffer.from(payload))),
    )
    try {
      await page.goto(server.origin)
      await page.waitForFunction(() => 'openconvoy' in globalThis)
      const joined = await page.evaluate(joinByRelay, host.invite)
      await sleep(clock, 200)
      expect(joined.updates).toBeGreaterThan(0)
      expect(host.stats().updatesReceived).toBeGreaterThan(0)
      const told = joined.signals.join('\n')
      expect(told).toContain(' typ relay')
      expect(told).not.toMatch(/ typ (?:host|srflx|prflx)|\.local/)
      for (const address of own) expect(told).not.toContain(address)
      // Sealed, so nothing of an address could be read there even by the service.
      expect(frames.length).toBeGreaterThan(2)
      for (const frame of frames) for (const address of own) expect(frame.includes(address)).toBe(false)
      expect(seen.size).toBeGreaterThan(0)
      for (const from of seen) expect(turn.relays).toContain(from)
    } finally {
      await page.close()
      await host.close()
      for (const decoy of decoys) decoy.close()
    }
  }, 60_000)
})
