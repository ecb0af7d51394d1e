import { pino, type DestinationStream } from 'pino'
import pc from 'picocolors'
import type { LogFields, Logger } from '../core/index.ts'

/** Facts that may be written, and how: whatever else a log line comes with is left out, so that nothing personal gets in by mistake. */
const writable: Readonly<Record<string, 'number' | 'name'>> = {
  port: 'number',
  stunPort: 'number',
  clients: 'number',
  routes: 'number',
  sessions: 'number',
  suppressed: 'number',
  reason: 'name',
  code: 'name',
  from: 'name',
}

/** Names as code gives them, and digests: no address, no host name, no text. */
const name = /^[a-z0-9-]{1,40}$/i

/** Levels of pino. */
const levelNames: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }

/** What {@link serviceLogger} takes. */
export interface ServiceLogOptions {
  /** Lines of JSON instead of text. */
  json: boolean
  /** Everything, not only what is out of order. */
  verbose: boolean
  /** Takes the lines; standard error where left out. */
  write?: (line: string) => void
}

/** The log of a service, by pino, on standard error: without addresses, keys, session ids and names of anybody. */
export function serviceLogger({ json, verbose, write = toStandardError }: ServiceLogOptions): Logger {
  const destination: DestinationStream = { write: (line) => write(json ? line : textOf(line)) }
  const log = pino(
    {
      // Neither process nor machine: who reads the log knows where it comes from.
      base: null,
      level: verbose ? 'debug' : 'warn',
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  )
  const line =
    (level: keyof Logger) =>
    (message: string, fields: LogFields = {}): void =>
      log[level](factsOf(fields), message)
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

function factsOf(fields: LogFields): Record<string, string | number> {
  const facts: Record<string, string | number> = {}
  for (const [key, value] of Object.entries(fields)) {
    const kind = Object.hasOwn(writable, key) ? writable[key] : undefined
    if (kind === 'number' && typeof value === 'number') facts[key] = value
    if (kind === 'name' && typeof value === 'string' && name.test(value)) facts[key] = value
    // Of an error its kind: what it says may quote anything.
    if (key === 'error') facts.error = errorName(value)
  }
  return facts
}

function errorName(error: unknown): string {
  const { code, name: kind } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >
  for (const candidate of [code, kind]) {
    if (typeof candidate === 'string' && name.test(candidate.replaceAll('_', '-'))) return candidate
  }
  return 'unknown'
}

function textOf(line: string): string {
  const { level, time, msg, ...facts } = JSON.parse(line) as Record<string, unknown>
  const words = Object.entries(facts).map(([key, value]) => `${key}=${String(value)}`)
  const said = levelNames[level as number] ?? String(level)
  return `${pc.dim(String(time))} ${said === 'warn' || said === 'error' ? pc.yellow(said) : said} ${String(msg)}${words.length > 0 ? ` ${pc.dim(words.join(' '))}` : ''}\n`
}

function toStandardError(line: string): void {
  process.stderr.write(line)
}
