import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { MeshBench, talk } from '../signaling/mesh/support.ts'
import { clock } from '../signaling/support.ts'
import { sleep } from '../../lib/core/index.ts'
import { startProgram, type RunningProgram } from '../support/program.ts'

const bench = new MeshBench()
const running: (RunningProgram & Disposable)[] = []
const folders: string[] = []
afterEach(async () => {
  await bench.close()
  for (const program of running.splice(0)) {
    program[Symbol.dispose]()
    await program.ended
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

interface Listening {
  url: string
  libp2p: { id: string; addresses: string[] }
}

function signal(...args: string[]): RunningProgram & Disposable {
  const program = startProgram('lib/cli/main.ts', [
    'signal',
    '--port',
    '0',
    '--no-stun',
    '--host',
    '127.0.0.1',
    ...args,
  ])
  running.push(program)
  return program
}

async function started(...args: string[]): Promise<{ program: RunningProgram; listening: Listening }> {
  const program = signal('--libp2p', '--json', ...args)
  const [line] = await program.printed(/.*\n/)
  return { program, listening: JSON.parse(line) as Listening }
}

async function servicesOf(url: string): Promise<number> {
  const health = (await (await fetch(`${url.replace('ws', 'http')}/healthz`)).json()) as {
    mesh: { services: number }
  }
  return health.mesh.services
}

describe('openconvoy signal --libp2p', () => {
  it('[MSH-1] serves a joiner on one of five programs and a host on another, while two are killed', async () => {
    const first = await started()
    const { addresses } = first.listening.libp2p
    // A line, so that the third is in the middle: each knows the one before it.
    const line = [first]
    let before = addresses
    for (let count = 1; count < 5; count++) {
      const next = await started('--peers', before[0]!)
      line.push(next)
      before = next.listening.libp2p.addresses
    }
    const [host, second, middle, , last] = line.map(({ listening }) => listening.url)
    while ((await servicesOf(last!)) < 4) await sleep(clock, 100)
    const { sessionId } = await bench.host(host!, 'Over the hills')
    const joiner = bench.at(last!)
    while ((await joiner.list()).length === 0) await sleep(clock, 50)
    const joining = talk(joiner, sessionId, 'one')
    line[1]!.program.kill('SIGKILL')
    line[2]!.program.kill('SIGKILL')
    expect(await joining).toBe('echo one')
    expect(await talk(joiner, sessionId, 'two')).toBe('echo two')
    while ((await servicesOf(last!)) > 2) await sleep(clock, 50)
    expect(await talk(joiner, sessionId, 'three')).toBe('echo three')
    expect([second, middle]).not.toContain(undefined)
    line[4]!.program.kill('SIGINT')
    expect(await line[4]!.program.ended).toBe(0)
    const [, stopped] = line[4]!.program.output.trim().split('\n')
    expect(JSON.parse(stopped!)).toMatchObject({ event: 'stopped', stats: { mesh: { services: 2 } } })
  })
})

describe('a service outside of a mesh', () => {
  it('loads nothing of libp2p', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openconvoy-'))
    folders.push(folder)
    const script = join(folder, 'loads.mjs')
    const signaling = new URL('../../signaling/index.ts', import.meta.url).href
    await writeFile(
      script,
      `import { registerHooks } from 'node:module'
       registerHooks({ load(url, context, next) {
         if (/libp2p\\/(?!constants)|multiformats/.test(url)) console.log('loaded', url)
         return next(url, context)
       } })
       const { startSignaling } = await import(${JSON.stringify(signaling)})
       const service = await startSignaling({})
       await service.close()
       console.log('without')
       const other = await startSignaling({ mesh: {} })
       await other.close()
       console.log('with')`,
    )
    const program = startProgram(script)
    running.push(program)
    expect(await program.ended).toBe(0)
    const [without, both] = program.output.split('without\n')
    expect(without).toBe('')
    expect(both).toContain('/libp2p/')
  })
})
