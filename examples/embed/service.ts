import { readFile } from 'node:fs/promises'
import { hostConvoy, isConvoyError, type AdmitHook, type Logger } from 'openconvoy'
import { keptIdentity } from './guide/keptIdentity.ts'

// A dedicated host: no truck of its own, a password, an allow list, a word of welcome. It writes one line of JSON per
// thing that happens, and obeys Ctrl-C.

const {
  CONVOY_SIGNALING = 'ws://127.0.0.1:7100',
  CONVOY_PASSWORD,
  /** A file with one member's fingerprint per line; everyone may join where none is given. */
  CONVOY_ALLOW_LIST,
  /** Where the host's identity is kept; a new one at each start where none is given. */
  CONVOY_IDENTITY,
} = process.env

/** Often enough to see trouble begin, rare enough to read. */
const statsEveryMs = 10_000

const write = (level: string, message: string, fields: object = {}): void => {
  const line = { time: new Date().toISOString(), level, message, ...fields }
  // Errors have no fields of their own that JSON would show.
  console.log(JSON.stringify(line, (_, value: unknown) => (value instanceof Error ? value.message : value)))
}
const logger: Logger = {
  debug: () => {},
  info: (message, fields) => write('info', message, fields),
  warn: (message, fields) => write('warn', message, fields),
  error: (message, fields) => write('error', message, fields),
}

/** Reads the list at each knock, so that changes count at once. Where it can't be read nobody is let in. */
const admit: AdmitHook = async ({ id, name }) => {
  if (CONVOY_ALLOW_LIST === undefined) return true
  const allowed = (await readFile(CONVOY_ALLOW_LIST, 'utf8')).split(/\s+/)
  if (allowed.includes(id)) return true
  write('info', 'refused', { id, name })
  return `Ask the host to put ${id} on the list.`
}

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())
process.once('SIGTERM', () => interrupt.abort())

try {
  const convoy = await hostConvoy({
    name: 'Service',
    vehicleClass: null,
    rendezvous: CONVOY_SIGNALING,
    rules: { lobbyName: 'Open all night', maxPlayers: 16, showServer: false },
    admit,
    logger,
    signal: interrupt.signal,
    ...(CONVOY_PASSWORD === undefined ? {} : { password: CONVOY_PASSWORD }),
    ...(CONVOY_IDENTITY === undefined ? {} : { identity: await keptIdentity(CONVOY_IDENTITY) }),
  })
  write('info', 'hosting', { id: convoy.self.id, invite: convoy.invite })

  convoy.on('memberJoined', ({ id, name }) => {
    write('info', 'joined', { id, name })
    convoy.sendChat(`Welcome, ${name}! Keep your distance and your lights on.`, id)
  })
  convoy.on('memberLeft', ({ member, reason }) => write('info', 'left', { id: member.id, reason }))
  const timer = setInterval(() => write('info', 'stats', { ...convoy.stats() }), statsEveryMs)

  if (!interrupt.signal.aborted) {
    await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve))
  }
  clearInterval(timer)
  await convoy.close()
  write('info', 'stopped')
} catch (error) {
  if (!isConvoyError(error, 'aborted')) {
    write('error', 'failed', { error })
    process.exitCode = 1
  }
}
