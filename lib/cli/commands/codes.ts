import { defineCommand } from 'citty'
import { readFile } from 'node:fs/promises'
import { hostConvoy, joinConvoy, type Convoy } from '../../convoy/index.ts'
import { createSystemClock } from '../../core/index.ts'
import { manualCodes } from '../../rendezvous/index.ts'
import { CodeDesk } from '../codes/codeDesk.ts'
import { readPastes } from '../codes/pasteReader.ts'
import { UsageError } from '../runProgram.ts'
import { stderrLogger } from '../stderrLogger.ts'
import { untilStopped } from '../untilStopped.ts'

const commonArgs = {
  name: { type: 'string', required: true, description: 'Your name, as others see it' },
  password: { type: 'string', description: 'The password of the convoy' },
  stun: {
    type: 'string',
    description: 'A STUN server, e.g. stun:example.org:3478, for friends on other networks',
  },
  out: { type: 'string', description: 'Folder to write the codes to as files' },
  verbose: { type: 'boolean', default: false, description: 'Log to standard error' },
  json: { type: 'boolean', default: false, description: 'Print events as lines of JSON' },
} as const

interface CommonArgs {
  name: string
  password?: string | undefined
  stun?: string | undefined
  out?: string | undefined
  verbose: boolean
  json: boolean
}

/** What hosting and joining both need. */
function setUp({ name, password, stun, out, verbose, json }: CommonArgs) {
  const clock = createSystemClock()
  const codes = manualCodes({ clock })
  const stopped = untilStopped()
  const ended = new AbortController()
  void stopped.then(() => ended.abort())
  return {
    clock,
    codes,
    stopped,
    desk: new CodeDesk({ codes, json, out }),
    options: {
      name,
      rendezvous: codes,
      // Nobody drives in a terminal.
      vehicleClass: null,
      signal: ended.signal,
      ...(password !== undefined && { password }),
      ...(stun !== undefined && { iceServers: [{ urls: stun }] }),
      ...(verbose && { logger: stderrLogger(clock) }),
    },
  }
}

const host = defineCommand({
  meta: {
    name: 'host',
    description: 'Host a convoy whose joiners come by codes: paste their offers here, send them the answers',
  },
  args: commonArgs,
  async run({ args }) {
    const { clock, codes, stopped, desk, options } = setUp(args)
    const convoy = await hostConvoy({ ...options, rules: { spectators: true } })
    const stopReading = readPastes(process.stdin, clock, (text) => desk.take(text))
    try {
      await desk.show('call', await codes.call(convoy.invite))
      desk.follow(convoy)
      await Promise.race([stopped, closed(convoy)])
    } finally {
      stopReading()
      await convoy.close()
      await codes.close()
    }
  },
})

const join = defineCommand({
  meta: {
    name: 'join',
    description: 'Join a convoy by codes: send the host the offer that is printed, paste the answer here',
  },
  args: {
    call: {
      type: 'positional',
      required: true,
      description: 'The call of the host, in quotes, or @FILE that holds it',
    },
    ...commonArgs,
  },
  async run({ args }) {
    const { clock, codes, stopped, desk, options } = setUp(args)
    const call = await codes.take(await callOf(args.call))
    if (call.kind !== 'call')
      throw new UsageError(`That is an ${call.kind}: begin with the call of the host.`)
    codes.on('code', ({ kind, text }) => void desk.show(kind, text))
    const stopReading = readPastes(process.stdin, clock, (text) => desk.take(text))
    try {
      const convoy = await joinConvoy(call.invite, options)
      try {
        desk.follow(convoy)
        await Promise.race([stopped, closed(convoy)])
      } finally {
        await convoy.close()
      }
    } finally {
      stopReading()
      await codes.close()
    }
  },
})

/** `openconvoy codes`: a convoy without any service, by texts that people carry. */
export const codes = defineCommand({
  meta: { name: 'codes', description: 'Meet without any service, by texts that you send through any chat' },
  subCommands: { host, join },
})

async function callOf(text: string): Promise<string> {
  if (!text.startsWith('@')) return text
  try {
    return await readFile(text.slice(1), 'utf8')
  } catch (cause) {
    throw new UsageError(
      `"${text.slice(1)}" can't be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}

function closed(convoy: Convoy): Promise<void> {
  return new Promise((resolve) => void convoy.on('closed', () => resolve()))
}
