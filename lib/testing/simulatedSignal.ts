import { toHex, type RandomSource } from '../core/index.ts'

/** What a simulated session description says. */
export interface SimulatedDescription {
  /** Names the connection that made it. */
  id: string
  /** An answer names the connection it answers. */
  answers: string | undefined
}

/**
 * A session description for `id`, in the shape of a real one for data channels: code that looks into it (for
 * its fingerprint, or its size) works the same.
 */
export function describeConnection(id: string, answers: string | undefined, random: RandomSource): string {
  const fingerprint = (toHex(random.bytes(32)).toUpperCase().match(/../g) ?? []).join(':')
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${id}`,
    `a=ice-pwd:${toHex(random.bytes(12))}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${answers === undefined ? 'actpass' : 'active'}`,
    'a=mid:0',
    ...(answers === undefined ? [] : [`a=x-simulated-answer-to:${answers}`]),
  ]
  return `${lines.join('\r\n')}\r\n`
}

/** Reads what {@link describeConnection} wrote; undefined for anything else. */
export function readDescription(sdp: string): SimulatedDescription | undefined {
  const id = /^a=ice-ufrag:(\S+)\r$/m.exec(sdp)?.[1]
  if (!sdp.startsWith('v=0\r\n') || id === undefined) return undefined
  return { id, answers: /^a=x-simulated-answer-to:(\S+)\r$/m.exec(sdp)?.[1] }
}

/** A candidate of the peer with this number: a private address of its own. */
export function candidateOf(peerNumber: number, port: number): string {
  const address = `10.${(peerNumber >> 16) & 255}.${(peerNumber >> 8) & 255}.${peerNumber & 255}`
  return `candidate:1 1 udp 2113937151 ${address} ${port} typ host`
}

/** Whether `candidate` has the shape of one. */
export function isCandidate(candidate: string): boolean {
  return /^candidate:\S+ 1 udp \d+ \S+ \d+ typ host$/.test(candidate)
}
