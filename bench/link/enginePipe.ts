import type { NodeEngine } from './messages.ts'
import type { OpenPipe, PipeOptions } from './pipe.ts'

/** Both channels as links have them. */
const controlChannel = { negotiated: true, id: 1 } as const
const stateChannel = { negotiated: true, id: 2, ordered: false, maxRetransmits: 0 } as const

/**
 * Bytes that wait above which nothing is sent, as links do it: any program has to, for werift queues without end what it
 * can't send, and slows down with the square of it.
 */
const skipAboveBufferedBytes = 1_200

/** What both engines have in common, as far as it is used here. */
interface EngineChannel {
  binaryType: string
  readonly bufferedAmount: number
  onopen: (() => void) | null | undefined
  onmessage: ((event: { data: unknown }) => void) | null | undefined
  send(data: Uint8Array): void
}

interface Description {
  type: 'offer' | 'answer'
  sdp: string
}

interface EngineConnection {
  onicecandidate: ((event: { candidate: Candidate | null | undefined }) => void) | null | undefined
  createDataChannel(label: string, options: object): EngineChannel
  createOffer(): Promise<Description>
  createAnswer(): Promise<Description>
  setLocalDescription(description: Description): Promise<unknown>
  setRemoteDescription(description: Description): Promise<unknown>
  addIceCandidate(candidate: object): Promise<unknown>
}

interface Candidate {
  candidate?: string
  sdpMid?: string | null
}

type EngineSignal = Description | { type: 'candidate'; candidate: string; sdpMid: string | null }

/** Opens connections of the engine itself, with nothing of ours. */
export async function enginePipes(engine: NodeEngine): Promise<OpenPipe> {
  const Connection = await connectionClass(engine)
  return async (options) => {
    const connection = new Connection({ iceServers: [] })
    const control = connection.createDataChannel('control', controlChannel)
    const state = connection.createDataChannel('state', stateChannel)
    state.binaryType = 'arraybuffer'
    const opened = Promise.all(
      [control, state].map((channel) => new Promise<void>((open) => (channel.onopen = open))),
    )
    // node-datachannel hands out ArrayBuffers, werift Buffers.
    state.onmessage = ({ data }) =>
      options.received(data instanceof Uint8Array ? data : new Uint8Array(data as ArrayBuffer))
    await negotiate(connection, options)
    await opened
    return {
      send(payload) {
        if (state.bufferedAmount <= skipAboveBufferedBytes) state.send(payload)
      },
    }
  }
}

async function negotiate(connection: EngineConnection, options: PipeOptions): Promise<void> {
  connection.onicecandidate = ({ candidate }) => {
    if (!candidate?.candidate) return
    options.signal({ type: 'candidate', candidate: candidate.candidate, sdpMid: candidate.sdpMid ?? null })
  }
  const describe = async (description: Description): Promise<void> => {
    const { type, sdp } = description
    await connection.setLocalDescription(description)
    options.signal({ type, sdp })
  }
  const remote = deferred()
  // Candidates before the description would be lost, or worse.
  const described = remote.promise.then((description) => connection.setRemoteDescription(description))
  options.onSignal((sent) => {
    const received = sent as EngineSignal
    if (received.type !== 'candidate') return remote.resolve(received)
    const { candidate, sdpMid } = received
    void described.then(() => connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex: 0 }))
  })
  if (options.initiator) {
    await describe(await connection.createOffer())
    await described
  } else {
    await described
    await describe(await connection.createAnswer())
  }
}

function deferred(): { promise: Promise<Description>; resolve: (description: Description) => void } {
  let resolve = (_: Description): void => {}
  const promise = new Promise<Description>((settle) => (resolve = settle))
  return { promise, resolve }
}

async function connectionClass(
  engine: NodeEngine,
): Promise<new (configuration: { iceServers: [] }) => EngineConnection> {
  const { RTCPeerConnection } =
    engine === 'werift' ? await import('werift') : await import('node-datachannel/polyfill')
  return RTCPeerConnection as unknown as new (configuration: { iceServers: [] }) => EngineConnection
}
