import Peer, { type PeerSignal } from '#simple-peer'
import { loadEngine } from '#rtc/platform'
import * as v from 'valibot'
import { ConvoyError, createSystemClock } from '../core/index.ts'
import { limits, signalSchema, type Signal } from '../protocol/index.ts'
import type {
  Connection,
  ConnectionCloseReason,
  ConnectionHandlers,
  ConnectionOptions,
  Connector,
} from './connection.ts'
import { channelIds, earlyMessages } from './constants.ts'
import type { Engine, EngineDataChannel, Wrtc } from './engine.ts'
import { gathering } from './gatheringConnection.ts'
import { racing } from './racingConnection.ts'
import { relayedOnly, relayServers } from './relayOnly.ts'
import { checkCandidate, checkDescription } from './sdp.ts'
import { stillborn } from './stillborn.ts'

/**
 * Makes connections over `engine`: a few simple-peers each where the first doesn't come about at once, or one alone where its
 * signals are to be whole.
 */
export function createConnector(engine: Engine): Connector {
  const { name } = engine
  const connect = (options: ConnectionOptions): Connection => {
    try {
      return new PeerConnection(engine, withAllowedServers(options))
    } catch (cause) {
      // An engine that takes exception to a server's address must not take the program along.
      return stillborn(options.handlers, cause)
    }
  }
  const single = { name, connect }
  // Engines run on real time, whatever the link above them goes by.
  const clock = createSystemClock()
  const raced = racing(single, clock)
  const gathered = gathering(single, clock)
  return {
    name,
    connect: (options) => (options.wholeSignals === true ? gathered : raced).connect(options),
  }
}

/**
 * The connector of the best engine of this platform.
 * @throws ConvoyError `webrtc-missing`.
 */
export async function defaultConnector(): Promise<Connector> {
  return createConnector(await loadEngine('auto'))
}

/** @throws ConvoyError `link-failed` where only relays may be used and there is none: engines would do without. */
function withAllowedServers(options: ConnectionOptions): ConnectionOptions {
  if (options.iceTransportPolicy !== 'relay') return options
  const iceServers = relayServers(options.iceServers)
  if (iceServers.length > 0) return { ...options, iceServers }
  throw new ConvoyError(
    'link-failed',
    'Only relays may be used, and no TURN server with credentials that are still good is known: pass one in iceServers, or use a service that has one.',
    { details: { relay: 'none' } },
  )
}

/** {@link Connection} over WebRTC: simple-peer negotiates and owns `control`, `state` lies beside it. */
class PeerConnection implements Connection {
  readonly #engine: Engine
  readonly #initiator: boolean
  readonly #attempt: number
  readonly #relayOnly: boolean
  readonly #handlers: ConnectionHandlers
  readonly #peer: Peer
  #stateChannel: EngineDataChannel | undefined
  #controlReady = false
  #open = false
  #closed = false
  #failure: unknown
  #described = false
  #candidates = 0
  // The other side may have opened, and sent, before both channels are open here.
  #early: Uint8Array[] = []

