import { parseArgs } from 'node:util'
import type { RendezvousChoice } from '../bots/fleet.ts'
import { numberIn, UsageError, wholeNumberIn } from '../support/arguments.ts'

/** What `npm start` is asked to do. */
export interface StartOptions {
  /** Of the page's server; 0 for any free one. */
  readonly port: number
  /** Ends by itself after so long; undefined to run until Ctrl-C. */
  readonly seconds: number | undefined
  readonly json: boolean
  readonly rendezvous: RendezvousChoice
}

export const startHelp = `Usage: npm start -- [options]

A signaling service, a host and seven bots driving from Calais to Berlin, and a page to join them from the browser.

  --port N       port of the page (any free one)
  --seconds S    ends by itself after S seconds, 1 to 86400
  --rendezvous R how they find each other: service (the default), or libp2p, without any service
  --json         one line of JSON at the end, nothing else; 20 seconds unless said otherwise
  --help`

/** With --json alone: long enough for a stop and a start of the trucks. */
const jsonSeconds = 20

/**
 * Reads the command line; undefined when help was asked for.
 * @throws UsageError with what to write instead.
 */
export function readStartOptions(args: readonly string[]): StartOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '0' },
      seconds: { type: 'string' },
      rendezvous: { type: 'string', default: 'service' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const seconds = values.seconds === undefined ? undefined : numberIn('seconds', values.seconds, 1, 86_400)
  return {
    port: wholeNumberIn('port', values.port, 0, 65_535),
    seconds: seconds ?? (values.json ? jsonSeconds : undefined),
    json: values.json,
    rendezvous: rendezvousOf(values.rendezvous),
  }
}

function rendezvousOf(text: string): RendezvousChoice {
  if (text === 'service' || text === 'libp2p') return text
  throw new UsageError(`--rendezvous is service or libp2p, not ${text}.`)
}
