import { globSync, readFileSync } from 'node:fs'

/** Where a rule's id stands: `docs/protocol/05-session.md:12`. */
export interface Occurrence {
  id: string
  where: string
}

const idPattern = /\[([A-Z]{3}-\d+)\]/g
/** At the start of a heading, list item, table row or bold lead. */
const leadPattern = /^(?:#+ |[-*] |\d+\. |\| *)?(?:\*\*)?`?\[([A-Z]{3}-\d+)\]/

/**
 * The rules that `text` defines. An id defines its rule where it leads a heading, list item, table row, bold phrase or
 * paragraph; anywhere else it refers to the rule.
 */
export function definedIn(text: string, file: string): Occurrence[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const id = leadPattern.exec(line)?.[1]
    if (id === undefined) return []
    const startsParagraph = index === 0 || lines[index - 1]?.trim() === ''
    return !line.startsWith('[') || startsParagraph ? { id, where: `${file}:${index + 1}` } : []
  })
}

/** Every id that `text` mentions, definitions included. */
export function mentionedIn(text: string, file: string): Occurrence[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(idPattern)].map((match) => ({ id: match[1] ?? '', where: `${file}:${index + 1}` })),
    )
}

/** Collects over all files that match. */
export function collect(
  patterns: string | readonly string[],
  from: (text: string, file: string) => Occurrence[],
): Occurrence[] {
  return globSync([patterns].flat())
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .flatMap((file) => from(readFileSync(file, 'utf8'), file))
}
