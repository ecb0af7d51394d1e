// A bad network for pages: the relays are in pageServices.ts, since a page has no UDP sockets.
import { Counters } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import type { Impairment, ImpairmentConditions } from '../../lib/testing/udpRelay.ts'
import type { PairPath } from '../compliance/connector.ts'
import { openRpc } from './rpc.ts'

/** What the page asks for. */
export type ImpairmentRequest =
  | { type: 'set'; conditions: Partial<ImpairmentConditions> }
  | { type: 'block' | 'unblock' | 'rebind' }
  | { type: 'rewrite'; relay: number; signal: Signal }
  | { type: 'close'; relay: number }

/** The rewritten signal, if it was one and something is left of it. */
export interface ImpairmentAnswer {
  signal?: Signal | undefined
}

/** An impairment for connectors in this page, and the means to change it. */
export interface RemoteImpairment {
  readonly impairment: Impairment
  readonly path: PairPath
  close(): void
}

/** Opens a bad network of the caller's own. */
export async function remoteImpairment(services: string): Promise<RemoteImpairment> {
  const rpc = await openRpc<ImpairmentRequest, ImpairmentAnswer>(`${services}/impairment`)
  const tell = async (request: ImpairmentRequest): Promise<void> => {
    await rpc.ask(request)
  }
  const path = {
    set: (conditions: Partial<ImpairmentConditions>) => tell({ type: 'set', conditions }),
    block: () => tell({ type: 'block' }),
    unblock: () => tell({ type: 'unblock' }),
  }
  let lastRelay = 0
  const impairment: Impairment = {
    ...path,
    rebind: () => tell({ type: 'rebind' }),
    counts: new Counters(),
    openSockets: 0,
    relay() {
      const relay = ++lastRelay
      return {
        rewrite: async (signal) => (await rpc.ask({ type: 'rewrite', relay, signal })).signal,
        close: () => void tell({ type: 'close', relay }),
      }
    },
  }
  return { impairment, path, close: () => rpc.close() }
}
