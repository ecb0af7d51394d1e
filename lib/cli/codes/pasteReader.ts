import { readFile } from 'node:fs/promises'
import type { Cancel, Clock } from '../../core/index.ts'

/** A paste is over once nothing more came for this long, ms: terminals hand it over in pieces without a pause. */
const pasteQuietMs = 400

/** Characters that one paste may have: more than any code. */
const pasteLength = 300_000

/** How somebody names a file with a code instead of pasting it. */
const fileLine = /^\s*@(.+?)\s*$/

/** Where pasted text comes from: standard input. */
export interface PasteSource {
  on(event: 'data', listener: (text: string) => void): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'data' | 'end', listener: (text: string) => void): unknown
  setEncoding(encoding: 'utf8'): unknown
  pause(): unknown
}

/**
 * Hands every paste to `take`, whole, one after the other. A paste that is `@FILE` stands for what is in that file.
 * @returns what stops it.
 */
export function readPastes(
  source: PasteSource,
  clock: Clock,
  take: (text: string) => Promise<void>,
): () => void {
  let held = ''
  let cancel: Cancel | undefined
  let work = Promise.resolve()
  const finish = (): void => {
    cancel?.()
    const text = held
    held = ''
    if (text.trim() === '') return
    work = work.then(async () => take(await contentOf(text)))
  }
  const onData = (text: string): void => {
    held = (held + text).slice(-pasteLength)
    cancel?.()
    cancel = clock.after(pasteQuietMs, finish)
  }
  source.setEncoding('utf8')
  source.on('data', onData)
  source.on('end', finish)
  return () => {
    cancel?.()
    source.off('data', onData)
    source.off('end', finish)
    source.pause()
  }
}

async function contentOf(text: string): Promise<string> {
  const file = fileLine.exec(text)?.[1]
  if (file === undefined) return text
  try {
    return await readFile(file, 'utf8')
  } catch {
    // What is no file is no code either, which is told as for every other text.
    return text
  }
}
