// The program that measures meshes: it runs in a network namespace of its own, so that all bytes there are the mesh's.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child, forkProgram } from '../processes/child.ts'
import { parentProcess } from '../processes/parent.ts'
import type { FromMembers, FromNetwork, MeshResult, MeshRun, ToMembers, ToNetwork } from './messages.ts'

/** Both processors work, and members of one process have links to the other's. */
const processes = 2

/** What is said to one of them is relative to this: the machine's monotonic clock, which all processes share. */
const startInMs = 200

const parent = parentProcess<FromNetwork>()
process.on('message', (message: ToNetwork) => {
  void parent.answer(run(message.run), (result) => ({ type: 'ran', result }))
})

openInterfaces()

/**
 * Engines take no address of the loopback interface, so there is another one; what goes to it from the same machine takes
 * the loopback interface all the same.
 */
function openInterfaces(): void {
  const ip = (...words: string[]): void =>
    void execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  ip('link', 'set', 'lo', 'up')
  ip('link', 'add', 'mesh0', 'type', 'veth', 'peer', 'name', 'mesh1')
  ip('address', 'add', '10.77.0.1/24', 'dev', 'mesh0')
  ip('link', 'set', 'mesh0', 'up')
  ip('link', 'set', 'mesh1', 'up')
}

/**
 * Bytes that the loopback interface sent so far. The kernel counts whole IP packets there, without a frame of Ethernet, since
 * there is none.
 */
function sentBytes(): number {
  const sentColumn = 8
  const [, columns = ''] = /^ *lo:(.*)$/m.exec(readFileSync('/proc/self/net/dev', 'utf8')) ?? []
  return Number(columns.trim().split(/\s+/)[sentColumn])
}

type Members = Child<ToMembers, FromMembers>

async function run(mesh: MeshRun): Promise<MeshResult> {
  const all = Array.from({ length: processes }, (): Members => {
    const program = forkProgram(new URL('./members.ts', import.meta.url))
    return new Child('A process of the mesh', program)
  })
  const ownerOf = (member: number): Members | undefined => all[member % processes]
  for (const one of all) {
    one.onMessage = (message) => {
      if (message.type !== 'signal') return false
      ownerOf(message.to)?.tell(message)
      return true
    }
  }
  try {
    const numbers = Array.from({ length: mesh.members }, (_, member) => member)
    await Promise.all(
      all.map((one) =>
        one.ask({ type: 'open', run: mesh, own: numbers.filter((m) => ownerOf(m) === one) }, 'opened'),
      ),
    )
    const atNs = (process.hrtime.bigint() + BigInt(startInMs) * 1_000_000n).toString()
    await Promise.all(all.map((one) => one.ask({ type: 'start', atNs }, 'started')))
    await sleep(mesh.warmUpMs)
    await Promise.all(all.map((one) => one.ask({ type: 'measure' }, 'measuring')))
    const before = { bytes: sentBytes(), at: performance.now() }
    await sleep(mesh.measureMs)
    const wireBytes = sentBytes() - before.bytes
    const elapsedMs = performance.now() - before.at
    const answers = await Promise.all(all.map((one) => one.ask({ type: 'report' }, 'reported')))
    return {
      wireBytes,
      elapsedMs,
      cpuMs: answers.reduce((sum, { report }) => sum + report.cpuMs, 0),
      errors: answers.flatMap(({ report }) => report.errors),
    }
  } finally {
    for (const one of all) one.end()
  }
}
