import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// What a project gets that installs the package: built and packed from this tree, unpacked beside its dependencies.

const repository = resolve(import.meta.dirname, '../..')
const execute = promisify(execFile)
/** Building takes seconds, on a busy machine a minute; nothing here is about speed. */
const patience = 240_000

/** Runs a program; where it fails, the error shows everything it said. */
async function run(program: string, args: string[], cwd: string): Promise<string> {
  const { stdout } = await execute(program, args, { cwd }).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  })
  return stdout
}

interface Manifest {
  files: string[]
  dependencies: Record<string, string>
}

let root: string
let consumer: string
let packed: string[]

beforeAll(async () => {
  const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest
  root = mkdtempSync(join(tmpdir(), 'openconvoy-package-'))
  const source = join(root, 'source')
  consumer = join(root, 'consumer')
  const modules = join(consumer, 'node_modules')

  await run(process.execPath, ['scripts/build.ts', '--out', join(source, 'dist')], repository)
  for (const name of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'docs']) {
    cpSync(join(repository, name), join(source, name), { recursive: true })
  }
  const stdout = await run('npm', ['pack', '--json', '--ignore-scripts'], source)
  const [tarball] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]
  packed = tarball!.files.map(({ path }) => path)

  const installed = join(modules, 'openconvoy')
  mkdirSync(installed, { recursive: true })
  await run('tar', ['-xzf', join(source, tarball!.filename), '--strip-components=1'], installed)
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(repository, 'node_modules', name), join(modules, name), 'junction')
  }
  writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }')
}, patience)

afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

describe('the package', () => {
  it('holds the build, the documents and nothing else', () => {
    const roots = new Set(packed.map((path) => path.split('/')[0]))
    expect([...roots].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'package.json',
    ])
    expect(packed.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([])
    expect(packed).toContain('dist/vendor/simple-peer.LICENSE')
    expect(packed).toContain('dist/vendor/level.LICENSE')
    expect(packed.filter((path) => path.startsWith('docs/api'))).toEqual([])
  })

  it('can be imported in Node by each of its entry points', async () => {
    const script = `
      const [main, testing, signaling, store, libp2p] = await Promise.all(
        ['openconvoy', 'openconvoy/testing', 'openconvoy/signaling', 'openconvoy/store', 'openconvoy/libp2p'].map((name) => import(name)))
      console.log(typeof main.hostConvoy, typeof main.joinConvoy, typeof testing.SimulatedNetwork, typeof signaling.startSignaling, typeof store.openStore, typeof libp2p.libp2pRendezvous)`
    const stdout = await run(process.execPath, ['--input-type=module', '--eval', script], consumer)
    expect(stdout.trim()).toBe('function function function function function function')
  })

  it('has a command that says what it can do', async () => {
    const { bin } = JSON.parse(
      readFileSync(join(consumer, 'node_modules/openconvoy/package.json'), 'utf8'),
    ) as {
      bin: Record<string, string>
    }
    const command = join(consumer, 'node_modules/openconvoy', bin.openconvoy!)
    const stdout = await run(process.execPath, [command, '--help'], consumer)
    expect(stdout).toMatch(/signal/)
  })

  describe.each([
    { module: 'nodenext', lib: ['es2023'], types: ['node'], program: 'node.ts', from: 'in Node' },
    { module: 'preserve', lib: ['es2023', 'dom'], types: [], program: 'page.ts', from: 'under a bundler' },
  ])('$from', ({ module, lib, types, program }) => {
    it('type-checks, its own declarations included', { timeout: patience }, async () => {
      writeFileSync(join(consumer, program), types.length > 0 ? nodeProgram : pageProgram)
      const config = {
        compilerOptions: {
          module,
          lib,
          types,
          target: 'es2023',
          strict: true,
          skipLibCheck: false,
          noEmit: true,
        },
        files: [program],
      }
      const project = join(consumer, `tsconfig.${module}.json`)
      writeFileSync(project, JSON.stringify(config))
      const tsc = join(repository, 'node_modules/typescript/bin/tsc')
      expect(await run(process.execPath, [tsc, '--project', project], consumer)).toBe('')
    })
  })

  it('keeps its dependencies out of its root', () => {
    const main = join(consumer, 'node_modules/openconvoy/dist/lib/index.js')
    expect(readdirSync(dirname(main))).toContain('index.js')
    expect(readFileSync(main, 'utf8')).not.toMatch(/from ["'](?![./#])/)
  })
})

const pageProgram = `
import { createIdentity, joinConvoy, isConvoyError, type Convoy, type VehicleState } from 'openconvoy'
import { openStore } from 'openconvoy/store'
import { libp2pRendezvous, type Libp2pRendezvous } from 'openconvoy/libp2p'
import { createSystemClock, systemRandom } from 'openconvoy'

export async function drive(invite: string, state: VehicleState): Promise<Convoy | undefined> {
  try {
    const convoy = await joinConvoy(invite, { name: 'Ada', vehicleClass: 'truck' })
    const stop: () => void = convoy.on('memberJoined', ({ name }) => console.log(name.length))
    convoy.setVehicle(state)
    for (const { state: remote, opacity } of convoy.vehicles.sample()) console.log(remote.x + opacity)
    stop()
    return convoy
  } catch (error) {
    if (isConvoyError(error, 'password-wrong')) return undefined
    throw error
  }
}
export function rendezvous(): Libp2pRendezvous {
  const identity = createIdentity()
  return libp2pRendezvous({ identity, clock: createSystemClock(), random: systemRandom })
}
export async function fingerprint(): Promise<string> {
  const store = await openStore({ path: 'convoy' })
  return createIdentity({ seed: await store.identity.seed() }).fingerprint
}
// @ts-expect-error A name is a text.
void joinConvoy('', { name: 1 })
`
const nodeProgram = `${pageProgram}
import { startSignaling } from 'openconvoy/signaling'
import { SimulatedNetwork } from 'openconvoy/testing'

const service = await startSignaling({ port: 0, clock: createSystemClock(), random: systemRandom })
console.log(service.url.length, SimulatedNetwork.name)
await service.close()
`
