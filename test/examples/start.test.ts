import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { DemoResult } from '../../examples/start/demo.ts'
import { startProgram } from '../support/program.ts'

const main = 'examples/start/main.ts'

const figures = [
  'members',
  'pageServed',
  'links',
  'updatesSent',
  'updatesReceived',
  'positionErrorCm',
  'joinMs',
  'kbpsUpPerPeer',
]

describe('npm start', () => {
  it('ends by itself with exactly one line of JSON', async () => {
    using demo = startProgram(main, ['--seconds', '2', '--json'])
    expect(await demo.ended, demo.errors).toBe(0)
    expect(demo.output.trimEnd().split('\n')).toHaveLength(1)
    const result = JSON.parse(demo.output) as DemoResult
    expect(Object.keys(result)).toEqual(figures)
    expect(result).toMatchObject({ members: 8, pageServed: true, links: 28 })
    expect(result.updatesReceived).toBeGreaterThan(0)
    expect(result.positionErrorCm.p99).toBeLessThan(50)
    expect(result.joinMs.p99).toBeGreaterThan(0)
    expect(result.kbpsUpPerPeer).toBeGreaterThan(0)
  }, 60_000)

  it('runs without any service, by libp2p, and says the same figures', async () => {
    using demo = startProgram(main, ['--rendezvous', 'libp2p', '--seconds', '2', '--json'])
    expect(await demo.ended, demo.errors).toBe(0)
    const result = JSON.parse(demo.output) as DemoResult
    expect(Object.keys(result)).toEqual(figures)
    expect(result).toMatchObject({ members: 8, pageServed: true, links: 28 })
    expect(result.updatesReceived).toBeGreaterThan(0)
  }, 60_000)

  it('prints the address of its page and a table of players, and stops cleanly on Ctrl-C', async () => {
    using demo = startProgram(main)
    const [, url] = await demo.printed(/(http:\/\/127\.0\.0\.1:\d+)/)
    await demo.printed(/player.*ping.*distance.*speed.*position error/)
    await demo.printed(/Ada +host/)
    const page = await fetch(url!)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(await page.text()).toContain('<title>OpenConvoy</title>')
    expect((await fetch(`${url}/../package.json`)).status).toBe(404)
    demo.kill('SIGINT')
    expect(await demo.ended, demo.errors).toBe(130)
    // No colours and no cursor movements where nothing can be redrawn.
    expect(demo.output).not.toContain('\u001B')
  }, 60_000)

  it('says what to do when its port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    using demo = startProgram(main, ['--port', String(port)])
    expect(await demo.ended).toBe(1)
    expect(demo.errors).toContain(`Port ${port} is taken by another program: choose another one with --port.`)
    await new Promise((resolve) => other.close(resolve))
  }, 60_000)
})
