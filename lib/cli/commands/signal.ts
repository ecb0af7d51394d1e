import { defineCommand } from 'citty'
import pc from 'picocolors'
import { createSystemClock, systemRandom } from '../../core/index.ts'
import { startSignaling, type SignalingService } from '../../../signaling/index.ts'
import { everyInterface, networkAddresses } from '../networkAddresses.ts'
import { portOption } from '../options.ts'
import { stderrLogger } from '../stderrLogger.ts'
import { turnArgs, turnOption } from '../turnOption.ts'
import { untilStopped } from '../untilStopped.ts'

/** `openconvoy signal`: runs a signaling service until it is stopped. */
export const signal = defineCommand({
  meta: {
    name: 'signal',
    description:
      'Run a signaling service, which introduces peers to each other and sees nothing of what they say',
  },
  args: {
    port: {
      type: 'string',
      default: '7100',
      description: 'TCP port, and UDP port for STUN; 0 picks a free one',
    },
    host: { type: 'string', description: 'Address to listen on; every interface by default' },
    'stun-port': { type: 'string', description: 'UDP port for STUN, where it is to be another one' },
    'stun-host': {
      type: 'string',
      description: 'Host name of STUN, where it differs from that of the service',
    },
    stun: {
      type: 'boolean',
      default: true,
      description: 'Answer STUN',
      negativeDescription: 'Answer no STUN',
    },
    ...turnArgs,
    'trust-proxy': {
      type: 'boolean',
      default: false,
      description: 'Believe X-Forwarded-For: only behind a proxy that sets it',
    },
    verbose: { type: 'boolean', default: false, description: 'Log to standard error' },
    json: { type: 'boolean', default: false, description: 'Print events as lines of JSON' },
  },
  async run({ args }) {
    const stunPort = args['stun-port']
    const host = args.host ?? everyInterface()
    const clock = createSystemClock()
    const turn = await turnOption(args)
    const stopped = untilStopped()
    const service = await startSignaling({
      host,
      port: portOption('port', args.port),
      ...(args.stun
        ? stunPort !== undefined && { stunPort: portOption('stun-port', stunPort) }
        : { stunPort: null }),
      ...(args['stun-host'] !== undefined && { stunHost: args['stun-host'] }),
      ...(turn && { turn }),
      trustProxy: args['trust-proxy'],
      clock,
      random: systemRandom,
      ...(args.verbose && { logger: stderrLogger(clock) }),
    })
    const addresses = reachableAt(service, host)
    if (args.json) {
      const { url, port, stunUrl = null } = service
      console.log(JSON.stringify({ event: 'listening', url, port, stunUrl, addresses }))
    } else {
      console.log(greeting(service, addresses))
    }
    await stopped
    const stats = service.stats()
    await service.close()
    console.log(args.json ? JSON.stringify({ event: 'stopped', stats }) : 'Stopped.')
  },
})

/** Where others reach the service: nowhere, when it listens to this machine only. */
function reachableAt(service: SignalingService, host: string): string[] {
  if (host === '::' || host === '0.0.0.0') {
    const usable = networkAddresses().filter((address) => host === '::' || !address.startsWith('['))
    return usable.map((address) => `ws://${address}:${service.port}`)
  }
  const { hostname } = new URL(service.url)
  return hostname === '[::1]' || hostname.startsWith('127.') ? [] : [service.url]
}

function greeting(service: SignalingService, addresses: readonly string[]): string {
  const stun = service.stunUrl === undefined ? '' : ` and UDP port ${service.stunUrl.replace(/.*:/, '')}`
  const others =
    addresses.length === 0
      ? ['Only programs on this machine can connect; use --host to let others in.']
      : [
          'Friends on the same network:',
          ...addresses.map((address) => `  ${pc.cyan(address)}`),
          `From the internet: ws://YOUR-PUBLIC-ADDRESS:${service.port}, once the router forwards TCP port ${service.port}${stun}.`,
        ]
  return [
    `${pc.bold('The signaling service runs')} at ${pc.cyan(service.url)}`,
    ...others,
    pc.dim('Ctrl-C stops it; drivers who are already connected drive on.'),
  ].join('\n')
}
