// Starting and stopping signaling services from inside a page; pageServices.ts runs them.
import { openRpc, type Rpc } from './rpc.ts'

/** What the page asks for: one service at a time, at a free port where `port` is 0. */
export type SignalingRequest = { type: 'start'; port: number } | { type: 'stop' } | { type: 'count' }

/** How the service is after that. */
export interface SignalingAnswer {
  url: string
  port: number
  clients: number
}

/** Opens a way to control a signaling service of the caller's own. */
export function controlSignaling(services: string): Promise<Rpc<SignalingRequest, SignalingAnswer>> {
  return openRpc(`${services}/signaling`)
}
