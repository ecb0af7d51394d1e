import { afterEach, describe, expect, it, vi } from 'vitest'
import { defaultConnector, loadEngine } from '../../lib/rtc/index.ts'

function missing(name: string): void {
  vi.doMock(name, () => {
    throw new Error(`Cannot find package '${name}'`)
  })
}

afterEach(() => {
  vi.doUnmock('node-datachannel/polyfill')
  vi.doUnmock('werift')
  vi.resetModules()
})

describe('the WebRTC engine of Node', () => {
  it('is node-datachannel unless another is asked for', async () => {
    expect((await loadEngine()).name).toBe('datachannel')
    expect((await loadEngine('werift')).name).toBe('werift')
    expect((await defaultConnector()).name).toBe('datachannel')
  })

  it('is werift where node-datachannel can not be loaded', async () => {
    missing('node-datachannel/polyfill')
    expect((await loadEngine('auto')).name).toBe('werift')
    await expect(loadEngine('datachannel')).rejects.toMatchObject({
      code: 'webrtc-missing',
      message: expect.stringContaining('install node-datachannel') as string,
    })
  })

  it('is missing, with a message that says what to do, where neither can', async () => {
    missing('node-datachannel/polyfill')
    missing('werift')
    await expect(loadEngine('auto')).rejects.toMatchObject({
      code: 'webrtc-missing',
      message: expect.stringContaining('install node-datachannel or werift') as string,
    })
    await expect(defaultConnector()).rejects.toMatchObject({ code: 'webrtc-missing' })
  })
})
