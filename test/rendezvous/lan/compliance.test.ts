import { describeRendezvous, type RendezvousSubject } from '../../compliance/rendezvous.ts'
import { clock, until } from '../../signaling/support.ts'
import { onLoopback, ownPort } from './support.ts'

describeRendezvous(
  'a local network',
  (): Promise<RendezvousSubject> => {
    const port = ownPort()
    const nothing = (): Promise<void> => Promise.resolve()
    return Promise.resolve({
      clock,
      rendezvous: () => onLoopback(port),
      goDown: nothing,
      comeBack: nothing,
      complete: (work) => work,
      until,
      clients: () => 0,
      close: nothing,
    })
  },
  { service: true },
)
