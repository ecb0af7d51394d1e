import { isConvoyError } from 'openconvoy'
import { UsageError } from './arguments.ts'

/** How programs end, as shells expect it. */
const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const

/**
 * Runs a program's `main` with a signal that Ctrl-C aborts, and turns what it throws into a message and an exit code. A
 * second Ctrl-C ends the process at once.
 */
export async function runProgram(main: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
  const interrupt = new AbortController()
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted)
    interrupt.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    const succeeded = await main(interrupt.signal)
    if (!succeeded) process.exitCode = exitCodes.failed
  } catch (error) {
    if (!interrupt.signal.aborted) report(error)
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  if (interrupt.signal.aborted) process.exitCode = exitCodes.interrupted
}

function report(error: unknown): void {
  const isUsage = error instanceof UsageError || isParseArgsError(error)
  process.exitCode = isUsage ? exitCodes.usage : exitCodes.failed
  const isExpected = isUsage || isConvoyError(error) || isSystemError(error)
  if (!(error instanceof Error)) console.error(String(error))
  else console.error(isExpected ? error.message : (error.stack ?? error.message))
  if (isUsage) console.error('See --help.')
}

function isParseArgsError(error: unknown): boolean {
  return hasCode(error) && error.code.startsWith('ERR_PARSE_ARGS')
}

/** A file that is not there, a port that is taken: the message says it all. */
function isSystemError(error: unknown): boolean {
  return hasCode(error) && /^E[A-Z]+$/.test(error.code)
}

function hasCode(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
