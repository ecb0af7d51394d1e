// Compares the public face of each entry point, as built, with the report in etc/: drift has to show in review.
// `npm run api` (--update) records it anew.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from '@microsoft/api-extractor'
import { entryPoints, type EntryPoint } from './entryPoints.ts'
import { repositoryRoot, run } from './run.ts'

const update = process.argv.includes('--update')
if (update) await run('node', ['scripts/build.ts'])

const reportFolder = join(repositoryRoot, 'etc')
const reportTempFolder = join(repositoryRoot, '.cache', 'api')
mkdirSync(reportFolder, { recursive: true })

/** What can be imported from the main entry point, which comes first: others may mention it too. */
let exportedByMain: ReadonlySet<string> = new Set()

const entries = entryPoints().map((entry) => ({ ...entry, config: configFor(entry) }))
const [first] = entries
if (first === undefined) throw new Error('package.json exports nothing.')
const compilerState = CompilerState.create(first.config, {
  additionalEntryPoints: entries.map(({ declarations }) => join(repositoryRoot, declarations)),
})

for (const entry of entries) {
  const unnamable: string[] = []
  const result = Extractor.invoke(entry.config, {
    compilerState,
    localBuild: update,
    messageCallback: (message) => {
      // A type that the public face mentions but does not export can't be named by those who use it.
      const name = forgottenExport(message)
      if (name !== undefined && !exportedByMain.has(name)) unnamable.push(name)
      if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true
    },
  })
  if (exportedByMain.size === 0) exportedByMain = exportsIn(join(reportTempFolder, `${entry.name}.api.md`))
  const problems = [
    unnamable.length > 0 ? `${entry.specifier} mentions but does not export: ${unnamable.join(', ')}.` : '',
    result.apiReportChanged && !update
      ? `etc/${entry.name}.api.md is not what the build exports. Look at the change, then run: npm run api`
      : '',
    result.errorCount > 0 ? `${entry.specifier}: API Extractor found errors.` : '',
  ].filter((problem) => problem !== '')
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}

function configFor({ name, declarations }: EntryPoint): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: repositoryRoot,
      newlineKind: 'lf',
      mainEntryPointFilePath: join(repositoryRoot, declarations),
      compiler: {
        // As a consumer's compiler sees it: without the condition that leads to the sources.
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023', 'dom', 'dom.iterable'],
            module: 'nodenext',
            types: ['node'],
            strict: true,
          },
          files: [declarations],
        },
      },
      apiReport: { enabled: true, reportFileName: `${name}.api.md`, reportFolder, reportTempFolder },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(repositoryRoot, 'package.json'),
  })
}

function forgottenExport(message: ExtractorMessage): string | undefined {
  if (message.messageId !== 'ae-forgotten-export') return undefined
  // Two things of one name are told apart by a number: `Clock_2`.
  // Lower-case names are schemas, mentioned by the types inferred from them: nobody needs to name those.
  return /The symbol "([A-Z]\w*?)(?:_\d+)?"/.exec(message.text)?.[1]
}

function exportsIn(report: string): Set<string> {
  const declarations = readFileSync(report, 'utf8').matchAll(/^export (?:declare )?(?:abstract )?\w+ (\w+)/gm)
  return new Set([...declarations].flatMap(([, name]) => name ?? []))
}
