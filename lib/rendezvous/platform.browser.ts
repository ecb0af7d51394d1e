import type { RendezvousEnvironment } from './client.ts'
import type { Rendezvous } from './rendezvous.ts'

/** Pages can't look around on their network. */
export const localNetwork: ((environment: RendezvousEnvironment) => Rendezvous) | undefined = undefined
