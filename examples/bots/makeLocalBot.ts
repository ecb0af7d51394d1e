import {
  createIdentity,
  hostConvoy,
  joinConvoy,
  systemRandom,
  type Clock,
  type ConvoyOptions,
  type Identity,
} from 'openconvoy'
import type { Libp2pRendezvous } from 'openconvoy/libp2p'
import { LocalBot } from './localBot.ts'
import { makeConnector, type EngineChoice, type Impairment } from './connector.ts'
import { Script, type ScriptPlan } from './script.ts'

/** What a bot needs to know. Plain data, so that it can be made in another process. */
export interface BotRequest {
  readonly index: number
  readonly name: string
  readonly plan: ScriptPlan
  readonly engine: EngineChoice
  readonly impairment: Impairment
  readonly role: HostRole | JoinerRole
  /** Seed of its identity, in hexadecimal digits; a fresh identity where undefined. */
  readonly identitySeed?: string
}

interface HostRole {
  readonly kind: 'host'
  /** Address of the signaling service; null to be found by libp2p. */
  readonly signaling: string | null
  readonly lobbyName: string
  readonly maxPlayers: number
}

interface JoinerRole {
  readonly kind: 'joiner'
  readonly invite: string
  /** Whether it finds the host by libp2p. */
  readonly byLibp2p?: boolean
}

/** Hosts or joins, and begins to drive. */
export async function makeLocalBot(
  request: BotRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<LocalBot> {
  const { index, name, plan, role, identitySeed } = request
  const script = new Script(plan)
  const connector = await makeConnector(request.engine, request.impairment, clock)
  const identity = createIdentity(
    identitySeed === undefined ? {} : { seed: Buffer.from(identitySeed, 'hex') },
  )
  const options: ConvoyOptions = { name, connector, clock, signal, identity }
  const rendezvous = needsLibp2p(role) ? await openLibp2p(identity, role, clock) : undefined
  const release = async (): Promise<void> => rendezvous?.close()
  try {
    if (role.kind === 'host') {
      const { lobbyName, maxPlayers } = role
      const convoy = await hostConvoy({
        ...options,
        rendezvous: rendezvous ?? role.signaling ?? [],
        rules: { lobbyName, maxPlayers, showServer: false },
      })
      return new LocalBot({ convoy, index, script, clock, joinMs: undefined, release })
    }
    const askedAt = clock.now()
    const convoy = await joinConvoy(role.invite, { ...options, rendezvous: rendezvous ?? [] })
    return new LocalBot({ convoy, index, script, clock, joinMs: clock.now() - askedAt, release })
  } catch (error) {
    await release()
    throw error
  }
}

function needsLibp2p(role: BotRequest['role']): boolean {
  return role.kind === 'host' ? role.signaling === null : role.byLibp2p === true
}

/** Loaded only where it is asked for: libp2p is large. */
async function openLibp2p(
  identity: Identity,
  role: BotRequest['role'],
  clock: Clock,
): Promise<Libp2pRendezvous> {
  const { libp2pRendezvous } = await import('openconvoy/libp2p')
  // Pages of this machine dial WebSockets only.
  const listen = role.kind === 'host' ? ['/ip4/127.0.0.1/tcp/0/ws'] : []
  return libp2pRendezvous({ identity, listen, clock, random: systemRandom })
}
