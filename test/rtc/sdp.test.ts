import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCandidate, checkDescription, sdpFingerprint } from '../../lib/rtc/sdp.ts'

const fingerprint = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, '0')).join(':')
const lines = [
  'v=0',
  'o=- 1 0 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=mid:0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuv',
  `a=fingerprint:sha-256 ${fingerprint}`,
  'a=setup:actpass',
  'a=sctp-port:5000',
]
const host = 'candidate:1 1 UDP 2114977791 192.0.2.2 36551 typ host'
const sdp = (...more: string[]): string => [...lines, ...more, ''].join('\r\n')
const without = (start: string): string =>
  [...lines.filter((line) => !line.startsWith(start)), ''].join('\r\n')

describe('a session description', () => {
  it('[LNK-6] passes as it is when it negotiates data channels and nothing else', () => {
    expect(checkDescription(sdp(`a=${host}`), false)).toEqual({
      ok: true,
      sdp: sdp(`a=${host}`),
      candidates: 1,
      dropped: [],
    })
  })

  it.each([
    ['sdp-too-large', sdp(...Array.from({ length: 200 }, () => `a=x:${'y'.repeat(60)}`))],
    ['sdp-malformed', ''],
    ['sdp-malformed', 'nonsense'],
    ['sdp-malformed', sdp('a=x:\u0000')],
    ['sdp-malformed', sdp('A=upper case')],
    ['sdp-malformed', without('a=ice-pwd')],
    ['sdp-malformed', without('a=setup')],
    ['sdp-media', without('m=')],
    ['sdp-media', sdp('m=audio 9 UDP/TLS/RTP/SAVPF 111')],
    ['sdp-media', sdp('m=application 9 UDP/DTLS/SCTP webrtc-datachannel')],
    ['sdp-fingerprint', without('a=fingerprint')],
    ['sdp-fingerprint', sdp('a=fingerprint:sha-1 00:11')],
    ['sdp-fingerprint', sdp(`a=fingerprint:sha-256 ${fingerprint.replace('00', 'ff')}`)],
  ])('[LNK-6] is refused as %s', (reason, text) => {
    expect(checkDescription(text, true)).toEqual({ ok: false, reason })
  })

  it('[LNK-7] loses the candidates that may not pass, and keeps the others', () => {
    const name = 'a=candidate:2 1 udp 1 tracker.example 9 typ host'
    const tcp = 'a=candidate:3 1 tcp 1 192.0.2.2 9 typ host tcptype active'
    const check = checkDescription(sdp(name, `a=${host}`, tcp), false)
    expect(check).toMatchObject({ ok: true, sdp: sdp(`a=${host}`), candidates: 1 })
    expect(check.ok && check.dropped).toEqual(['candidate-name', 'candidate-transport'])
  })

  it('[LNK-7] has at most 64 candidates', () => {
    const check = checkDescription(sdp(...Array.from({ length: 70 }, () => `a=${host}`)), false)
    expect(check).toMatchObject({ ok: true, candidates: 64 })
    expect(check.ok && check.dropped).toEqual(Array.from({ length: 6 }, () => 'candidate-excess'))
  })

  it('has one fingerprint, in a form that can be compared', () => {
    const upper = `sha-256 ${fingerprint.toUpperCase()}`
    expect(sdpFingerprint(sdp())).toBe(upper)
    expect(sdpFingerprint(sdp(`a=fingerprint:SHA-256 ${fingerprint.toUpperCase()}`))).toBe(upper)
    expect(sdpFingerprint(sdp(`a=fingerprint:sha-512 ${fingerprint}:${fingerprint}`))).toBe(undefined)
    expect(sdpFingerprint('')).toBe(undefined)
  })
})

describe('a candidate', () => {
  it.each([
    host,
    'candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag x network-cost 999',
    'a=candidate:2 1 UDP 2116026111 fd00::2 36551 typ host',
    'candidate:3 1 UDP 1 ::ffff:192.0.2.1 5 typ relay raddr 192.0.2.2 rport 6',
  ])('[LNK-7] passes: %s', (line) => {
    expect(checkCandidate(line, false)).toBe(undefined)
  })

  it('[LNK-7] with a browser’s hidden address passes to those who know such names', () => {
    const hidden = 'candidate:1 1 udp 1 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 63000 typ host'
    expect(checkCandidate(hidden, true)).toBe(undefined)
    expect(checkCandidate(hidden, false)).toBe('candidate-name')
  })

  it.each([
    ['candidate-name', 'candidate:1 1 udp 1 printer.local 63000 typ host', true],
    ['candidate-name', 'candidate:1 1 udp 1 192.0.2.2.example 63000 typ host', true],
    ['candidate-name', 'candidate:1 1 udp 1 256.1.1.1 63000 typ host', true],
    ['candidate-transport', 'candidate:1 1 tcp 1 192.0.2.2 9 typ host tcptype active', true],
    ['candidate-malformed', '', true],
    ['candidate-malformed', 'candidate:1 1 udp 1 192.0.2.2 99999 typ host', true],
    ['candidate-malformed', 'candidate:1 1 udp 1 192.0.2.2 9 typ teapot', true],
    ['candidate-malformed', `${host}\r\na=setup:active`, true],
    ['candidate-malformed', 'candidate:1 1 udp 1 192.0.2.2 9 typ host \u0001', true],
  ] as const)('[LNK-7] is refused as %s: %s', (reason, line, mdns) => {
    expect(checkCandidate(line, mdns)).toBe(reason)
  })

  it('[LNK-7] of any text is judged, quickly and without throwing', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 512 }), (text) => {
        const line = `candidate:1 1 udp 1 ${text} typ host ${text}`
        expect(checkCandidate(line, false)).not.toBe('candidate-excess')
      }),
      { seed: 3, numRuns: 300 },
    )
  })
})
