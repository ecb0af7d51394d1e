/** The part of simple-peer 9 that links use: `send()` and events, never its stream side. */
declare module '#simple-peer' {
  export interface PeerOptions {
    initiator: boolean
    /** Engine classes; see `Wrtc` in engine.ts. */
    wrtc: object
    config: RTCConfiguration
    channelName: string
    channelConfig: RTCDataChannelInit
    trickle: boolean
    iceCompleteTimeout: number
    objectMode: boolean
  }

  export type PeerSignal =
    | { type: 'offer' | 'answer'; sdp: string }
    | {
        type: 'candidate'
        candidate: { candidate: string; sdpMid: string | null; sdpMLineIndex: number | null }
      }
    | { type: 'renegotiate' | 'transceiverRequest' }

  export interface PeerEvents {
    signal: [signal: PeerSignal]
    connect: []
    data: [data: Uint8Array]
    error: [error: Error & { code?: string }]
    close: []
    /** Every candidate of this side is known. */
    _iceComplete: []
  }

  export default class Peer {
    constructor(options: PeerOptions)
    on<Name extends keyof PeerEvents>(name: Name, listener: (...event: PeerEvents[Name]) => void): this
    signal(signal: PeerSignal): void
    send(data: Uint8Array): void
    destroy(error?: Error): void
    readonly destroyed: boolean
    /** Bytes that wait on its channel. */
    readonly bufferSize: number
  }
}
