import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { ConvoyError } from '../../../lib/core/index.ts'
import { isLoopback, limitKey } from '../../addresses.ts'
import { addressBytes } from './constants.ts'

/** How far an address reaches: this machine, a network of one's own, or everywhere (names as well: who knows). */
export type Reach = 'loopback' | 'private' | 'everywhere'

/** Parts that an address of a service may have: where, over which transport, and who is there. */
const shapes = /^(ip4|ip6|dns|dns4|dns6) tcp( (ws|wss|tls ws|tls sni ws))?( p2p)?$/

/**
 * An address as an operator writes it.
 * @throws ConvoyError `invalid-argument`.
 */
export function parsedAddress(text: string, what: string): Multiaddr {
  const address = shapedAddress(text)
  if (address !== undefined) return address
  throw new ConvoyError(
    'invalid-argument',
    `"${text}" is no address for ${what}: it should look like /ip4/192.0.2.7/tcp/7101, /dns4/convoy.example.org/tcp/443/wss, or the same with /p2p/ and an id behind it.`,
  )
}

/** The id at the end of an address; undefined where there is none. */
export function idOf(address: Multiaddr): string | undefined {
  const last = address.getComponents().at(-1)
  return last?.name === 'p2p' ? last.value : undefined
}

/** How far an address reaches; undefined for one that is no service's, or has another id than `id`. */
export function reachOf(text: string, id: string): Reach | undefined {
  const address = shapedAddress(text)
  return address !== undefined && idOf(address) === id ? reach(address) : undefined
}

/** How far an address reaches. */
export function reach(address: Multiaddr): Reach {
  const [place] = address.getComponents()
  const host = place?.value ?? ''
  if (place?.name.startsWith('dns') === true) return host === 'localhost' ? 'loopback' : 'everywhere'
  if (isLoopback(host)) return 'loopback'
  return isPrivate(host.toLowerCase()) ? 'private' : 'everywhere'
}

/**
 * Whose limits count for a connection from `address`: of one over a relay the peer's, since the address is the relay's; null where none
 * do. What comes from this machine counts only where asked for: it may be a proxy with everybody behind it.
 */
export function limitKeyOf(address: Multiaddr, peerId: string, limitLoopback: boolean): string | null {
  const parts = address.getComponents()
  if (parts.some(({ name }) => name === 'p2p-circuit')) return `relayed ${peerId}`
  const host = parts[0]?.value
  if (host === undefined) return peerId
  return isLoopback(host) && !limitLoopback ? null : limitKey(host)
}

function shapedAddress(text: string): Multiaddr | undefined {
  if (!text.startsWith('/') || text.length > addressBytes) return undefined
  try {
    const address = multiaddr(text)
    const names = address.getComponents().map(({ name }) => name)
    return shapes.test(names.join(' ')) ? address : undefined
  } catch {
    return undefined
  }
}

/** By RFC 1918, RFC 6598, RFC 3927, RFC 4193 and RFC 4291; and what is nowhere at all. */
function isPrivate(host: string): boolean {
  if (host.includes(':')) return /^(f[cd]|fe[89ab]|::)/.test(host)
  const [a = 0, b = 0] = host.split('.').map(Number)
  return (
    a === 0 ||
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    a >= 224
  )
}
