/** Facts that go with a log line; plain data, no personal data beyond key fingerprints. */
export type LogFields = Readonly<Record<string, unknown>>

/** What the library writes its log to; pino, console and most loggers can be adapted in a line. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const nothing = (): void => undefined

/** The default: the library prints nothing. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** `logger`, except that where it throws nothing happens: a log that fails must not end what it tells of. */
export function guardedLogger(logger: Logger): Logger {
  const guarded =
    (level: keyof Logger) =>
    (message: string, fields?: LogFields): void => {
      try {
        logger[level](message, fields)
      } catch {
        // There is nobody left to tell.
      }
    }
  return {
    debug: guarded('debug'),
    info: guarded('info'),
    warn: guarded('warn'),
    error: guarded('error'),
  }
}
