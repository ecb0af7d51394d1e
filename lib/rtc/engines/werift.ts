import { RTCIceCandidate, RTCPeerConnection, type RTCDtlsTransport, type RTCSctpTransport } from 'werift'
import { pathMtuBytes } from '../constants.ts'
import type { Engine, Wrtc } from '../engine.ts'
import { guardGathering } from './weriftGathering.ts'
import { guardAbandoning, guardRecords, guardStunServer } from './weriftGuards.ts'
import { endFlights, guardFlights, guardHandshake, guardRecovery } from './weriftLossGuards.ts'

/** IPv6, UDP, a channel of TURN, and a DTLS record by AES-GCM (header, explicit nonce, tag). */
const belowSctpBytes = 40 + 8 + 4 + (13 + 8 + 16)

type Description = Awaited<ReturnType<RTCPeerConnection['createOffer']>>

/** werift's connection, mended for simple-peer and against what its SCTP and DTLS do wrong. */
class WeriftPeerConnection extends RTCPeerConnection {
  readonly #guarded = new WeakSet<RTCSctpTransport>()
  readonly #asksStun: boolean

  constructor(configuration: RTCConfiguration) {
    const iceServers = (configuration.iceServers ?? []).flatMap((server) =>
      // werift takes one URL an entry.
      [server.urls].flat().map((urls) => ({
        urls,
        ...(server.username === undefined ? {} : { username: server.username }),
        ...(server.credential === undefined ? {} : { credential: server.credential }),
      })),
    )
    super({
      iceServers,
      iceTransportPolicy: configuration.iceTransportPolicy ?? 'all',
      // TCP candidates would only be dropped on the other side, and each opens a listening socket.
      iceUseTcp: false,
      // werift reckons with paths of 1,280 bytes, and sends what didn't fit again as it was.
      sctp: { mtu: pathMtuBytes - belowSctpBytes },
    })
    this.#asksStun = iceServers.some(({ urls }) => /^stun:/i.test(urls))
  }

  override createDataChannel(
    ...parameters: Parameters<RTCPeerConnection['createDataChannel']>
  ): ReturnType<RTCPeerConnection['createDataChannel']> {
    const channel = super.createDataChannel(...parameters)
    if (this.sctp !== null) this.#guard(this.sctp)
    return channel
  }

  // simple-peer assigns to `sdp`, which is read-only in the class this engine hands out.
  override async createOffer(): Promise<Description> {
    return plainDescription(await super.createOffer())
  }

  override async createAnswer(): Promise<Description> {
    return plainDescription(await super.createAnswer())
  }

  // With a parameter declared, simple-peer takes it for the old callback form and never connects.
  override getStats(): ReturnType<RTCPeerConnection['getStats']> {
    return super.getStats()
  }

  // Whenever the transport is bound to DTLS it makes a new SCTP association.
  #guard(transport: RTCSctpTransport): void {
    if (this.#guarded.has(transport)) return
    this.#guarded.add(transport)
    const bind = transport.setDtlsTransport.bind(transport)
    const guardBound = (dtlsTransport: RTCDtlsTransport): void => {
      guardTransports(transport, dtlsTransport)
      guardGathering(dtlsTransport)
      if (!this.#asksStun) guardStunServer(dtlsTransport)
    }
    transport.setDtlsTransport = (dtlsTransport: RTCDtlsTransport): void => {
      bind(dtlsTransport)
      guardBound(dtlsTransport)
    }
    const bound = transport.transport as RTCDtlsTransport | undefined
    if (bound !== undefined) guardBound(bound)
  }
}

function guardTransports(sctp: RTCSctpTransport, dtls: RTCDtlsTransport): void {
  guardAbandoning(sctp)
  guardRecovery(sctp)
  dtls.onStateChange.subscribe((state) => {
    // The DTLS socket is made right after this event, before anything can arrive on it.
    if (state === 'connecting') {
      queueMicrotask(() => {
        guardHandshake(dtls)
        guardFlights(dtls)
      })
    }
    if (state === 'connected') guardRecords(dtls)
    if (state === 'closed' || state === 'failed') endFlights(dtls)
  })
}

function plainDescription(description: Description): Description {
  const { type, sdp } = description
  return Object.assign(Object.create(null) as Description, { type, sdp })
}

/** What simple-peer constructs with one object; werift's own class takes positional arguments. */
class PlainSessionDescription {
  readonly type: RTCSdpType
  readonly sdp: string

  constructor(description: { type: RTCSdpType; sdp: string }) {
    this.type = description.type
    this.sdp = description.sdp
  }
}

/** WebRTC in plain TypeScript: runs wherever Node does. */
export const weriftEngine: Engine = {
  name: 'werift',
  wrtc: {
    RTCPeerConnection: WeriftPeerConnection,
    RTCSessionDescription: PlainSessionDescription,
    RTCIceCandidate,
  } as unknown as Wrtc,
  acceptsMdnsCandidates: false,
}
