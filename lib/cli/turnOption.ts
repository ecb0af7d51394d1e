import { readFile } from 'node:fs/promises'
import { parseIceUrl } from '../protocol/index.ts'
import type { TurnOptions } from '../../signaling/index.ts'
import { UsageError } from './runProgram.ts'

/** Where the secret is looked for that no option names: a command line is read by every program of the machine. */
const secretVariable = 'OPENCONVOY_TURN_SECRET'

/** What `openconvoy signal` takes about TURN. */
export const turnArgs = {
  turn: {
    type: 'string',
    description:
      'Addresses of TURN servers that clients get credentials for, with commas between: turn:host:3478, turns:host:5349',
  },
  'turn-secret-file': {
    type: 'string',
    description: `File with the TURN server's static-auth-secret; by default it is taken from ${secretVariable}`,
  },
} as const

/**
 * The TURN servers that the command line names, with their secret.
 * @throws UsageError where one is no address, or there is no secret.
 */
export async function turnOption(args: {
  turn?: string | undefined
  'turn-secret-file'?: string | undefined
}): Promise<TurnOptions | undefined> {
  const file = args['turn-secret-file']
  if (args.turn === undefined) {
    if (file !== undefined)
      throw new UsageError('--turn-secret-file needs --turn, the address of the server.')
    return undefined
  }
  const urls = args.turn.split(',').map((url) => url.trim())
  const bad = urls.find((url) => parseIceUrl(url)?.scheme.startsWith('turn') !== true)
  if (bad !== undefined) throw new UsageError(`--turn takes addresses like turn:host:3478, not "${bad}".`)
  const secret = (file === undefined ? (process.env[secretVariable] ?? '') : await readSecret(file)).trim()
  if (secret === '') {
    throw new UsageError(
      `the TURN server's static-auth-secret is missing: put it into ${secretVariable}, or name a file with --turn-secret-file.`,
    )
  }
  return { urls, secret }
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new UsageError(`"${file}" can't be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
