import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from './run.ts'

/** A code block that says which file it is: `<!-- examples/embed/host.ts -->` on the line above it. */
const quotePattern = /(<!-- (\S+\.ts) -->\n\n?```ts\n)([\s\S]*?)(```)/g

/** A code block of a document that quotes a file. */
export interface Quote {
  /** Path from the repository's root. */
  file: string
  code: string
}

/** Every code block of `document` that says which file it is. */
export function quotesIn(document: string): Quote[] {
  return [...document.matchAll(quotePattern)].map(([, , file = '', code = '']) => ({ file, code }))
}

/** `document` with what it quotes as the files are now. */
export function withFreshQuotes(document: string): string {
  return document.replace(
    quotePattern,
    (_block, before: string, file: string, _code: string, after: string) =>
      before + readFileSync(join(repositoryRoot, file), 'utf8') + after,
  )
}
