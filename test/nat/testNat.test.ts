import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../scripts/testNat.ts', import.meta.url))

/** Runs it where it finds no other program. */
function testNat(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--conditions=openconvoy-source', program, ...args],
      { env: { PATH: '/nowhere' } },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })
}

describe('npm run test:nat', () => {
  it('says what is missing where it can’t run, and succeeds', async () => {
    const { code, stdout } = await testNat()
    expect(stdout).toMatch(/^skipped: .*(Linux|root|program "ip" is missing)/)
    expect(code).toBe(0)
  })

  it('says so in one line of JSON with --json', async () => {
    const { stdout } = await testNat('--json')
    expect(JSON.parse(stdout)).toEqual({ skipped: expect.any(String) as string })
  })

  it('refuses options that it does not have', async () => {
    const { code, stderr } = await testNat('--nope')
    expect(code).toBe(2)
    expect(stderr).toContain('--nope')
  })
})
