import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** The packages that a program loads which does `code`. */
async function loadedBy(code: string): Promise<string[]> {
  const program = `
    import { registerHooks } from 'node:module'
    const packages = new Set()
    registerHooks({
      load(url, context, next) {
        const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\/(?!.*node_modules)/.exec(url) ?? []
        if (name !== undefined) packages.add(name)
        return next(url, context)
      },
    })
    ${code}
    console.log(JSON.stringify([...packages]))`
  const args = ['--conditions=openconvoy-source', '--input-type=module', '-e', program]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as string[]
}

it('importing openconvoy loads nothing that only services need', async () => {
  const packages = await loadedBy("await import('openconvoy')")
  expect(packages).toContain('valibot')
  for (const name of ['pino', 'prom-client', 'ws']) expect(packages).not.toContain(name)
})

it('a service without metrics loads no prom-client, and no logger of its own', async () => {
  const start = (options: string): string => `
    const { startSignaling } = await import('openconvoy/signaling')
    await (await startSignaling(${options})).close()`
  const packages = await loadedBy(start('{}'))
  expect(packages).toContain('ws')
  for (const name of ['pino', 'prom-client']) expect(packages).not.toContain(name)
  expect(await loadedBy(start('{ metrics: { port: 0 } }'))).toContain('prom-client')
})
