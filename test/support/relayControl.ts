// Starting and stopping relays of libp2p from inside a page; pageServices.ts runs them.
import { openRpc, type Rpc } from './rpc.ts'

/** What the page asks for: one relay at a time, at the same addresses each time. */
export type RelayRequest = { type: 'start' } | { type: 'stop' } | { type: 'count' }

/** How the relay is after that. */
export interface RelayAnswer {
  addresses: readonly string[]
  clients: number
}

/** Opens a way to control a relay of the caller's own. */
export function controlRelay(services: string): Promise<Rpc<RelayRequest, RelayAnswer>> {
  return openRpc(`${services}/relay`)
}
