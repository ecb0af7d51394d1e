import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { ConvoyError, type Clock, type Counters, type Logger, type RandomSource } from '../../core/index.ts'
import type { Verify } from '../../identity/index.ts'
import { Switchboard } from '../switchboard.ts'
import type { SwitchboardLimits } from '../switchboardLimits.ts'
import { lanConnections } from './constants.ts'
import { isNeighbour } from './localNetworks.ts'
import { serveTcp } from './tcpFrames.ts'

/** What a {@link LanListener} is made with. */
export interface LanListenerOptions {
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  readonly dropped: Counters
  readonly limits: Partial<SwitchboardLimits>
  readonly verify: Verify | undefined
}

/** The service that a host runs for its neighbours: a switchboard behind a TCP port. */
export class LanListener {
  readonly switchboard: Switchboard
  readonly port: number
  readonly #server: Server
  readonly #sockets: ReadonlySet<Socket>

  private constructor(switchboard: Switchboard, server: Server, sockets: ReadonlySet<Socket>) {
    this.switchboard = switchboard
    this.port = (server.address() as AddressInfo).port
    this.#server = server
    this.#sockets = sockets
  }

  /** @throws ConvoyError `rendezvous-unreachable` where no port can be listened on. */
  static start(options: LanListenerOptions): Promise<LanListener> {
    const { clock, random, logger, limits, verify, dropped } = options
    const sockets = new Set<Socket>()
    const server = createServer()
    server.maxConnections = lanConnections
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => {
        const message = 'No TCP port could be opened for the neighbours on this network.'
        reject(new ConvoyError('rendezvous-unreachable', message, { cause }))
      })
      // Any port will do: it is advertised.
      server.listen(0, '0.0.0.0', () => {
        const switchboard = new Switchboard({ clock, random, logger, limits, ...(verify && { verify }) })
        server.on('connection', (socket) => {
          if (!isNeighbour(socket.remoteAddress ?? '')) {
            dropped.add('lan-stranger')
            socket.destroy()
            return
          }
          sockets.add(socket)
          socket.once('close', () => sockets.delete(socket))
          serveTcp(socket, switchboard, clock)
        })
        resolve(new LanListener(switchboard, server, sockets))
      })
    })
  }

  /** Takes leave of every neighbour and frees the port. */
  async close(): Promise<void> {
    this.switchboard.close()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroySoon()
    await closed
  }
}
