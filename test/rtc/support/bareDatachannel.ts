import * as datachannel from 'node-datachannel/polyfill'
import { systemRandom } from '../../../lib/core/index.ts'
import { createConnector, type Engine } from '../../../lib/rtc/index.ts'
import { createImpairment, impairedConnector } from '../../../lib/testing/udpRelay.ts'
import { signalWay } from '../../compliance/signalWay.ts'
import { clock, establishSide, until } from '../../hostile/support/linkPair.ts'

/** As it comes, but for what simple-peer can't do without: it assigns to the sdp of descriptions. */
const bareDatachannel: Engine = {
  name: 'datachannel',
  wrtc: {
    ...datachannel,
    RTCPeerConnection: class extends datachannel.RTCPeerConnection {
      override async createOffer(): Promise<RTCSessionDescriptionInit> {
        const { type, sdp = '' } = (await super.createOffer()) as RTCSessionDescriptionInit
        return { type, sdp }
      }

      override async createAnswer(): Promise<RTCSessionDescriptionInit> {
        const { type, sdp = '' } = (await super.createAnswer()) as RTCSessionDescriptionInit
        return { type, sdp }
      }
    },
  } as unknown as Engine['wrtc'],
  acceptsMdnsCandidates: false,
}

/** How many packets of a long message vanish on a path of `mtu` bytes: none when it arrives as it is. */
export async function tooLargeFor(mtu: number): Promise<number> {
  const impairment = createImpairment({ clock, random: systemRandom, mtu })
  const connector = impairedConnector(createConnector(bareDatachannel), impairment)
  const way = signalWay()
  const sides = [establishSide(connector, true, way), establishSide(connector, false, way)] as const
  const [from, to] = [await sides[0], await sides[1]]
  let arrived = false
  to.on('control', () => (arrived = true))
  from.sendControl(new Uint8Array(20_000))
  await until('the message to arrive, or to vanish', () => arrived || impairment.counts.get('oversized') > 0)
  from.close()
  to.close()
  return impairment.counts.get('oversized')
}
