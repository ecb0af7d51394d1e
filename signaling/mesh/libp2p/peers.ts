import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Clock, Counters } from '../../../lib/core/index.ts'
import { AddressBuckets, frameVersion, type Switchboard } from '../../../lib/rendezvous/index.ts'
import { limitKeyOf } from './addresses.ts'
import { gossipBytes, lobbyTopic } from './constants.ts'
import type { ServiceNode } from './node.ts'
import { Libp2pMeshStream } from './stream.ts'

/** Messages of the lobby that one neighbour may pass on, per second and at once: a full lobby is 200 hosts who repeat themselves every 20 s. */
const lobbyPerSecond = 20
const lobbyBurst = 1_000

/** Streams of frames that one peer may have at once: one is used, and some more while it is replaced. */
const streamsPerPeer = 8

/** What {@link servePeers} goes by. */
export interface ServePeersOptions {
  node: ServiceNode
  clock: Clock
  counters: Pick<Counters, 'add'>
  switchboard: Switchboard
  limitLoopback: boolean
  bufferedBytes: number
}

/**
 * Serves peers that use the libp2p rendezvous, besides relaying for them: takes the frames of a client over a stream, as over a WebSocket, and
 * passes on what hosts without a service tell each other of their public sessions.
 */
export async function servePeers(options: ServePeersOptions): Promise<void> {
  const { node, clock } = options
  await node.handle(
    `/openconvoy/rendezvous/${frameVersion}`,
    (stream, connection) => void serve(stream, connection, options),
    { runOnLimitedConnection: true, maxInboundStreams: streamsPerPeer },
  )
  const { pubsub } = node.services
  const rates = new AddressBuckets(clock, lobbyPerSecond, lobbyBurst)
  pubsub.topicValidators.set(lobbyTopic, (neighbour, message) => passes(neighbour, message, rates, options))
  pubsub.subscribe(lobbyTopic)
}

async function serve(stream: Stream, connection: Connection, options: ServePeersOptions): Promise<void> {
  const { clock, switchboard, bufferedBytes, limitLoopback } = options
  const frames = new Libp2pMeshStream(stream, {
    clock,
    bufferedBytes,
    malformed: () => switchboard.countRefused('message-malformed'),
  })
  const socket = switchboard.accept({
    address: limitKeyOf(connection.remoteAddr, connection.remotePeer.toString(), limitLoopback),
    stun: null,
    send: (bytes) => frames.send(bytes),
    cut: (reason) => (reason === 'slow' ? frames.abort() : frames.close()),
  })
  for (let bytes = await frames.next(); bytes !== undefined; bytes = await frames.next())
    socket.receive(bytes)
  socket.gone()
  frames.close()
}

/** What is in it is checked by those whom it is for; here only that it has an author, and that it is not too much. */
function passes(
  neighbour: PeerId,
  message: Message,
  rates: AddressBuckets,
  { counters }: ServePeersOptions,
): TopicValidatorResult {
  if (message.type !== 'signed' || message.data.length > gossipBytes) {
    counters.add('lobby-malformed')
    return TopicValidatorResult.Reject
  }
  if (rates.tryTake(neighbour.toString())) return TopicValidatorResult.Accept
  counters.add('lobby-rate')
  return TopicValidatorResult.Ignore
}
