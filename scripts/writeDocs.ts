// Writes what documents repeat from the code: docs/errors.md, and the examples that README.md quotes. Tests hold both
// to the code.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorDocs } from './errorDocs.ts'
import { withFreshQuotes } from './quotedFiles.ts'
import { repositoryRoot } from './run.ts'

writeFileSync(join(repositoryRoot, 'docs', 'errors.md'), errorDocs())
const readme = join(repositoryRoot, 'README.md')
writeFileSync(readme, withFreshQuotes(readFileSync(readme, 'utf8')))
