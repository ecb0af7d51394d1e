import { RTCPeerConnection, type RTCDataChannel } from 'werift'
import { until } from '../../hostile/support/linkPair.ts'

/** Two connections of werift as it comes, and a channel between them. */
export interface ConnectedWerift {
  connections: [RTCPeerConnection, RTCPeerConnection]
  channels: [RTCDataChannel, RTCDataChannel]
}

/** Connects two, each of which `open` sees to that it is closed. */
export async function connectedWerift(
  open: (connection: RTCPeerConnection) => RTCPeerConnection,
): Promise<ConnectedWerift> {
  const connections: ConnectedWerift['connections'] = [
    open(new RTCPeerConnection()),
    open(new RTCPeerConnection()),
  ]
  const [offering, answering] = connections
  const options = { negotiated: true, id: 1 }
  const channels: ConnectedWerift['channels'] = [
    offering.createDataChannel('x', options),
    answering.createDataChannel('x', options),
  ]
  await offering.setLocalDescription(await offering.createOffer())
  await gathered(offering)
  await answering.setRemoteDescription(offering.localDescription ?? { type: 'offer', sdp: '' })
  await answering.setLocalDescription(await answering.createAnswer())
  await gathered(answering)
  await offering.setRemoteDescription(answering.localDescription ?? { type: 'answer', sdp: '' })
  await until('both channels to open', () => channels.every(({ readyState }) => readyState === 'open'))
  return { connections, channels }
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  return until('candidates to be gathered', () => connection.iceGatheringState === 'complete')
}
