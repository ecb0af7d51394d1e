import { parseArgs } from 'node:util'
import { choice, fail, numberIn, wholeNumberIn } from '../support/arguments.ts'
import { engineChoices, type EngineChoice, type Impairment } from './connector.ts'

/** What `npm run bots` is asked to do. Plain data: it is handed to bots in processes of their own. */
export interface BotsOptions {
  /** Bots, the host among them unless {@link BotsOptions.invite} is given. */
  readonly count: number
  /** Path of a recorded drive; a generated one where undefined. */
  readonly drive: string | undefined
  /** E.g. `calais-berlin`. */
  readonly route: string
  /** How long to measure. */
  readonly seconds: number
  readonly engine: EngineChoice
  readonly impairment: Impairment
  /** Of route and generated drive. */
  readonly seed: number
  readonly json: boolean
  /** Each bot in an operating system process of its own. */
  readonly processes: boolean
  /** The convoy to join instead of hosting one. */
  readonly invite: string | undefined
}

export const botsHelp = `Usage: npm run bots -- [options]

Headless bots: real peers that drive a route over WebRTC and measure what they see of each other.

  --count N        bots, 2 to 32 (8); the first hosts
  --drive FILE     recorded drive: CSV of epoch in seconds, speed in m/s (a generated drive)
  --route A-B      cities, e.g. calais-brussels-berlin (calais-berlin)
  --seconds S      how long to measure, 1 to 86400 (30)
  --engine NAME    werift, datachannel or auto (auto)
  --delay MS       one-way delay of every UDP datagram (0)
  --jitter MS      how much the delay varies at most (0)
  --loss PCT       share of the UDP datagrams lost in each direction (0)
  --processes      a process of its own for each bot
  --invite URI     join that convoy instead of hosting one
  --seed N         of route and generated drive (1)
  --json           one line of JSON at the end, nothing else
  --help`

/**
 * Reads the command line; undefined when help was asked for.
 * @throws UsageError with what to write instead.
 */
export function readBotsOptions(args: readonly string[]): BotsOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '8' },
      drive: { type: 'string' },
      route: { type: 'string', default: 'calais-berlin' },
      seconds: { type: 'string', default: '30' },
      engine: { type: 'string', default: 'auto' },
      delay: { type: 'string', default: '0' },
      jitter: { type: 'string', default: '0' },
      loss: { type: 'string', default: '0' },
      processes: { type: 'boolean', default: false },
      invite: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const options: BotsOptions = {
    count: wholeNumberIn('count', values.count, values.invite === undefined ? 2 : 1, 32),
    drive: values.drive,
    route: values.route,
    seconds: numberIn('seconds', values.seconds, 1, 86_400),
    engine: choice('engine', values.engine, engineChoices),
    impairment: {
      delayMs: numberIn('delay', values.delay, 0, 5_000),
      jitterMs: numberIn('jitter', values.jitter, 0, 5_000),
      lossPercent: numberIn('loss', values.loss, 0, 100),
    },
    seed: wholeNumberIn('seed', values.seed, 0, 2 ** 31 - 1),
    json: values.json,
    processes: values.processes,
    invite: values.invite,
  }
  if (options.impairment.jitterMs > options.impairment.delayMs) {
    fail('--jitter varies the delay both ways: it can be at most --delay.')
  }
  return options
}
