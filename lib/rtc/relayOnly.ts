import type { Signal } from '../protocol/index.ts'
import type { IceServer } from './connection.ts'

/**
 * What of `servers` may be asked where only relays may be used ([NAT-20]): TURN servers with credentials. A STUN server would learn,
 * and tell, the very address that is to stay hidden.
 */
export function relayServers(servers: readonly IceServer[]): IceServer[] {
  return servers.flatMap((server) => {
    const urls = [server.urls].flat().filter((url) => /^turns?:/i.test(url))
    const { username, credential } = server
    return urls.length === 0 || !username || !credential ? [] : [{ urls, username, credential }]
  })
}

/**
 * `signal` as it may leave where only relays may be used ([NAT-21]): of its candidates only relayed ones, without the address at
 * which the TURN server sees this side. Undefined when nothing is left of it.
 */
export function relayedOnly(signal: Signal): Signal | undefined {
  if (signal.type === 'candidate') {
    const candidate = relayedCandidate(signal.candidate)
    return candidate === undefined ? undefined : { ...signal, candidate }
  }
  const lines = signal.sdp.split('\r\n').flatMap((line) => {
    if (line.startsWith('a=candidate:')) return relayedCandidate(line) ?? []
    return line.startsWith('a=rtcp:') ? [] : line.replace(...originAddress).replace(...connectionAddress)
  })
  return { ...signal, sdp: lines.join('\r\n') }
}

const relayCandidate = /^(?:a=)?candidate:\S+ \d+ \S+ \d+ \S+ \d+ typ relay(?: |$)/i
/** Engines put into both what their sockets are bound to, or a candidate; nobody reads them once there is ICE (RFC 8839). */
const originAddress = [/^(o=.* IN IP[46]) .*$/, '$1 0.0.0.0'] as const
const connectionAddress = [/^c=IN IP[46] .*$/, 'c=IN IP4 0.0.0.0'] as const

/** RFC 8839 section 5.1: the related address of a relayed candidate is the reflexive one, for diagnosis only. */
function relayedCandidate(line: string): string | undefined {
  if (!relayCandidate.test(line)) return undefined
  return line.replace(/ raddr \S+/i, ' raddr 0.0.0.0').replace(/ rport \d+/i, ' rport 0')
}
