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
