import { parseArgs, renderUsage, runCommand, type ArgsDef, type CommandDef, type Resolvable } from 'citty'
import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'
import { isConvoyError } from '../core/index.ts'

/** Exit codes: programs tell "it failed" from "you called it wrongly". */
const exitCodes = { done: 0, failed: 1, usage: 2 } as const

/** A mistake in how the command was called: shown with a pointer to the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Runs a command line to its exit code: what the command returns, where that is a number. What fails is told in one line on standard error (with `--json` also as
 * a line of JSON on standard output); a stack appears only for mistakes of our own.
 */
export async function runProgram(root: CommandDef, rawArgs: readonly string[]): Promise<number> {
  const words = [...rawArgs]
  try {
    const { path, command, args } = await findCommand(root, words)
    if (args.some((word) => word === '--help' || word === '-h') || (path.length === 1 && args.length === 0)) {
      print(await usageOf(command, path))
      return exitCodes.done
    }
    if (path.length === 1 && args.length === 1 && (args[0] === '--version' || args[0] === '-v')) {
      print((await resolve(root.meta))?.version ?? 'unknown')
      return exitCodes.done
    }
    await checkOptions(command, path, args)
    const { result } = await runCommand(command, { rawArgs: args })
    return typeof result === 'number' ? result : exitCodes.done
  } catch (error) {
    return fail(error, words.includes('--json'))
  }
}

interface FoundCommand {
  /** Names from the root on. */
  path: string[]
  command: CommandDef
  /** The words that are left. */
  args: string[]
}

async function findCommand(root: CommandDef, words: readonly string[]): Promise<FoundCommand> {
  const path = [(await resolve(root.meta))?.name ?? '']
  let command = root
  let args = [...words]
  for (;;) {
    const subCommands = await resolve(command.subCommands)
    const [word] = args
    if (subCommands === undefined || word === undefined || word.startsWith('-'))
      return { path, command, args }
    if (!Object.hasOwn(subCommands, word)) {
      throw new UsageError(`there is no command "${word}". Try ${path.join(' ')} --help.`)
    }
    command = (await resolve(subCommands[word])) as CommandDef
    path.push(word)
    args = args.slice(1)
  }
}

/** citty takes any option in silence; a mistyped one must not be ignored. */
async function checkOptions(command: CommandDef, path: readonly string[], args: string[]): Promise<void> {
  const help = `Try ${path.join(' ')} --help.`
  const definitions: ArgsDef = (await resolve(command.args)) ?? {}
  const known = new Set(['_'])
  for (const [name, definition] of Object.entries(definitions)) {
    const alias = 'alias' in definition ? definition.alias : undefined
    for (const spelling of [name, alias ?? []].flat()) known.add(spelling).add(camelCase(spelling))
  }
  const parsed = parseArgs(args, definitions)
  const unknown = Object.keys(parsed).find((name) => !known.has(name))
  if (unknown !== undefined) throw new UsageError(`there is no option --${unknown}. ${help}`)
  const positionals = Object.values(definitions).filter(({ type }) => type === 'positional').length
  const extra = parsed._[positionals]
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many. ${help}`)
}

async function usageOf(command: CommandDef, path: readonly string[]): Promise<string> {
  const parent: CommandDef = { meta: { name: path.slice(0, -1).join(' ') } }
  const usage = await renderUsage(command, path.length > 1 ? parent : undefined)
  // citty colours its text also where it goes into a file.
  return pc.isColorSupported ? usage : stripVTControlCharacters(usage)
}

function fail(error: unknown, json: boolean): number {
  const isOurs = error instanceof Error && !isConvoyError(error) && !isUsageMistake(error)
  const message = error instanceof Error ? error.message : String(error)
  if (json) {
    const code = isConvoyError(error) ? error.code : isUsageMistake(error) ? 'usage' : 'internal'
    print(JSON.stringify({ event: 'failed', code, message }))
  }
  process.stderr.write(`${pc.red('openconvoy:')} ${isOurs ? (error.stack ?? message) : message}\n`)
  return isUsageMistake(error) ? exitCodes.usage : exitCodes.failed
}

/** Ours, or one that citty found, such as a missing argument. */
function isUsageMistake(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof Error && error.name === 'CLIError')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

async function resolve<T>(value: Resolvable<T> | undefined): Promise<T | undefined> {
  return typeof value === 'function' ? (value as () => T | Promise<T>)() : value
}
