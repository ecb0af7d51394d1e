import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildLevelVendor } from '../../scripts/buildLevelVendor.ts'
import { buildBrowserVendor } from '../../scripts/buildBrowserVendor.ts'

describe('simple-peer as built for browsers', () => {
  let directory: string
  let code: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'openconvoy-vendor-'))
    await buildBrowserVendor(directory)
    code = await readFile(join(directory, 'simple-peer.js'), 'utf8')
  })

  afterAll(() => rm(directory, { recursive: true }))

  it('brings no polyfill of Node along: at most 6 kB gzipped, of 29.6 kB as published', () => {
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(6_000)
  })

  it('is an ES module that imports nothing', () => {
    expect(code).toMatch(/export ?\{ ?\w+ as default ?\}/)
    expect(code).not.toMatch(/\brequire\b|\bprocess\b|\bimport\b|module\.exports/)
  })

  it('carries its licence', async () => {
    expect(code).toMatch(/^\/\*! simple-peer .* MIT License\. Feross Aboukhadijeh/)
    const { version } = JSON.parse(await readFile('node_modules/simple-peer/package.json', 'utf8')) as {
      version: string
    }
    expect(code).toContain(`simple-peer ${version}`)
    expect(await readFile(join(directory, 'simple-peer.LICENSE'), 'utf8')).toContain(
      'Permission is hereby granted',
    )
  })
})

describe('level as built for browsers', () => {
  let directory: string
  let code: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'openconvoy-vendor-'))
    await buildLevelVendor(directory)
    code = await readFile(join(directory, 'level.js'), 'utf8')
  })

  afterAll(() => rm(directory, { recursive: true }))

  it('is an ES module that imports nothing, Node’s modules least of all', () => {
    expect(code).toMatch(/export ?\{ ?\w+ as Level ?\}/)
    expect(code).not.toMatch(/\brequire\(|^import\b|module\.exports/m)
  })

  it('brings no Buffer along: at most 17 kB gzipped, of 25 with it', () => {
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(17_000)
  })

  it('carries the licences of all that is in it', async () => {
    expect(code).toMatch(/^\/\*! level for browsers, MIT License/)
    const licences = await readFile(join(directory, 'level.LICENSE'), 'utf8')
    for (const name of ['abstract-level', 'browser-level', 'events', 'level-transcoder']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, 'm'))
    }
  })
})
