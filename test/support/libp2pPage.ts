// What a page of test/browser/libp2p.test.ts can do, as a global of it.
import {
  createIdentity,
  createSystemClock,
  emptyVehicleState,
  hostConvoy,
  joinConvoy,
  type Convoy,
} from '../../lib/index.ts'
import { systemRandom } from '../../lib/core/index.ts'
import { libp2pRendezvous, type Libp2pRendezvous } from '../../lib/rendezvous/libp2p/index.ts'

/** A member of a convoy inside a page. */
export interface PageMember {
  host(relays: readonly string[]): Promise<string>
  join(invite: string): Promise<void>
  /** Puts its truck there. */
  drive(x: number): void
  /** Where it sees the others' trucks. */
  trucks(): number[]
  close(): Promise<void>
}

declare global {
  var member: PageMember
}

const identity = createIdentity()
let convoy: Convoy | undefined
let rendezvous: Libp2pRendezvous | undefined

function open(relays: readonly string[]): Libp2pRendezvous {
  rendezvous = libp2pRendezvous({ identity, relays, clock: createSystemClock(), random: systemRandom })
  return rendezvous
}

globalThis.member = {
  async host(relays) {
    convoy = await hostConvoy({ name: 'Host', identity, rendezvous: open(relays) })
    return convoy.invite
  },
  async join(invite) {
    convoy = await joinConvoy(invite, { name: 'Guest', identity, rendezvous: open([]) })
  },
  drive: (x) => convoy?.setVehicle({ ...emptyVehicleState(), x, y: 1, z: 7 }),
  trucks: () =>
    (convoy?.vehicles.sample() ?? []).map(({ state }) => Math.round(state.x)).sort((a, b) => a - b),
  async close() {
    await convoy?.close()
    await rendezvous?.close()
  },
}
