import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = fileURLToPath(new URL('../../../bench/run.ts', import.meta.url))

/** What `npm run bench -- …args` does. */
export async function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const output = await promisify(execFile)(process.execPath, [
      '--conditions=openconvoy-source',
      run,
      ...args,
    ])
    return { code: 0, ...output }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}
