/** The parts of the address of a STUN or TURN server. */
export interface IceUrl {
  readonly scheme: 'stun' | 'stuns' | 'turn' | 'turns'
  /** A name or a literal address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  readonly transport: 'udp' | 'tcp' | 'tls'
}

const iceUrl =
  /^(stuns?|turns?):(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i

/**
 * Reads `stun:host:port` and `turn:host:port?transport=udp` by RFC 7064 and RFC 7065. Undefined for anything else, at
 * which an engine may throw or worse; also for TURN over DTLS (`turns:` with UDP), which none speaks.
 */
export function parseIceUrl(url: string): IceUrl | undefined {
  const match = iceUrl.exec(url)
  if (match === null) return undefined
  const [, schemeText = '', host = '', portText, transportText = ''] = match
  const scheme = schemeText.toLowerCase() as IceUrl['scheme']
  const secure = scheme.endsWith('s')
  const named = transportText.toLowerCase()
  if (named !== '' && scheme.startsWith('stun')) return undefined
  if (secure && named === 'udp') return undefined
  const port = portText === undefined ? (secure ? 5_349 : 3_478) : Number(portText)
  if (port < 1 || port > 65_535) return undefined
  return {
    scheme,
    host: host.replace(/^\[|\]$/g, ''),
    port,
    transport: secure ? 'tls' : named === 'tcp' ? 'tcp' : 'udp',
  }
}
