import { spawn } from 'node:child_process'

/**
 * Runs a program to its end with `input`, and gives what it printed.
 * @throws Error with what it said, when it fails or is not there.
 */
export function command(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    let complaint = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    // It may end without reading what it is given; its exit code says why.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${[program, ...args].join(' ')} failed: ${complaint.trim() || `code ${code}`}`))
    })
  })
}
