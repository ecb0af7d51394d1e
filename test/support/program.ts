import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Readable } from 'node:stream'

/** A program of the repository that a test runs as its users do. */
export interface RunningProgram {
  /** Everything printed on standard output so far. */
  readonly output: string
  /** Everything printed on standard error so far. */
  readonly errors: string
  /** Resolves once `pattern` was printed on standard output; rejects when the program ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** The same for standard error. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  readonly pid: number | undefined
  /** The exit code, once it ended. */
  readonly ended: Promise<number | null>
  kill(signal: NodeJS.Signals): void
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Runs `file` (from the repository's root) from the sources. It is killed when the test is over. */
export function startProgram(file: string, args: readonly string[] = []): RunningProgram & Disposable {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(
    process.execPath,
    ['--conditions=openconvoy-source', file, ...args],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
  )
  const streams = { output: '', errors: '' }
  const watchers = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    streams.output += text
    for (const look of [...watchers]) look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    streams.errors += text
    for (const look of [...watchers]) look()
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const appears = (where: keyof typeof streams, pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(streams[where])
        if (match === null) return
        watchers.delete(look)
        resolve(match)
      }
      watchers.add(look)
      look()
      void ended.then((code) =>
        reject(
          new Error(
            `${file} ended with ${code} without printing ${pattern}:\n${streams.output}${streams.errors}`,
          ),
        ),
      )
    })
  return {
    get output() {
      return streams.output
    },
    get errors() {
      return streams.errors
    },
    ended,
    printed: (pattern) => appears('output', pattern),
    said: (pattern) => appears('errors', pattern),
    pid: child.pid,
    kill: (signal) => void child.kill(signal),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
