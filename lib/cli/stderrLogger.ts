import type { Clock, LogFields, Logger } from '../core/index.ts'

/** Writes log lines to standard error: standard output belongs to what the program has to say. */
export function stderrLogger(clock: Clock): Logger {
  const line = (level: string) => (message: string, fields?: LogFields) => {
    const facts = fields === undefined ? '' : ` ${JSON.stringify(fields)}`
    process.stderr.write(`${new Date(clock.wallTime()).toISOString()} ${level} ${message}${facts}\n`)
  }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
