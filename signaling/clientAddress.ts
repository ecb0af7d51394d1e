import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { ConvoyError } from '../lib/core/index.ts'
import { forwardedAddress, plainAddress } from './addresses.ts'

/** Tells where a request comes from; undefined where its connection is gone already. */
export type ClientAddress = (request: IncomingMessage) => string

/**
 * Where requests come from: from the other end of the connection, or from where the proxies in front say.
 * @param trustProxy - whether there is one proxy, whatever its address.
 * @param trustedProxies - addresses and networks (`10.0.0.0/8`) of proxies, of which there may be several in a row: what
 *   anybody else says is not believed.
 * @throws ConvoyError `invalid-argument` for what is no address or network.
 */
export function clientAddress(trustProxy: boolean, trustedProxies: readonly string[]): ClientAddress {
  const remote = ({ socket }: IncomingMessage): string => plainAddress(socket.remoteAddress ?? '')
  if (trustedProxies.length > 0) {
    const trusted = networks(trustedProxies)
    return (request) => {
      const claimed = request.headers['x-forwarded-for']
      const hops = (Array.isArray(claimed) ? claimed.join(',') : (claimed ?? '')).split(',')
      let address = remote(request)
      // From the nearest hop outwards: the first one that no proxy of ours stands behind is the client.
      while (isIn(trusted, address)) {
        const next = plainAddress(hops.pop()?.trim() ?? '')
        if (isIP(next) === 0) break
        address = next
      }
      return address
    }
  }
  if (!trustProxy) return remote
  return (request) => forwardedAddress(request.headers['x-forwarded-for']) ?? remote(request)
}

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

function networks(texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    const [address = '', length, ...rest] = text.split('/')
    const family = isIP(address)
    const bits = length === undefined ? undefined : /^\d+$/.test(length) ? Number(length) : NaN
    const isWrong =
      family === 0 || rest.length > 0 || (bits !== undefined && !(bits <= (family === 6 ? 128 : 32)))
    if (isWrong) {
      throw new ConvoyError(
        'invalid-argument',
        `A trusted proxy is an address or a network, such as 10.0.0.7 or 10.0.0.0/8, not "${text}".`,
      )
    }
    const kind = family === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, kind)
    else list.addSubnet(address, bits, kind)
  }
  return list
}
