// Everything that holds besides the tests: `npm run check`, or `npm run check -- types lint` for some of it.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { outcomeOf, repositoryRoot, type Outcome } from './run.ts'

const packFolder = join(repositoryRoot, '.cache', 'pack')

interface Step {
  name: string
  promise: string
  run: () => Promise<Outcome>
  /** Can't run when the step `build` failed. */
  needsBuild?: boolean
  /** Prints what it found even when all is well. */
  tells?: boolean
}

/** In this order: what fails most often and fastest first, what needs the build after it. */
const steps: readonly Step[] = [
  { name: 'types', promise: 'it type-checks', run: () => outcomeOf('tsc', []) },
  {
    name: 'lint',
    promise: 'it keeps the house rules',
    run: () => outcomeOf('eslint', ['--max-warnings=0', '.']),
  },
  { name: 'format', promise: 'it is formatted', run: () => outcomeOf('prettier', ['--check', '.']) },
  { name: 'build', promise: 'it builds and packs', run: buildAndPack },
  {
    name: 'publint',
    needsBuild: true,
    promise: 'its package.json is right',
    run: () => outcomeOf('publint', ['--strict', tarball()]),
  },
  {
    name: 'attw',
    needsBuild: true,
    promise: 'its types resolve for everyone who can load it',
    // ESM only, on purpose: CommonJS consumers have `import()` or Node's `require(esm)`.
    run: () => outcomeOf('attw', ['--profile', 'esm-only', '--no-emoji', tarball()]),
  },
  {
    name: 'api',
    needsBuild: true,
    promise: 'its public face is the recorded one',
    run: () => script('apiReport.ts'),
  },
  {
    name: 'size',
    needsBuild: true,
    promise: 'it stays small in browsers',
    run: () => script('measureBrowserEntry.ts'),
    tells: true,
  },
  {
    name: 'docs',
    promise: 'its documentation is whole',
    run: () => outcomeOf('typedoc', ['--emit', 'none']),
  },
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. Steps: ${steps.map((step) => step.name).join(', ')}.`)
  process.exit(2)
}

const failed: string[] = []
for (const { name, promise, run, needsBuild, tells } of steps) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  if (needsBuild === true && failed.includes('build')) continue
  const startedAt = performance.now()
  const { code, output } = await run()
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const verdict = code === 0 ? styleText('green', 'ok  ') : styleText('red', 'FAIL')
  console.log(`${verdict} ${name.padEnd(8)} ${seconds.padStart(5)} s  ${promise}`)
  if (code !== 0) failed.push(name)
  if (code !== 0 || tells === true) console.log(output.trimEnd().replaceAll(/^/gm, '     '))
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`)
  process.exitCode = 1
}

async function buildAndPack(): Promise<Outcome> {
  const built = await script('build.ts')
  if (built.code !== 0) return built
  rmSync(packFolder, { recursive: true, force: true })
  mkdirSync(packFolder, { recursive: true })
  return outcomeOf('npm', ['pack', '--ignore-scripts', '--pack-destination', packFolder])
}

function tarball(): string {
  const name = readdirSync(packFolder).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('Nothing is packed yet: run the step `build` too.')
  return join(packFolder, name)
}

function script(name: string): Promise<Outcome> {
  return outcomeOf('node', [join('scripts', name)])
}
