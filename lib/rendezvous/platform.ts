import { lanRendezvous } from './lan/index.ts'
import type { Rendezvous } from './rendezvous.ts'
import type { RendezvousEnvironment } from './client.ts'

/** The rendezvous on the networks that this machine is on; in pages there is none. */
export const localNetwork: ((environment: RendezvousEnvironment) => Rendezvous) | undefined = lanRendezvous
