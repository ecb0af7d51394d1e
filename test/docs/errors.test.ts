import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { errorDocs } from '../../scripts/errorDocs.ts'

it('docs/errors.md lists every error code (npm run docs:write writes it)', () => {
  expect(readFileSync('docs/errors.md', 'utf8')).toBe(errorDocs())
})
