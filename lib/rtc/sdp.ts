import { limits } from '../protocol/index.ts'

/** Why something from the other side was not handed to the engine. */
export type SdpRefusal =
  | 'sdp-too-large'
  | 'sdp-malformed'
  | 'sdp-media'
  | 'sdp-fingerprint'
  | 'candidate-malformed'
  | 'candidate-transport'
  | 'candidate-name'
  | 'candidate-excess'

/** The outcome of a check: what may go to the engine, or why nothing may. */
export type SdpCheck =
  | { ok: true; sdp: string; candidates: number; dropped: readonly SdpRefusal[] }
  | { ok: false; reason: SdpRefusal }

const mdnsName = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.local$/i
const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/
// A superset of IPv6 text; whatever passes holds nothing that could be resolved as a name.
const ipv6 = /^(?=.*:.*:)[0-9a-f:.]{2,45}$/i
// RFC 8839 section 5.1: foundation, component, transport, priority, address, port, "typ" and type, extensions.
const candidateLine =
  /^(?:a=)?candidate:[\w+/]{1,32} [12] (udp|tcp) \d{1,10} (\S{1,64}) (\d{1,5}) typ (?:host|srflx|prflx|relay)(?: [\x21-\x7e]+)*$/i
const fingerprintLine = /^a=fingerprint:(sha-256|sha-384|sha-512) ((?:[0-9a-f]{2}:){31,63}[0-9a-f]{2})$/i

/**
 * Whether the engine may see `candidate`: a UDP candidate with a literal address, or with an mDNS name where
 * `acceptsMdns`. Names are never resolved: looking one up would tell whoever owns it where the player is.
 * @returns undefined when it may pass, otherwise why not.
 */
export function checkCandidate(candidate: string, acceptsMdns: boolean): SdpRefusal | undefined {
  const match = candidateLine.exec(candidate)
  if (match === null || Number(match[3]) > 65_535) return 'candidate-malformed'
  // Over TCP one lost segment would hold up every later datagram.
  if (match[1]?.toLowerCase() !== 'udp') return 'candidate-transport'
  const address = match[2] ?? ''
  if (ipv4.test(address) || ipv6.test(address)) return undefined
  return acceptsMdns && mdnsName.test(address) ? undefined : 'candidate-name'
}

/**
 * Checks a session description from the other side: its size, that it negotiates exactly one data channel
 * section, its fingerprints and its candidates. Candidates that may not pass are taken out.
 */
export function checkDescription(sdp: string, acceptsMdns: boolean): SdpCheck {
  if (sdp.length > limits.sdpBytes) return { ok: false, reason: 'sdp-too-large' }
  const lines = sdp.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  if (lines[0] !== 'v=0' || lines.some((line) => !/^[a-z]=[\x20-\x7e]*$/.test(line))) {
    return { ok: false, reason: 'sdp-malformed' }
  }
  const media = lines.filter((line) => line.startsWith('m='))
  if (
    media.length !== 1 ||
    !/^m=application \d{1,5} UDP\/DTLS\/SCTP webrtc-datachannel$/.test(media[0] ?? '')
  ) {
    return { ok: false, reason: 'sdp-media' }
  }
  for (const required of ['a=ice-ufrag:', 'a=ice-pwd:', 'a=setup:', 'a=mid:']) {
    if (!lines.some((line) => line.startsWith(required))) return { ok: false, reason: 'sdp-malformed' }
  }
  if (sdpFingerprint(sdp) === undefined) return { ok: false, reason: 'sdp-fingerprint' }
  const dropped: SdpRefusal[] = []
  let candidates = 0
  const kept = lines.filter((line) => {
    if (!line.startsWith('a=candidate:')) return true
    const refusal =
      candidates >= limits.candidatesPerConnection ? 'candidate-excess' : checkCandidate(line, acceptsMdns)
    if (refusal === undefined) candidates++
    else dropped.push(refusal)
    return refusal === undefined
  })
  return { ok: true, sdp: `${kept.join('\r\n')}\r\n`, candidates, dropped }
}

/**
 * The one DTLS fingerprint of a session description as `sha-256 AB:CD…`, in upper case after the algorithm.
 * Undefined when there is none, or several that differ: then it would not bind the connection to one key.
 */
export function sdpFingerprint(sdp: string): string | undefined {
  let found: string | undefined
  for (const line of sdp.split(/\r?\n/)) {
    if (!line.startsWith('a=fingerprint:')) continue
    const match = fingerprintLine.exec(line)
    if (match === null) return undefined
    const fingerprint = `${(match[1] ?? '').toLowerCase()} ${(match[2] ?? '').toUpperCase()}`
    if (found !== undefined && found !== fingerprint) return undefined
    found = fingerprint
  }
  return found
}

/** `sdp` without the candidate lines that `keep` does not want. */
export function withoutCandidates(sdp: string, keep: (line: string) => boolean): string {
  return sdp
    .split('\r\n')
    .filter((line) => !line.startsWith('a=candidate:') || keep(line))
    .join('\r\n')
}
