import { defineCommand } from 'citty'
import { createSystemClock, isConvoyError, systemRandom } from '../../core/index.ts'
import { decodeInvite } from '../../identity/index.ts'
import { parseIceUrl } from '../../protocol/index.ts'
import type { IceServer } from '../../rtc/index.ts'
import { examineNetwork } from '../doctor/examineNetwork.ts'
import type { Verdict } from '../doctor/networkReport.ts'
import { describeNetwork } from '../doctor/networkText.ts'
import { UsageError } from '../runProgram.ts'

/** Exit codes: a player can play; with some only; with nobody. Stopped by Ctrl-C: that of shells. */
const exitCodes: Readonly<Record<Verdict, number>> = {
  direct: 0,
  relayed: 0,
  unclear: 0,
  limited: 3,
  blocked: 1,
  'no-service': 1,
}
const interruptedCode = 130

/** Seconds that everything may take: the slowest check alone is done after eight. */
const secondsRange = { least: 1, most: 60, usual: '15' } as const

const network = defineCommand({
  meta: {
    name: 'network',
    description:
      'Find out what your network allows; ends with 0 where you can play, 3 where with some only, 1 where with nobody',
  },
  args: {
    service: {
      type: 'positional',
      required: false,
      description: 'Address of a signaling service (ws://…), or an invite',
    },
    stun: { type: 'string', description: 'STUN servers to ask besides, with commas between: stun:host:3478' },
    turn: { type: 'string', description: 'A TURN server to try besides: turn:host:3478' },
    username: { type: 'string', description: 'User name for --turn' },
    credential: { type: 'string', description: 'Credential for --turn' },
    timeout: {
      type: 'string',
      default: secondsRange.usual,
      description: 'Seconds after which it ends with what it knows, 1 to 60',
    },
    json: { type: 'boolean', default: false, description: 'Print everything as one line of JSON' },
  },
  async run({ args }) {
    const services = servicesOf(args.service)
    const iceServers = serversOf(args)
    if (services.length === 0 && iceServers.length === 0) {
      throw new UsageError(
        'there is nobody to ask: name a signaling service or an invite, or a server with --stun or --turn.',
      )
    }
    const clock = createSystemClock()
    const ending = new AbortController()
    const interruption = new AbortController()
    const interrupt = (): void => {
      interruption.abort()
      ending.abort()
    }
    const cancel = clock.after(secondsOf(args.timeout) * 1_000, () => ending.abort())
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    try {
      const { signal } = ending
      const report = await examineNetwork({ services, iceServers, clock, random: systemRandom, signal })
      if (interruption.signal.aborted) return interruptedCode
      console.log(args.json ? JSON.stringify(report) : describeNetwork(report))
      return exitCodes[report.verdict]
    } finally {
      cancel()
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    }
  },
})

/** `openconvoy doctor`: says what is wrong around the program, rather than in it. */
export const doctor = defineCommand({
  meta: { name: 'doctor', description: 'Find out why something does not work' },
  subCommands: { network },
})

function servicesOf(text: string | undefined): string[] {
  if (text === undefined) return []
  if (/^wss?:/i.test(text)) {
    if (URL.parse(text) === null) throw new UsageError(`"${text}" is no address of a signaling service.`)
    return [text]
  }
  try {
    const hints = decodeInvite(text).hints.filter((hint) => /^wss?:/i.test(hint))
    if (hints.length > 0) return hints
  } catch (error) {
    if (!isConvoyError(error)) throw error
    throw new UsageError(
      `"${text}" is neither an address like ws://host:7100 nor an invite: ${error.message}`,
    )
  }
  throw new UsageError('the invite names no signaling service.')
}

function serversOf(args: {
  stun?: string | undefined
  turn?: string | undefined
  username?: string | undefined
  credential?: string | undefined
}): IceServer[] {
  const stun = (args.stun ?? '').split(',').filter((url) => url !== '')
  for (const url of stun) checkUrl('stun', url)
  const servers: IceServer[] = stun.map((urls) => ({ urls }))
  const { turn, username, credential } = args
  if (turn === undefined) return servers
  checkUrl('turn', turn)
  if (!username || !credential) throw new UsageError('--turn needs --username and --credential.')
  return [...servers, { urls: turn, username, credential }]
}

function checkUrl(scheme: 'stun' | 'turn', url: string): void {
  const parsed = parseIceUrl(url)
  if (parsed?.scheme.startsWith(scheme) !== true)
    throw new UsageError(`--${scheme} takes addresses like ${scheme}:host:3478, not "${url}".`)
}

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= secondsRange.least && seconds <= secondsRange.most))
    throw new UsageError(
      `--timeout takes ${secondsRange.least} to ${secondsRange.most} seconds, not "${text}".`,
    )
  return seconds
}
