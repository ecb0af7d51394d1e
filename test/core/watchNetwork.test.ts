import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { watchNetwork } from '../../lib/core/platform.ts'
import { watchNetwork as watchInPage } from '../../lib/core/platform.browser.ts'

vi.mock('node:os', () => ({ networkInterfaces: vi.fn(() => ({})) }))

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const having = (...addresses: string[]): void => {
  const infos = addresses.map((address) => ({ address, internal: false }) as NetworkInterfaceInfo)
  const loopback = { address: '127.0.0.1', internal: true } as NetworkInterfaceInfo
  vi.mocked(networkInterfaces).mockReturnValue({ lo: [loopback], eth0: infos })
}

describe('watching the network', () => {
  it('in Node tells of other addresses, not of the same in another order, nor of none, until cancelled', () => {
    vi.useFakeTimers()
    having('10.0.0.2', 'fd00::2')
    const onChange = vi.fn()
    const stop = watchNetwork(onChange)
    const after = (...addresses: string[]): number => {
      having(...addresses)
      vi.advanceTimersByTime(2_000)
      return onChange.mock.calls.length
    }
    expect(after('fd00::2', '10.0.0.2')).toBe(0)
    expect(after('10.0.0.2')).toBe(1)
    expect(after()).toBe(1)
    expect(after('10.0.0.2')).toBe(2)
    expect(after('192.168.1.2')).toBe(3)
    stop()
    expect(after('10.0.0.2')).toBe(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('in pages tells of being online again and of another connection, where the browser knows, until cancelled', () => {
    const page = new EventTarget()
    const connection = new EventTarget()
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
    vi.stubGlobal('navigator', { connection })
    const onChange = vi.fn()
    const stop = watchInPage(onChange)
    page.dispatchEvent(new Event('online'))
    connection.dispatchEvent(new Event('change'))
    expect(onChange).toHaveBeenCalledTimes(2)
    stop()
    page.dispatchEvent(new Event('online'))
    connection.dispatchEvent(new Event('change'))
    expect(onChange).toHaveBeenCalledTimes(2)
    vi.stubGlobal('navigator', {})
    watchInPage(onChange)()
  })
})
