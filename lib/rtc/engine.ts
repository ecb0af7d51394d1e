/** The engines a {@link Engine} can be: the browser's own, node-datachannel, werift. */
export type EngineName = 'browser' | 'datachannel' | 'werift'

/** The part of `RTCDataChannel` that links use. */
export interface EngineDataChannel {
  binaryType: string
  readonly readyState: string
  readonly bufferedAmount: number
  send(data: Uint8Array): void
  close(): void
  onopen: ((event: never) => void) | null | undefined
  onclose: ((event: never) => void) | null | undefined
  onerror: ((event: never) => void) | null | undefined
  onmessage: ((event: { data: unknown }) => void) | null | undefined
}

/** The part of `RTCPeerConnection` that links use themselves; simple-peer uses the rest. */
export interface EnginePeerConnection {
  createDataChannel(label: string, options: RTCDataChannelInit): EngineDataChannel
  addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void>
}

/** The classes simple-peer takes as its `wrtc` option. */
export interface Wrtc {
  readonly RTCPeerConnection: new (configuration: RTCConfiguration) => EnginePeerConnection
  readonly RTCSessionDescription: new (description: { type: RTCSdpType; sdp: string }) => object
  readonly RTCIceCandidate: new (candidate: RTCIceCandidateInit) => object
}

/**
 * An implementation of WebRTC with its peculiarities mended: whoever uses one need not know which it is.
 */
export interface Engine {
  readonly name: EngineName
  readonly wrtc: Wrtc
  /** Whether candidates of the form `<uuid>.local` mean anything to it; others are never resolved. */
  readonly acceptsMdnsCandidates: boolean
}
