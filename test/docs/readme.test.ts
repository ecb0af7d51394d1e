import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const documents = globSync(['*.md', 'docs/**/*.md'], { exclude: ['docs/api/**', 'node_modules/**'] }).sort()

/** A code block that says which file it is: `<!-- examples/embed/host.ts -->` on the line above it. */
const quotedFile = /<!-- (\S+\.ts) -->\n\n?```ts\n([\s\S]*?)```/g

describe('code in documents', () => {
  const quotes = documents.flatMap((document) =>
    [...readFileSync(document, 'utf8').matchAll(quotedFile)].map(([, file = '', code = '']) => ({
      document,
      file,
      code,
    })),
  )

  it('includes the example of the README', () => {
    expect(quotes.filter(({ document }) => document === 'README.md')).not.toEqual([])
  })

  it.each(quotes)('$document quotes $file as it is', ({ file, code }) => {
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
