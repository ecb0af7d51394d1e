import { ConvoyError } from '../../core/index.ts'
import type { Engine, Wrtc } from '../engine.ts'

/**
 * The WebRTC of the browser, as it is: simple-peer was written for it.
 * @throws ConvoyError `webrtc-missing` where there is none.
 */
export function browserEngine(): Engine {
  const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = globalThis
  // Typed as always there; workers lack it, and settings and extensions take it away.
  if (typeof RTCPeerConnection !== 'function') {
    throw new ConvoyError(
      'webrtc-missing',
      'There is no WebRTC here. A page has it, a worker has not; in a page, allow WebRTC in the settings and ' +
        'extensions of the browser, or use a current Chrome, Edge, Firefox or Safari.',
    )
  }
  return {
    name: 'browser',
    wrtc: { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } as unknown as Wrtc,
    // Browsers hide a user's addresses behind such names and look up those of others by multicast themselves.
    acceptsMdnsCandidates: true,
  }
}
