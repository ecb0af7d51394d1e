import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { ConvoyError } from '../../core/index.ts'
import { isInviteHint } from '../../identity/index.ts'
import { addressesInInvite } from './constants.ts'

const circuit = '/p2p-circuit'

/** Whether `hint` is one that this rendezvous can follow: a multiaddr that says which peer answers there ([P2P-3]). */
export function isPeerAddress(hint: string): boolean {
  if (!hint.startsWith('/') || !isInviteHint(hint)) return false
  try {
    const parts = multiaddr(hint).getComponents()
    return parts.at(-1)?.name === 'p2p'
  } catch {
    return false
  }
}

/**
 * The address of a peer as libp2p's own type.
 * @throws ConvoyError `invalid-argument` when it does not say which peer answers there.
 */
export function peerAddress(text: string): Multiaddr {
  if (!isPeerAddress(text)) {
    throw new ConvoyError(
      'invalid-argument',
      'The address of a libp2p peer looks like /ip4/192.0.2.7/tcp/7200/ws/p2p/12D3Koo…, with the peer id at its end.',
    )
  }
  return multiaddr(text)
}

/** The relay that a circuit address leads through; undefined where it leads through none. */
export function relayOf(hint: string): string | undefined {
  const at = hint.indexOf(circuit)
  const relay = at < 0 ? undefined : hint.slice(0, at)
  return relay !== undefined && isPeerAddress(relay) ? relay : undefined
}

/** The address of `peerId` behind a relay. */
export function throughRelay(relay: string, peerId: string): string {
  return `${relay}${circuit}/p2p/${peerId}`
}

/** What of its addresses a peer puts into invites, the ones that most can dial first ([P2P-3]). */
export function forInvites(listening: readonly Multiaddr[], reserved: readonly string[]): string[] {
  const own = listening.filter((address) => !address.toString().includes(circuit))
  // Of use to this machine alone; better than nothing, and what tests and demonstrations have.
  const reachable = own.filter((address) => !isLoopback(address))
  const direct = (reachable.length > 0 ? reachable : own).map((address) => address.toString())
  // Pages dial WebSockets only.
  const ordered = [...direct.filter(isWebSocket), ...reserved, ...direct.filter((text) => !isWebSocket(text))]
  return [...new Set(ordered)].filter(isInviteHint).slice(0, addressesInInvite)
}

/**
 * Whose limits count for a connection from `address`: its network address (of IPv6 the /64), or the peer where a relay is in
 * between; null for this machine.
 */
export function limitKeyOf(address: Multiaddr, peerId: string): string | null {
  if (address.toString().includes(circuit)) return `relayed ${peerId}`
  if (isLoopback(address)) return null
  const [part] = address.getComponents()
  if (part?.value === undefined) return peerId
  return part.name === 'ip6' ? networkOf(part.value) : part.value
}

function isWebSocket(text: string): boolean {
  return /\/wss?(\/|$)/.test(text)
}

function isLoopback(address: Multiaddr): boolean {
  const [part] = address.getComponents()
  return part?.name === 'ip4' ? (part.value ?? '').startsWith('127.') : part?.value === '::1'
}

/** The first four of the eight groups of an IPv6 address. */
function networkOf(address: string): string {
  const [before = '', after] = address.split('::')
  const groups = before === '' ? [] : before.split(':')
  const rest = after === undefined || after === '' ? [] : after.split(':')
  while (after !== undefined && groups.length + rest.length < 8) groups.push('0')
  return [...groups, ...rest].slice(0, 4).join(':')
}
