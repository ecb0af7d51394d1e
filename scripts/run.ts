import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** The repository's root folder. */
export const repositoryRoot = join(import.meta.dirname, '..')

/** What a program that ran to its end came to. */
export interface Outcome {
  code: number
  /** Everything it printed, on both streams; empty where it printed straight to the terminal. */
  output: string
}

/** Runs a program of the repository's own dependencies to its end, its output kept or passed through. */
export function outcomeOf(
  program: string,
  args: readonly string[],
  output: 'keep' | 'pass' = 'keep',
): Promise<Outcome> {
  // Windows finds npm's .cmd launchers through a shell only; all arguments are this repository's own.
  const shell = process.platform === 'win32'
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: repositoryRoot,
      shell,
      stdio: ['ignore', output === 'keep' ? 'pipe' : 'inherit', output === 'keep' ? 'pipe' : 'inherit'],
      env: { ...process.env, PATH: pathWithDependencies() },
    })
    let text = ''
    const keep = (chunk: Buffer): void => {
      text += chunk.toString()
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, output: text }))
  })
}

/** Runs a program with its output passed through; the first that fails ends the whole script. */
export async function run(program: string, args: readonly string[]): Promise<void> {
  const { code } = await outcomeOf(program, args, 'pass')
  if (code !== 0) process.exit(code)
}

function pathWithDependencies(): string {
  const separator = process.platform === 'win32' ? ';' : ':'
  return [join(repositoryRoot, 'node_modules', '.bin'), process.env.PATH].join(separator)
}
