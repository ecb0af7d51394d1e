import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const running: ChildProcessWithoutNullStreams[] = []
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openconvoy-codes-'))
})
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** A program that a person types into. */
function openconvoy(...args: string[]) {
  const child = spawn(
    process.execPath,
    ['--conditions=openconvoy-source', 'lib/cli/main.ts', 'codes', ...args, '--json'],
    { env: { ...process.env, NO_COLOR: '1' } },
  )
  running.push(child)
  const events: Record<string, unknown>[] = []
  let rest = ''
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) events.push(JSON.parse(line) as Record<string, unknown>)
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return {
    type: (text: string) => void child.stdin.write(text),
    kill: () => void child.kill('SIGINT'),
    ended,
    said: () => errors,
    async event(name: string, fits: (event: Record<string, unknown>) => boolean = () => true) {
      await expect
        .poll(() => events.find((event) => event.event === name && fits(event)), { timeout: 20_000 })
        .toBeDefined()
      return events.find((event) => event.event === name && fits(event)) ?? {}
    },
  }
}

describe('openconvoy codes', () => {
  // Once more where node-datachannel was too quick for itself: see test/convoy/manualCodes.test.ts.
  it(
    '[MAN-1] brings two terminals together by what their people paste, or by files',
    { retry: 2 },
    async () => {
      const host = openconvoy('host', '--name', 'Anna', '--password', 'diesel', '--out', folder)
      await host.event('code', ({ kind }) => kind === 'call')
      const guest = openconvoy(
        'join',
        `@${join(folder, 'openconvoy-call.txt')}`,
        '--name',
        'Ben',
        '--password',
        'diesel',
      )
      const offer = await guest.event('code', ({ kind }) => kind === 'offer')
      host.type('who are you?\n')
      expect(await host.event('refused')).toMatchObject({ code: 'code-malformed' })
      const file = join(folder, 'offer.txt')
      await writeFile(file, `${String(offer.text).replace(/.{50}/g, '$&\n')}\n`)
      host.type(`@${file}\n`)
      const answer = await host.event('code', ({ kind }) => kind === 'answer')
      expect(await readFile(String(answer.file), 'utf8')).toBe(`${String(answer.text)}\n`)
      guest.type(`here it is: ${String(answer.text)}\n`)
      expect(await guest.event('joined')).toMatchObject({ members: ['Anna', 'Ben'] })
      await host.event('memberJoined', ({ name }) => name === 'Ben')
      guest.kill()
      expect(await guest.ended).toBe(0)
      await host.event('memberLeft', ({ name }) => name === 'Ben')
      host.kill()
      expect(await host.ended).toBe(0)
    },
  )

  it('says what is wrong with a call, and ends', async () => {
    const program = openconvoy('join', 'no call', '--name', 'Ben')
    expect(await program.event('failed')).toMatchObject({ code: 'code-malformed' })
    expect(await program.ended).toBe(1)
    expect(program.said()).toContain('openconvoy-call-')
  })
})
