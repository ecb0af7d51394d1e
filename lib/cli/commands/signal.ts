import { defineCommand } from 'citty'
import pc from 'picocolors'
import { createSystemClock, systemRandom } from '../../core/index.ts'
import { startSignaling, type SignalingService } from '../../../signaling/index.ts'
import { meshArgs, meshOptions } from '../meshOptions.ts'
import { everyInterface, networkAddresses } from '../networkAddresses.ts'
import { portOption, secondsOption } from '../options.ts'
import { UsageError } from '../runProgram.ts'
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
    'trusted-proxies': {
      type: 'string',
      description:
        'Addresses and networks of proxies, with commas between them: X-Forwarded-For is believed from these',
    },
    'metrics-port': {
      type: 'string',
      description: 'Serve metrics for Prometheus on this TCP port, to this machine only',
    },
    'metrics-host': { type: 'string', description: 'Address to serve metrics on instead' },
    ...meshArgs,
    'drain-seconds': {
      type: 'string',
      default: '8',
      description: 'How long stopping waits for joiners that are being introduced',
    },
    verbose: {
      type: 'boolean',
      default: false,
      description: 'Log everything to standard error, not only what is out of order',
    },
    json: { type: 'boolean', default: false, description: 'Print events as lines of JSON' },
  },
  async run({ args }) {
    const stunPort = args['stun-port']
    const host = args.host ?? everyInterface()
    const port = portOption('port', args.port)
    const mesh = await meshOptions(args, host, port, systemRandom)
    const clock = createSystemClock()
    const withinMs = secondsOption('drain-seconds', args['drain-seconds']) * 1_000
    const turn = await turnOption(args)
    const metricsPort = args['metrics-port']
    if (metricsPort === undefined && args['metrics-host'] !== undefined)
      throw new UsageError('--metrics-host needs --metrics-port.')
    const stopped = untilStopped()
    // Loaded only by who runs a service.
    const { serviceLogger } = await import('../serviceLog.ts')
    const service = await startSignaling({
      host,
      port,
      ...(args.stun
        ? stunPort !== undefined && { stunPort: portOption('stun-port', stunPort) }
        : { stunPort: null }),
      ...(args['stun-host'] !== undefined && { stunHost: args['stun-host'] }),
      ...(turn && { turn }),
      trustProxy: args['trust-proxy'],
      ...(mesh && { mesh }),
      ...(args['trusted-proxies'] !== undefined && {
        trustedProxies: args['trusted-proxies'].split(',').map((text) => text.trim()),
      }),
      ...(metricsPort !== undefined && {
        metrics: {
          port: portOption('metrics-port', metricsPort),
          ...(args['metrics-host'] !== undefined && { host: args['metrics-host'] }),
        },
      }),
      clock,
      random: systemRandom,
      logger: serviceLogger({ json: args.json, verbose: args.verbose }),
    })
    const addresses = reachableAt(service, host)
    if (args.json) {
      const { url, port, stunUrl = null, metricsUrl = null } = service
      const libp2p = service.mesh && { id: service.mesh.id, addresses: service.mesh.addresses() }
      const listening = { event: 'listening', url, port, stunUrl, metricsUrl, addresses }
      console.log(JSON.stringify({ ...listening, ...(libp2p && { libp2p }) }))
    } else {
      console.log(greeting(service, addresses))
    }
    await stopped
    const stats = service.stats()
    if (stats.routes > 0) {
      const { routes } = stats
      console.log(
        args.json
          ? JSON.stringify({ event: 'draining', routes, withinMs })
          : `Waiting for ${routes} ${routes === 1 ? 'joiner' : 'joiners'} to be introduced; Ctrl-C again stops at once.`,
      )
    }
    await service.drain({ withinMs })
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
    ...meshGreeting(service),
    ...(service.metricsUrl === undefined ? [] : [`Metrics for Prometheus: ${pc.cyan(service.metricsUrl)}`]),
    pc.dim('Ctrl-C stops it; drivers who are already connected drive on.'),
  ].join('\n')
}

function meshGreeting({ mesh }: SignalingService): string[] {
  if (mesh === undefined) return []
  return [
    'Other services join it with --libp2p --peers and one of these:',
    ...mesh.addresses().map((address) => `  ${pc.cyan(address)}`),
  ]
}
