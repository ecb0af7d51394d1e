import { createIdentity } from '../../../lib/identity/index.ts'
import { systemRandom } from '../../../lib/core/index.ts'
import {
  libp2pRendezvous,
  startLibp2pRelay,
  type Libp2pRelay,
} from '../../../lib/rendezvous/libp2p/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../../compliance/rendezvous.ts'
import { clock, until } from '../../signaling/support.ts'

// Short waits, so that coming back takes no seconds here.
const timings = { backOffMs: [50], lobbyWaitMs: 100 }

describeRendezvous('libp2p over a relay', async (): Promise<RendezvousSubject> => {
  const environment = { clock, random: systemRandom }
  const identity = createIdentity()
  const start = (port: string): Promise<Libp2pRelay> =>
    startLibp2pRelay({ ...environment, identity, listen: [`/ip4/127.0.0.1/tcp/${port}/ws`] })
  let relay = await start('0')
  const [address] = relay.addresses as [string]
  const port = /tcp\/(\d+)/.exec(address)![1]!
  return {
    clock,
    rendezvous: () =>
      libp2pRendezvous({ ...environment, identity: createIdentity(), relays: [address], timings }),
    goDown: () => relay.close(),
    async comeBack() {
      relay = await start(port)
    },
    complete: (work) => work,
    until,
    clients: () => relay.stats().clients,
    close: () => relay.close(),
  }
})
