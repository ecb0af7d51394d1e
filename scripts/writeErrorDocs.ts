// Writes docs/errors.md; a test holds it to the code.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorDocs } from './errorDocs.ts'
import { repositoryRoot } from './run.ts'

writeFileSync(join(repositoryRoot, 'docs', 'errors.md'), errorDocs())