  constructor(engine: Engine, options: ConnectionOptions) {
    this.#engine = engine
    this.#initiator = options.initiator
    this.#attempt = options.attempt
    this.#relayOnly = options.iceTransportPolicy === 'relay'
    this.#handlers = options.handlers
    this.#peer = new Peer({
      initiator: options.initiator,
      wrtc: withOwnChannels(
        engine.wrtc,
        (channel) => this.#adopt(channel),
        () => this.#refuseChannel(),
        () => options.wholeSignals === true && !this.#open,
      ),
      config: {
        iceServers: options.iceServers.map(copyOfServer),
        ...(this.#relayOnly && { iceTransportPolicy: 'relay' }),
      },
      channelName: 'control',
      channelConfig: { negotiated: true, id: channelIds.control },
      trickle: true,
      // Only matters without trickling, but by default keeps a timer for 5 s after the end.
      iceCompleteTimeout: 1,
      // Keeps messages apart that arrive before the stream flows.
      objectMode: true,
    })
    this.#peer.on('signal', (signal) => this.#sendSignal(signal))
    this.#peer.on('_iceComplete', () => {
      if (!this.#closed) this.#handlers.gathered?.()
    })
    this.#peer.on('data', (data) => this.#receiveControl(data))
    this.#peer.on('connect', () => {
      this.#controlReady = true
      this.#openWhenReady()
    })
    this.#peer.on('error', (error) => (this.#failure = error))
    this.#peer.on('close', () => this.#finish(...closeReason(this.#failure, this.#open)))
  }

  get controlBufferedAmount(): number {
    return this.#closed ? 0 : this.#peer.bufferSize
  }

  get stateBufferedAmount(): number {
    return this.#closed ? 0 : (this.#stateChannel?.bufferedAmount ?? 0)
  }

  signal(signal: Signal): void {
    if (this.#closed || this.#peer.destroyed) return
    const checked = this.#check(signal)
    if (checked === undefined) return
    try {
      this.#peer.signal(checked)
    } catch {
      this.#refuse('signal-rejected')
    }
  }

  sendControl(bytes: Uint8Array): void {
    if (!this.#open || this.#closed) throw new ConvoyError('closed', 'The connection is not open.')
    try {
      this.#peer.send(bytes)
    } catch (cause) {
      // A reliable channel that refuses a message is of no use any more.
      this.#finish('failed', cause)
      throw new ConvoyError('closed', 'The connection failed.', { cause })
    }
  }

  sendState(bytes: Uint8Array): void {
    if (!this.#open || this.#stateChannel?.readyState !== 'open') return
    try {
      this.#stateChannel.send(bytes)
    } catch {
      // Closing, which the channel is about to tell: one more datagram lost.
    }
  }

  close(): void {
    if (this.#closed) return
    this.#finish('local')
  }

  // Refusals are counted by the owner; nothing of a refused signal reaches the engine.
  #check(signal: Signal): PeerSignal | undefined {
    const parsed = v.safeParse(signalSchema, signal)
    if (!parsed.success) return this.#refuse('signal-malformed')
    const { output } = parsed
    if (output.attempt !== this.#attempt) return this.#refuse('signal-attempt')
    if (output.type === 'candidate') return this.#checkCandidate(output)
    if (output.type !== (this.#initiator ? 'answer' : 'offer') || this.#described) {
      return this.#refuse('signal-unexpected')
    }
    const check = checkDescription(output.sdp, this.#engine.acceptsMdnsCandidates)
    if (!check.ok) return this.#refuse(check.reason)
    for (const reason of check.dropped) this.#refuse(reason)
    this.#described = true
    this.#candidates += check.candidates
    return { type: output.type, sdp: check.sdp }
  }

  #checkCandidate(signal: Signal & { type: 'candidate' }): PeerSignal | undefined {
    const refusal =
      this.#candidates >= limits.candidatesPerConnection
        ? 'candidate-excess'
        : checkCandidate(signal.candidate, this.#engine.acceptsMdnsCandidates)
    if (refusal !== undefined) return this.#refuse(refusal)
    this.#candidates++
    // Both channels share one media section, whatever the other side's engine calls it.
    const { candidate, sdpMid } = signal
    return { type: 'candidate', candidate: { candidate, sdpMid, sdpMLineIndex: 0 } }
  }

  #refuse(reason: string): undefined {
    this.#handlers.refused?.(reason)
    return undefined
  }

  #sendSignal(signal: PeerSignal): void {
    if (this.#closed) return
    if (signal.type === 'offer' || signal.type === 'answer') {
      this.#hand({ type: signal.type, attempt: this.#attempt, sdp: signal.sdp })
    } else if (signal.type === 'candidate' && signal.candidate.candidate !== '') {
      const { candidate, sdpMid, sdpMLineIndex } = signal.candidate
      this.#hand({
        type: 'candidate',
        attempt: this.#attempt,
        candidate,
        sdpMid: sdpMid ?? null,
        sdpMLineIndex: sdpMLineIndex ?? null,
      })
    }
  }

  // Engines differ in how well they keep to the policy; what leaves here keeps to it whichever it is.
  #hand(signal: Signal): void {
    const allowed = this.#relayOnly ? relayedOnly(signal) : signal
    if (allowed !== undefined) this.#handlers.signal(allowed)
  }

  #adopt(channel: EngineDataChannel): void {
    this.#stateChannel = channel
    channel.binaryType = 'arraybuffer'
    channel.onopen = () => this.#openWhenReady()
    channel.onmessage = ({ data }) => {
      if (!this.#open) return
      if (data instanceof ArrayBuffer) this.#handlers.state(new Uint8Array(data))
      else if (data instanceof Uint8Array) this.#handlers.state(data)
      else this.#refuse('datagram-text')
    }
    const end = (): void => this.#finish(this.#open ? 'remote' : 'failed')
    channel.onclose = end
    channel.onerror = end
  }

  // Both sides know the channels there are ([LNK-1]): one that opens another is after our memory.
  #refuseChannel(): void {
    this.#refuse('channel-foreign')
    this.#finish(
      'violated',
      new ConvoyError('channel-foreign', 'The other side opened a data channel that no link has.'),
    )
  }

  #openWhenReady(): void {
    if (this.#open || this.#closed || !this.#controlReady || this.#stateChannel?.readyState !== 'open') return
    this.#open = true
    this.#handlers.open()
    for (const message of this.#early.splice(0)) this.#receiveControl(message)
  }

  #receiveControl(data: unknown): void {
    if (this.#closed) return
    if (!(data instanceof Uint8Array)) this.#refuse('control-text')
    else if (this.#open) this.#handlers.control(data)
    else if (this.#early.length < earlyMessages) this.#early.push(data)
    else this.#finish('failed', new ConvoyError('rate-limited', 'The other side floods the control channel.'))
  }

  #finish(reason: ConnectionCloseReason, cause?: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#early = []
    const channel = this.#stateChannel
    if (channel !== undefined) {
      channel.onopen = channel.onmessage = channel.onclose = channel.onerror = null
      try {
        channel.close()
      } catch {
        // It never opened; closing the connection frees it.
      }
    }
    this.#peer.destroy()
    this.#handlers.closed(reason, cause)
  }
}

/**
 * `wrtc` with a connection class that pre-negotiates the state channel and hands it to `adopt`, and calls `foreign` for
 * each channel that the other side opens besides. While it is `patient`, failing is no reason to end: people take their time, and
 * engines connect all the same once the other side asks.
 */
function withOwnChannels(
  wrtc: Wrtc,
  adopt: (channel: EngineDataChannel) => void,
  foreign: () => void,
  patient: () => boolean,
): Wrtc {
  class LinkPeerConnection extends wrtc.RTCPeerConnection {
    constructor(configuration: RTCConfiguration) {
      super(configuration)
      adopt(
        super.createDataChannel('state', {
          negotiated: true,
          id: channelIds.state,
          ordered: false,
          maxRetransmits: 0,
        }),
      )
      this.ondatachannel = foreign
    }

    override get connectionState(): string {
      const state = super.connectionState
      return state === 'failed' && patient() ? 'connecting' : state
    }

    override get iceConnectionState(): string {
      const state = super.iceConnectionState
      return state === 'failed' && patient() ? 'checking' : state
    }

    // As responder simple-peer gives its channel no name, which not every engine takes.
    override createDataChannel(label: string | null, options: RTCDataChannelInit): EngineDataChannel {
      return super.createDataChannel(label ?? 'control', options)
    }

    // A candidate the engine can't use must not end the connection; others may do.
    override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      try {
        await super.addIceCandidate(candidate)
      } catch {
        return
      }
    }
  }
  return { ...wrtc, RTCPeerConnection: LinkPeerConnection }
}

function copyOfServer(server: RTCIceServer): RTCIceServer {
  return { ...server, urls: typeof server.urls === 'string' ? server.urls : [...server.urls] }
}

// A remote close often shows as an error of the channel first.
function closeReason(failure: unknown, wasOpen: boolean): [ConnectionCloseReason, unknown?] {
  if (!wasOpen) return ['failed', failure]
  if (failure === undefined) return ['remote']
  const code = (failure as { code?: unknown }).code
  return code === 'ERR_DATA_CHANNEL' || code === 'ERR_ICE_CONNECTION_CLOSED'
    ? ['remote', failure]
    : ['failed', failure]
}
