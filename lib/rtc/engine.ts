import type { IceServer, IceTransportPolicy } from './connection.ts'

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

// W3C's own declarations come with TypeScript's "dom" library, which programs in Node need not have.

/** The part of `RTCDataChannelInit` that links use. */
export interface EngineDataChannelInit {
  negotiated?: boolean
  id?: number
  ordered?: boolean
  maxRetransmits?: number
}

/** `RTCIceCandidateInit`. */
export interface EngineIceCandidateInit {
  candidate?: string
  sdpMid?: string | null
  sdpMLineIndex?: number | null
}

/** The part of `RTCConfiguration` that links use. */
export interface EngineConfiguration {
  iceServers?: IceServer[]
  iceTransportPolicy?: IceTransportPolicy
}

/** The part of `RTCPeerConnection` that links use themselves; simple-peer uses the rest. */
export interface EnginePeerConnection {
  readonly connectionState: string
  readonly iceConnectionState: string
  createDataChannel(label: string, options: EngineDataChannelInit): EngineDataChannel
  addIceCandidate(candidate?: EngineIceCandidateInit | null): Promise<void>
  /** Told of each channel that the other side opens in band. */
  ondatachannel: ((event: never) => void) | null | undefined
}

/** The classes simple-peer takes as its `wrtc` option. */
export interface Wrtc {
  readonly RTCPeerConnection: new (configuration: EngineConfiguration) => EnginePeerConnection
  readonly RTCSessionDescription: new (description: { type: 'offer' | 'answer'; sdp: string }) => object
  readonly RTCIceCandidate: new (candidate: EngineIceCandidateInit) => object
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
