import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import { openStore } from '../../lib/store/index.ts'
import { writtenBan, writtenReport } from './writer.ts'

/** Deaths, of which each costs a start of Node. */
const deaths = 8
/** Lines of the writer before it is killed, at most: from its first write to what fills several blocks of the log. */
const mostLines = 60

it('a process killed in the middle of writing loses nothing that was said to be stored', async () => {
  const path = await mkdtemp(join(tmpdir(), 'openconvoy-kill-'))
  const random = seededRandom(11)
  let next = 0
  for (let death = 0; death < deaths; death++) {
    const lines = 1 + Math.floor(random.next() * mostLines)
    const stored = await writeUntilKilled(path, next, lines)
    expect(stored.length).toBeGreaterThanOrEqual(lines)

    const messages: string[] = []
    const ignore = (): void => {}
    const logger = { debug: ignore, info: ignore, warn: ignore, error: (text: string) => messages.push(text) }
    const store = await openStore({ path, logger })
    expect(messages).toEqual([])
    const bans = await store.bans.list()
    // All that was said to be stored, and at most the one that was being written.
    next += stored.length
    expect(bans.slice(0, next)).toEqual(Array.from({ length: next }, (_, number) => writtenBan(number)))
    expect(bans.length - next).toBeOneOf([0, 1])
    for (const number of stored) {
      const { summary, file } = writtenReport(number)
      expect(await store.reports.read(summary.id)).toEqual(file)
    }
    next = bans.length
    await store.close()
  }
  await rm(path, { recursive: true })
})

it('two processes can not have one store open', async () => {
  const path = await mkdtemp(join(tmpdir(), 'openconvoy-kill-'))
  const store = await openStore({ path })
  await expect(writeUntilKilled(path, 0, 1)).rejects.toThrow(/store-locked/)
  await store.close()
  await rm(path, { recursive: true })
})

/** Kills a process that writes, after it said `lines` times that something is stored; what it said. */
async function writeUntilKilled(path: string, from: number, lines: number): Promise<number[]> {
  const writer = spawn(
    process.execPath,
    ['--conditions=openconvoy-source', join(import.meta.dirname, 'writer.ts'), path, String(from)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let errors = ''
  writer.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const closed = once(writer, 'close')
  const stored: number[] = []
  for await (const line of createInterface(writer.stdout)) {
    stored.push(Number(line))
    if (stored.length === lines) writer.kill('SIGKILL')
  }
  await closed
  if (stored.length < lines) throw new Error(errors)
  return stored
}
