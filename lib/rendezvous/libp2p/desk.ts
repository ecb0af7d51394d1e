import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../../core/index.ts'
import { peekAnnouncement } from '../../identity/index.ts'
import { decodeClientFrame, encodeServiceFrame, type ClientFrame } from '../frames.ts'
import type { Switchboard } from '../switchboard.ts'
import { limitKeyOf } from './addresses.ts'
import { bufferedBytes } from './constants.ts'
import { FrameStream } from './frameStream.ts'

/** What {@link serveStream} goes by. */
export interface DeskOptions {
  readonly clock: Clock
  readonly switchboard: Switchboard
  /**
   * Whether this peer hosts a session itself: of others it takes no announcement. Left out by relays, which take
   * those of everybody.
   */
  readonly hosts?: (sessionId: Uint8Array) => boolean
}

/** Answers one stream of another peer as a signaling service answers a WebSocket ([P2P-6]). */
export function serveStream(stream: Stream, connection: Connection, options: DeskOptions): void {
  const { clock, switchboard, hosts } = options
  const peerId = connection.remotePeer.toString()
  const frames = new FrameStream(stream, connection, clock, {
    frame: (bytes) => {
      const refusal = hosts === undefined ? undefined : refusalOf(bytes, hosts)
      if (refusal === undefined) return socket.receive(bytes)
      switchboard.countRefused('not-permitted')
      frames.send(refusal)
    },
    closed: (cause) => {
      if (cause?.code === 'message-malformed') switchboard.countRefused('message-malformed')
      socket.gone()
    },
  })
  const socket = switchboard.accept({
    address: limitKeyOf(connection.remoteAddr, peerId),
    stun: null,
    send: (bytes) => {
      frames.send(bytes)
      if (frames.waiting > bufferedBytes) socket.cut('slow')
    },
    cut: (reason) => (reason === 'slow' ? frames.reset() : frames.close()),
  })
}

/** The answer to what a peer does not do for others, who are no service; undefined for everything else. */
function refusalOf(bytes: Uint8Array, hosts: (sessionId: Uint8Array) => boolean): Uint8Array | undefined {
  let frame: ClientFrame
  try {
    frame = decodeClientFrame(bytes)
  } catch {
    return undefined
  }
  const isForServices =
    frame.type === 'announce'
      ? // A later host takes over here, so that those who ask at the former one find it.
        !hosts(peekAnnouncement(frame.envelope) ?? new Uint8Array())
      : frame.type === 'witness' || frame.type === 'grant'
  if (!isForServices || !('request' in frame)) return undefined
  const { request } = frame
  const reason = 'This peer does that for its own sessions only.'
  return encodeServiceFrame({ type: 'refused', request, code: 'not-permitted', reason })
}
