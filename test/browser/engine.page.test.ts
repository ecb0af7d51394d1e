import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSystemClock, isConvoyError } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import { createConnector, defaultConnector, loadEngine } from '../../lib/rtc/index.ts'

describe('the WebRTC engine of a browser', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('is what a page gets without asking', async () => {
    expect((await loadEngine()).name).toBe('browser')
    expect((await defaultConnector()).name).toBe('browser')
  })

  it('shows the addresses of this machine as names only, which the other side may take', async () => {
    const engine = await loadEngine()
    expect(engine.acceptsMdnsCandidates).toBe(true)
    const candidates: string[] = []
    const connection = createConnector(engine).connect({
      initiator: true,
      attempt: 0,
      iceServers: [],
      handlers: {
        signal: (signal: Signal) => {
          if (signal.type === 'candidate') candidates.push(signal.candidate)
        },
        open: () => undefined,
        control: () => undefined,
        state: () => undefined,
        closed: () => undefined,
      },
    })
    await expect.poll(() => candidates.length, { timeout: 10_000 }).toBeGreaterThan(0)
    connection.close()
    for (const candidate of candidates) {
      expect(candidate).toMatch(/ [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local \d+ typ host/)
    }
  })

  it('is missing with a message that says what to do where the browser has none', async () => {
    vi.stubGlobal('RTCPeerConnection', undefined)
    const error: unknown = await loadEngine().catch((caught: unknown) => caught)
    expect(isConvoyError(error, 'webrtc-missing')).toBe(true)
    expect((error as Error).message).toMatch(/allow WebRTC in the settings/)
  })

  it('is the only one: asking for one of Node says so', async () => {
    const error: unknown = await loadEngine('werift').catch((caught: unknown) => caught)
    expect(isConvoyError(error, 'webrtc-missing')).toBe(true)
    expect((error as Error).message).toMatch(/werift runs in Node only/)
  })

  it('closes without a trace before anything was negotiated', async () => {
    const closed: string[] = []
    const connection = (await defaultConnector()).connect({
      initiator: false,
      attempt: 0,
      iceServers: [],
      handlers: {
        signal: () => closed.push('signal'),
        open: () => undefined,
        control: () => undefined,
        state: () => undefined,
        closed: (reason) => closed.push(reason),
      },
    })
    connection.close()
    connection.close()
    const clock = createSystemClock()
    await new Promise<void>((resolve) => void clock.after(100, resolve))
    expect(closed).toEqual(['local'])
  })
})
