import {
  RTCIceCandidate,
  RTCPeerConnection,
  RTCSessionDescription,
  type RTCDataChannel,
} from 'node-datachannel/polyfill'
import { networkInterfaces } from 'node:os'
import { parseIceUrl } from '../../protocol/index.ts'
import type { Engine, Wrtc } from '../engine.ts'
import { pathMtuBytes } from '../constants.ts'
import { withoutCandidates } from '../sdp.ts'
import { TurnForwarder } from './turnForwarder.ts'

/**
 * node-datachannel's W3C face, mended for simple-peer.
 */
class DatachannelPeerConnection extends RTCPeerConnection {
  readonly #relayOnly: boolean
  readonly #forwarders: readonly TurnForwarder[]
  #closed = false

  constructor(configuration: RTCConfiguration) {
    const forwarders: TurnForwarder[] = []
    try {
      super(mendedConfiguration(configuration, forwarders))
    } catch (error) {
      for (const forwarder of forwarders) forwarder.close()
      throw error
    }
    this.#forwarders = forwarders
    this.#relayOnly = configuration.iceTransportPolicy === 'relay'
  }

  override createDataChannel(
    ...parameters: Parameters<RTCPeerConnection['createDataChannel']>
  ): RTCDataChannel {
    const channel = super.createDataChannel(...parameters)
    const close = channel.close.bind(channel)
    // A closing connection closes its channels on a thread of the engine. A channel closed here meanwhile may lose its
    // last event, without which the engine never frees it and keeps the process alive for good.
    channel.close = () => void setImmediate(() => this.#closed || close())
    return channel
  }

  override close(): void {
    this.#closed = true
    super.close()
    for (const forwarder of this.#forwarders) forwarder.close()
  }

  // simple-peer assigns to `sdp`, which is read-only in the class this engine hands out.
  override async createOffer(): Promise<RTCSessionDescriptionInit> {
    return plainDescription((await super.createOffer()) as RTCSessionDescriptionInit)
  }

  override async createAnswer(): Promise<RTCSessionDescriptionInit> {
    return plainDescription((await super.createAnswer()) as RTCSessionDescriptionInit)
  }

  override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const { type, sdp = '' } = description
    const asServer = type === 'offer' && shouldAnswerAsServer(sdp)
    // An offer that is `active` already leaves only `passive` for the answer.
    return super.setRemoteDescription({
      type,
      sdp: asServer ? sdp.replace('a=setup:actpass', 'a=setup:active') : sdp,
    })
  }

  // As responder the engine tells host and reflexive addresses even when only relayed ones may be known.
  override dispatchEvent(event: Event): boolean {
    if (this.#relayOnly && event.type === 'icecandidate') {
      const { candidate } = event as RTCPeerConnectionIceEvent
      if (candidate !== null && candidate.type !== 'relay') return true
    }
    return super.dispatchEvent(event)
  }

  override get localDescription(): globalThis.RTCSessionDescription {
    const description = super.localDescription
    if (!this.#relayOnly) return description
    const sdp = withoutCandidates(description.sdp, (line) => / typ relay\b/.test(line))
    return new RTCSessionDescription({ type: description.type, sdp })
  }
}

/**
 * This engine drops what arrives before its own ICE is connected, and repeats a DTLS hello only after a second.
 * So the side that connects first had better be the server: the answering one where packets are faster than
 * signals, the offering one otherwise. Other engines repeat theirs sooner, or wait before the first.
 */
function shouldAnswerAsServer(offer: string): boolean {
  const sameEngine = /^o=rtc /m.test(offer)
  return !sameEngine || offersNearbyAddress(offer)
}

// Nearby: this machine, or the usual size of a home network.
function offersNearbyAddress(offer: string): boolean {
  const networks = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address.slice(0, address.lastIndexOf('.') + 1))
  const offered = [...offer.matchAll(/^a=candidate:.* (\d+\.\d+\.\d+\.)\d+ \d+ typ host/gm)]
  return offered.some(([, network = '']) => networks.includes(network))
}

function plainDescription(description: RTCSessionDescriptionInit): RTCSessionDescriptionInit {
  return { type: description.type, sdp: description.sdp ?? '' }
}

/** @param forwarders - takes what passes between the engine and TURN servers that it isn't to meet itself. */
function mendedConfiguration(
  configuration: RTCConfiguration,
  forwarders: TurnForwarder[],
): RTCConfiguration & { mtu: number; bindAddress?: string } {
  const relayOnly = configuration.iceTransportPolicy === 'relay'
  const reached = (url: string): string => {
    const server = parseIceUrl(url)
    if (server?.scheme.startsWith('turn') !== true) return withoutBrackets(url)
    // The engine speaks to TURN servers over UDP only.
    if (!relayOnly && server.transport === 'udp') return withoutBrackets(url)
    const forwarder = new TurnForwarder(server)
    forwarders.push(forwarder)
    return `turn:127.0.0.1:${forwarder.port}?transport=udp`
  }
  // The engine pastes user name and credential into a URL as they are, and changes the lists it is given.
  const iceServers = (configuration.iceServers ?? []).map((server) => ({
    urls: [server.urls].flat().map(reached),
    ...(server.username === undefined ? {} : { username: encodeURIComponent(server.username) }),
    ...(server.credential === undefined ? {} : { credential: encodeURIComponent(server.credential) }),
  }))
  // It reckons with paths of 1,280 bytes, and what doesn't fit never arrives.
  return {
    ...configuration,
    iceServers,
    mtu: pathMtuBytes,
    // With only relays allowed the engine keeps its addresses to itself, but calls at those of the other side from its own
    // socket all the same. From this one nothing leaves the machine; what is for the TURN server goes by the forwarder.
    ...(relayOnly && { bindAddress: '127.0.0.1' }),
  }
}

// The engine doesn't know the brackets that RFC 7064 and 7065 put around an address of IPv6, but decodes what is encoded.
function withoutBrackets(url: string): string {
  return url.replace(/\[([^\]]*)\]/, (_, address: string) => encodeURIComponent(address))
}

/** WebRTC by libdatachannel, prebuilt: the engine of choice in Node. */
export const datachannelEngine: Engine = {
  name: 'datachannel',
  wrtc: {
    RTCPeerConnection: DatachannelPeerConnection,
    RTCSessionDescription,
    RTCIceCandidate,
  } as unknown as Wrtc,
  acceptsMdnsCandidates: false,
}
