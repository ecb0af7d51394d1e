// Writes what documents repeat from the code: docs/errors.md, and the examples that README.md and the guide for
// embedders quote. Tests hold them to the code.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorDocs } from './errorDocs.ts'
import { withFreshQuotes } from './quotedFiles.ts'
import { repositoryRoot } from './run.ts'

writeFileSync(join(repositoryRoot, 'docs', 'errors.md'), errorDocs())
for (const name of ['README.md', 'docs/embedding.md']) {
  const document = join(repositoryRoot, name)
  writeFileSync(document, withFreshQuotes(readFileSync(document, 'utf8')))
}
