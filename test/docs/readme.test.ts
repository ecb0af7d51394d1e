import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { quotesIn } from '../../scripts/quotedFiles.ts'

const documents = globSync(['*.md', 'docs/**/*.md'], { exclude: ['docs/api/**', 'node_modules/**'] }).sort()

describe('code in documents', () => {
  const quotes = documents.flatMap((document) =>
    quotesIn(readFileSync(document, 'utf8')).map((quote) => ({ document, ...quote })),
  )

  it('includes the example of the README', () => {
    expect(quotes.filter(({ document }) => document === 'README.md')).not.toEqual([])
  })

  it.each(quotes)('$document quotes $file as it is (npm run docs:write)', ({ file, code }) => {
    expect(code).toBe(readFileSync(file, 'utf8'))
  })
})

describe('links in documents', () => {
  it.each(documents)('%s links to files that exist', (document) => {
    const links = [...readFileSync(document, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      ([, to = '']) => to,
    )
    const broken = links
      .filter((to) => !/^[a-z]+:/.test(to))
      .filter((to) => !existsSync(join(dirname(document), decodeURI(to))))
    expect(broken).toEqual([])
  })

  it.each(documents)('%s names npm scripts that exist', (document) => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>
    }
    const named = [...readFileSync(document, 'utf8').matchAll(/npm run ([\w:-]+)/g)].map(
      ([, name = '']) => name,
    )
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
  })
})
