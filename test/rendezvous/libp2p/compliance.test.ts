import { createIdentity } from '../../../lib/identity/index.ts'
import { libp2pRendezvous, startLibp2pRelay } from '../../../lib/rendezvous/libp2p/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../../compliance/rendezvous.ts'
import { clock, until } from '../../signaling/support.ts'
import { environment, startReopenableRelay, timings } from './support.ts'

describeRendezvous('libp2p over a relay', async (): Promise<RendezvousSubject> => {
  const identity = createIdentity()
  let relay = await startReopenableRelay({ identity })
  const { addresses } = relay
  const listen = addresses.map((address) => address.replace(/\/p2p\/.*/, ''))
  return {
    clock,
    rendezvous: () =>
      libp2pRendezvous({ ...environment, identity: createIdentity(), relays: addresses, timings }),
    goDown: () => relay.close(),
    async comeBack() {
      relay = await startLibp2pRelay({ ...environment, identity, listen })
    },
    complete: (work) => work,
    until,
    clients: () => relay.stats().clients,
    close: () => relay.close(),
  }
})
